/**
 * `struct virtio_net_hdr_v1_hash_tunnel`, which Linux 6.17 and later put in front of frames if a TAP device is told so: the
 * header of ten octets (`vnet-header.ts`), which then may speak of a frame inside a UDP tunnel, and behind it
 *
 *     10 num_buffers   12 hash value   16 hash report   18 padding   20 outer_th_offset   22 inner_nh_offset
 *
 * Two bits of `gso_type` say that there is a tunnel, in UDP over IPv4 or IPv6, and a flag that its UDP checksum is to be
 * computed for each packet; its field then holds the sum of the pseudo-header.
 */
import { ethernet, ipv4, ipv6, type PacketBuffer, read16, udp } from '@overlane/wire';
import {
  readHalf,
  readVnetHeader,
  VNET_HEADER_LENGTH,
  type VnetFault,
  writeHalf,
  writeVnetHeader,
} from './vnet-header.js';

/** Octets of `struct virtio_net_hdr_v1_hash_tunnel`. */
export const TUNNEL_VNET_HEADER_LENGTH = 24;

/** Why such a header is refused: also a tunnel that cannot be. */
export type TunnelVnetFault = VnetFault | 'E_VNET_TUNNEL';

const TUNNEL_CHECKSUM = 8;
const TUNNEL_TYPE: Readonly<Record<4 | 6, number>> = { 4: 0x20, 6: 0x40 };
const TUNNEL_TYPES = TUNNEL_TYPE[4] | TUNNEL_TYPE[6];
const OUTER_TRANSPORT_AT = 20;
const INNER_NETWORK_AT = 22;
const UDP_CHECKSUM_AT = 6;

/**
 * Reads the header at `bytes[at..]` into the offload fields of `packet`, as {@link readVnetHeader} does. `family` and
 * `transport`, where the UDP header is, come from the packet's IP header, and what the header says must agree. Where the
 * inner IP header is said to be is held against the other places only; who unwraps the packet looks itself.
 */
export function readTunnelVnetHeader(
  bytes: Uint8Array,
  at: number,
  packet: PacketBuffer,
  family: 4 | 6,
  transport: number,
): TunnelVnetFault | undefined {
  const type = bytes[at + 1]!;
  const tunnel = type & TUNNEL_TYPES;
  const fault = readVnetHeader(bytes, at, packet, type & ~TUNNEL_TYPES);
  if (fault !== undefined || tunnel === 0) return fault;
  const { start, segmentType } = packet;
  if (tunnel !== TUNNEL_TYPE[family] || segmentType === 'none') return 'E_VNET_TUNNEL';
  const inner = start + readHalf(bytes, at + INNER_NETWORK_AT);
  const least = segmentType === 'tcp6' ? ipv6.HEADER_LENGTH : ipv4.HEADER_LENGTH;
  const isOrdered = inner >= transport + udp.HEADER_LENGTH && packet.checksumStart >= inner + least;
  return isOrdered && start + readHalf(bytes, at + OUTER_TRANSPORT_AT) === transport ? undefined : 'E_VNET_TUNNEL';
}

/**
 * Writes at `bytes[at..]` the header for `packet`, an outer IP packet of that family before which the frame has another
 * `linkLength` octets. Precondition as for `writeVnetHeader`; if it is yet to be cut inside of a tunnel, UDP carries that.
 */
export function writeTunnelVnetHeader(
  bytes: Uint8Array,
  at: number,
  packet: PacketBuffer,
  linkLength: number,
  family: 4 | 6,
): void {
  writeVnetHeader(bytes, at, packet, linkLength);
  for (let i = at + VNET_HEADER_LENGTH; i < at + TUNNEL_VNET_HEADER_LENGTH; i++) bytes[i] = 0;
  const { start, innerStart } = packet;
  if (innerStart === 0 || packet.segmentType === 'none') return;
  const transport = family === 4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH;
  bytes[at + 1]! |= TUNNEL_TYPE[family];
  if (read16(packet.bytes, start + transport + UDP_CHECKSUM_AT) !== 0) bytes[at]! |= TUNNEL_CHECKSUM;
  const inner = innerStart + ethernet.readHeaderLength(packet.bytes, innerStart) - start;
  writeHalf(bytes, at + OUTER_TRANSPORT_AT, linkLength + transport);
  writeHalf(bytes, at + INNER_NETWORK_AT, linkLength + inner);
}
