/** The checksum of the TCP or UDP packet inside a frame, when its sender left it unfinished (`spec/stt.md` §5). */
import {
  type PacketBuffer,
  ExtensionWalk,
  ethernet,
  ipv4,
  ipv6,
  read16,
  tcp,
  udp,
  write16,
  checksum,
} from '@overlane/wire';

/** Offset of the checksum in a TCP header. */
export const TCP_CHECKSUM_AT = 16;
/** Offset of the checksum in a UDP header. */
export const UDP_CHECKSUM_AT = 6;

/**
 * What was found in the field of a partial checksum: `conforming`, the sum of the pseudo-header; or `deviating`, anything
 * else, such as the sum without the length that one deployed sender leaves.
 */
export type PartialChecksum = 'conforming' | 'deviating';

const walk = new ExtensionWalk();

/** Offset of the IP header in the Ethernet frame `packet`, behind any tags. */
export function networkOffset(packet: PacketBuffer): number {
  return packet.start + ethernet.readHeaderLength(packet.bytes, packet.start);
}

/** Offset behind the IP packet at `network`, which has passed `check`: Ethernet padding is not part of it. */
export function ipPacketEnd(bytes: Uint8Array, network: number): number {
  return bytes[network]! >>> 4 === 4
    ? network + ipv4.readTotalLength(bytes, network)
    : network + ipv6.HEADER_LENGTH + ipv6.readPayloadLength(bytes, network);
}

/** Sum of the pseudo-header of `length` octets of transport header and data, behind the IP header at `network`. */
export function pseudoHeader(bytes: Uint8Array, network: number, protocol: number, length: number): number {
  return bytes[network]! >>> 4 === 4
    ? checksum.pseudoHeaderV4(bytes, network, protocol, length)
    : checksum.pseudoHeaderV6(bytes, network, protocol, length);
}

/** Judges the partial checksum of the frame `packet`. Precondition: {@link isTransport}. */
export function judgePartial(packet: PacketBuffer): PartialChecksum {
  const { bytes, checksumStart: transport, checksumField: field } = packet;
  const network = networkOffset(packet);
  const protocol = field - transport === TCP_CHECKSUM_AT ? tcp.IP_PROTOCOL : udp.IP_PROTOCOL;
  const sum = pseudoHeader(bytes, network, protocol, ipPacketEnd(bytes, network) - transport);
  // 0 and 0xffff are the same number in one's complement.
  return read16(bytes, field) % 0xffff === sum % 0xffff ? 'conforming' : 'deviating';
}

/**
 * Finishes the partial checksum of the frame `packet` from its parts, so that it comes out right whatever the sender left
 * in the field. The packet is an ordinary one afterwards. Costs a pass over the payload. Precondition: {@link isTransport}.
 */
export function finishChecksum(packet: PacketBuffer): void {
  const { bytes, checksumStart: transport, checksumField: field } = packet;
  const network = networkOffset(packet);
  const end = ipPacketEnd(bytes, network);
  const isTcp = field - transport === TCP_CHECKSUM_AT;
  const sum = pseudoHeader(bytes, network, isTcp ? tcp.IP_PROTOCOL : udp.IP_PROTOCOL, end - transport);
  write16(bytes, field, 0);
  const finished = checksum.compute(bytes, transport, end, sum);
  // For UDP 0 would say that there is none (RFC 768).
  write16(bytes, field, isTcp ? finished : finished || 0xffff);
  packet.clearOffload();
}

/**
 * Finishes a checksum that is neither TCP's nor UDP's as virtio defines it: over all from `checksumStart` to the end of the
 * packet, the partial value left in. Returns false if start or field lie outside.
 */
export function finishGenericChecksum(packet: PacketBuffer): boolean {
  const { bytes, start, end, checksumStart, checksumField } = packet;
  if (checksumStart < start || checksumField < checksumStart || checksumField + 2 > end) return false;
  write16(bytes, checksumField, checksum.compute(bytes, checksumStart, end));
  packet.clearOffload();
  return true;
}

/** True if a whole TCP or UDP header of an unfragmented IPv4 or IPv6 packet is where the packet's offload fields say. */
export function isTransport(packet: PacketBuffer): boolean {
  const { bytes, start, end, checksumStart: transport, checksumField: field } = packet;
  if (ethernet.check(bytes, start, end) !== undefined) return false;
  const network = networkOffset(packet);
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
  switch (read16(bytes, network - 2)) {
    case ethernet.ETHER_TYPE.IPV4: {
      if (ipv4.check(bytes, network, end) !== undefined || ipv4.readIsFragment(bytes, network)) return -1;
      return network + ipv4.readHeaderLength(bytes, network) === transport ? ipv4.readProtocol(bytes, network) : -1;
    }
    case ethernet.ETHER_TYPE.IPV6: {
      if (ipv6.check(bytes, network, end) !== undefined || walk.walk(bytes, network) !== undefined) return -1;
      return !walk.isFragment && walk.offset === transport ? walk.protocol : -1;
    }
    default:
      return -1;
  }
}
