/** The TCP or UDP packet whose checksum was left unfinished: where it is, and whether it is there at all. */
import * as checksum from '../checksum.js';
import * as ethernet from '../ethernet.js';
import * as ipv4 from '../ipv4.js';
import { EXTENSION, ExtensionWalk, extensionLength } from '../ipv6-extensions.js';
import * as ipv6 from '../ipv6.js';
import { read16 } from '../octets.js';
import type { PacketBuffer } from '../packet-buffer.js';
import * as tcp from '../tcp.js';
import * as udp from '../udp.js';

/** Offset of the checksum in a TCP header. */
export const TCP_CHECKSUM_AT = 16;
/** Offset of the checksum in a UDP header. */
export const UDP_CHECKSUM_AT = 6;

/** What a packet starts with: an Ethernet header, as on tenants' ports, or an IP header, as on the underlay. */
export type PacketStart = 'ethernet' | 'ip';

const walk = new ExtensionWalk();

/** Offset of the IP header in the Ethernet frame `packet`, behind any tags. */
export function networkOffset(packet: PacketBuffer): number {
  return packet.start + ethernet.readHeaderLength(packet.bytes, packet.start);
}

/** Offset of what should be the IPv4 or IPv6 header of `packet`, or -1 if its Ethernet header says that there is none. */
export function findNetwork(packet: PacketBuffer, startsWith: PacketStart): number {
  const { bytes, start, end } = packet;
  if (startsWith === 'ip') return start;
  if (ethernet.check(bytes, start, end) !== undefined) return -1;
  const network = networkOffset(packet);
  const etherType = read16(bytes, network - 2);
  const version = bytes[network]! >>> 4;
  if (etherType === ethernet.ETHER_TYPE.IPV4) return version === 4 ? network : -1;
  return etherType === ethernet.ETHER_TYPE.IPV6 && version === 6 ? network : -1;
}

/** Offset behind the IP packet at `network`, which has passed `check`: Ethernet padding is not part of it. */
export function ipPacketEnd(bytes: Uint8Array, network: number): number {
  return bytes[network]! >>> 4 === 4
    ? network + ipv4.readTotalLength(bytes, network)
    : network + ipv6.HEADER_LENGTH + ipv6.readPayloadLength(bytes, network);
}

/** Sum of the pseudo-header of `length` octets of transport header and data, behind the IP header at `network`. */
export function transportPseudoHeader(bytes: Uint8Array, network: number, protocol: number, length: number): number {
  return bytes[network]! >>> 4 === 4
    ? checksum.pseudoHeaderV4(bytes, network, protocol, length)
    : checksum.pseudoHeaderV6(bytes, network, protocol, length);
}

/**
 * True if a whole TCP or UDP header of an unfragmented packet is where the packet's offload fields say, behind the IP header
 * at `network` (-1: there is none).
 */
export function isTransport(packet: PacketBuffer, network: number): boolean {
  const { bytes, end, checksumStart: transport, checksumField: field } = packet;
  if (network < 0) return false;
  const protocol = findTransport(bytes, network, end, transport);
  if (protocol === tcp.IP_PROTOCOL) {
    return (
      field - transport === TCP_CHECKSUM_AT && tcp.check(bytes, transport, ipPacketEnd(bytes, network)) === undefined
    );
  }
  if (protocol !== udp.IP_PROTOCOL || field - transport !== UDP_CHECKSUM_AT) return false;
  return ipPacketEnd(bytes, network) - transport >= udp.HEADER_LENGTH;
}

/** Protocol of the packet at `network`, or -1 unless it is whole and its IP headers end at `transport`. */
function findTransport(bytes: Uint8Array, network: number, end: number, transport: number): number {
  if (bytes[network]! >>> 4 === 4) {
    if (ipv4.check(bytes, network, end) !== undefined || ipv4.readIsFragment(bytes, network)) return -1;
    return network + ipv4.readHeaderLength(bytes, network) === transport ? ipv4.readProtocol(bytes, network) : -1;
  }
  if (ipv6.check(bytes, network, end) !== undefined || walk.walk(bytes, network) !== undefined) return -1;
  if (walk.isFragment || walk.offset !== transport || isRouted(bytes, network, transport)) return -1;
  return walk.protocol;
}

/**
 * True if a routing header says that the packet has yet to be sent elsewhere: then the destination in the pseudo-header is
 * not the one in the IPv6 header (RFC 8200 §8.1). Precondition: the extension headers have been walked up to `end`.
 */
function isRouted(bytes: Uint8Array, network: number, end: number): boolean {
  let kind = ipv6.readNextHeader(bytes, network);
  for (let at = network + ipv6.HEADER_LENGTH; at < end; at += extensionLength(kind, bytes[at + 1]!)) {
    if (kind === EXTENSION.ROUTING && bytes[at + 3] !== 0) return true;
    kind = bytes[at]!;
  }
  return false;
}
