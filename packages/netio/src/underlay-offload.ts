import { ethernet, type PacketBuffer, read16, udp } from '@overlane/wire';
import { IPPROTO_TCP, IPPROTO_UDP } from './linux.js';
import { IPV4_LENGTH, IPV6_LENGTH } from './outer-header.js';
import { isFinishable, type OffloadLevel } from './vnet-header.js';

const PACKET_MAX = 0xffff;

/**
 * True if the kernel can do what is left to do on the outer packet `packet` of that family: cut it as the outer TCP
 * syntax or UDP says, or finish one checksum anywhere in it. A checksum inside a datagram with an outer one is not
 * among them: the outer one is over octets that would still change.
 */
export function canKernelFinish(packet: PacketBuffer, family: 4 | 6, level: OffloadLevel): boolean {
  const { bytes, start, end, checksumStart, segmentType } = packet;
  const least = family === 4 ? IPV4_LENGTH : IPV6_LENGTH;
  if (!isFinishable(packet, level) || end - start < least + udp.HEADER_LENGTH) return false;
  if (checksumStart - start > 0xffff - ethernet.HEADER_LENGTH) return false;
  const transport = transportOffset(bytes, start, family);
  const protocol = bytes[start + (family === 4 ? 9 : 6)]!;
  if (checksumStart !== transport) {
    return segmentType === 'none' && (protocol !== IPPROTO_UDP || read16(bytes, transport + 6) === 0);
  }
  if (segmentType === 'none') return true;
  if (segmentType === 'udp') return protocol === IPPROTO_UDP;
  return protocol === IPPROTO_TCP && (segmentType === 'tcp4') === (family === 4);
}

/**
 * True if a kernel that knows UDP tunnels (Linux 6.17) can do what is left to do on the frame inside of `packet`, of which
 * `packet.innerStart` tells: cut it and repeat the headers around it, or finish its checksum. The encapsulation has seen to
 * the outer checksum.
 */
export function canKernelFinishInside(packet: PacketBuffer, family: 4 | 6, level: OffloadLevel): boolean {
  const { bytes, start, end, checksumStart, innerStart } = packet;
  const transport = start + (family === 4 ? IPV4_LENGTH : IPV6_LENGTH);
  if (!isFinishable(packet, level) || end - start > PACKET_MAX) return false;
  if (checksumStart - start > 0xffff - ethernet.HEADER_LENGTH) return false;
  if (innerStart < transport + udp.HEADER_LENGTH || checksumStart < innerStart + ethernet.HEADER_LENGTH) return false;
  if (family === 4 ? bytes[start] !== 0x45 : bytes[start]! >>> 4 !== 6) return false;
  return bytes[start + (family === 4 ? 9 : 6)] === IPPROTO_UDP;
}

/** Offset of what follows the IP header of the packet at `at`. IPv6 extension headers are not walked. */
export function transportOffset(bytes: Uint8Array, at: number, family: 4 | 6): number {
  return at + (family === 4 ? (bytes[at]! & 15) << 2 : IPV6_LENGTH);
}
