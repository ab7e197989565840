/**
 * `struct virtio_net_hdr` (virtio 1.2 §5.1.6): ten octets in front of a frame that say which work on it is left to the
 * other side, in the machine's byte order, which is little-endian on all supported machines:
 *
 *     0 flags   1 gso_type   2 hdr_len   4 gso_size   6 csum_start   8 csum_offset
 *
 * Offsets count from the start of the frame. A guest or another host fills it in, so nothing in it is believed.
 */
import { type PacketBuffer, type SegmentType, tcp, udp } from '@overlane/wire';

/** Octets of `struct virtio_net_hdr`. All zero: nothing is left to do. */
export const VNET_HEADER_LENGTH = 10;

/** What a port and its other side leave to each other: nothing, checksums, or cutting into segments as well. */
export type OffloadLevel = 'none' | 'checksum' | 'segmentation';

/** Why a vnet header is refused: a checksum outside of the frame, or segments that cannot be. */
export type VnetFault = 'E_VNET_CHECKSUM_RANGE' | 'E_VNET_SEGMENTS';

const NEEDS_CHECKSUM = 1;
const DATA_VALID = 2;
const GSO_TYPE: Readonly<Record<SegmentType, number>> = { none: 0, tcp4: 1, tcp6: 4, udp: 5 };
/** The first segment alone may carry CWR (RFC 3168 §6.1.2): a bit beside the type. */
const GSO_ECN = 0x80;
const TCP_CHECKSUM_AT = 16;
const UDP_CHECKSUM_AT = 6;
const TCP_FLAGS_AT = 13;
const OFFSET_MAX = 0xffff;

/**
 * Reads the vnet header at `bytes[at..]` into the offload fields of `packet`, the frame it belongs to, which must be an
 * ordinary packet so far. After a fault those fields mean nothing. Of the frame only its length is looked at: whether it
 * is TCP at all is for those to check who cut it. `type` stands for a `gso_type` that has more to say.
 */
export function readVnetHeader(
  bytes: Uint8Array,
  at: number,
  packet: PacketBuffer,
  type: number = bytes[at + 1]!,
): VnetFault | undefined {
  const flags = bytes[at]!;
  if ((flags & NEEDS_CHECKSUM) !== 0) {
    const start = packet.start + readHalf(bytes, at + 6);
    const field = start + readHalf(bytes, at + 8);
    if (field + 2 > packet.end) return 'E_VNET_CHECKSUM_RANGE';
    packet.checksum = 'partial';
    packet.checksumStart = start;
    packet.checksumField = field;
  } else if ((flags & DATA_VALID) !== 0) {
    packet.checksum = 'verified';
  }
  if (type === GSO_TYPE.none) return undefined;
  const segmentType = segmentTypeOf(type & ~GSO_ECN);
  if (segmentType === 'none') return 'E_VNET_SEGMENTS';
  packet.segmentType = segmentType;
  packet.segmentSize = readHalf(bytes, at + 4);
  return isFinishable(packet, 'segmentation') ? undefined : 'E_VNET_SEGMENTS';
}

/**
 * Writes at `bytes[at..]` the vnet header for `packet` (in its own `bytes`, if elsewhere), before which the frame has
 * another `linkLength` octets. Precondition: {@link isFinishable}, or there is nothing to finish.
 */
export function writeVnetHeader(bytes: Uint8Array, at: number, packet: PacketBuffer, linkLength: number): void {
  for (let i = at; i < at + VNET_HEADER_LENGTH; i++) bytes[i] = 0;
  if (packet.checksum !== 'partial') return;
  const { checksumStart, segmentType } = packet;
  const start = linkLength + checksumStart - packet.start;
  bytes[at] = NEEDS_CHECKSUM;
  writeHalf(bytes, at + 6, start);
  writeHalf(bytes, at + 8, packet.checksumField - checksumStart);
  if (segmentType === 'none') return;
  let headerLength: number = udp.HEADER_LENGTH;
  let type = GSO_TYPE[segmentType];
  if (segmentType !== 'udp') {
    headerLength = tcp.readHeaderLength(packet.bytes, checksumStart);
    if ((packet.bytes[checksumStart + TCP_FLAGS_AT]! & tcp.FLAG.CWR) !== 0) type |= GSO_ECN;
  }
  bytes[at + 1] = type;
  writeHalf(bytes, at + 2, start + headerLength);
  writeHalf(bytes, at + 4, packet.segmentSize);
}

/** True if a vnet header can say what is left to do on `packet`, and `level` allows it. */
export function isFinishable(packet: PacketBuffer, level: OffloadLevel): boolean {
  if (level === 'none' || packet.checksum !== 'partial') return false;
  const { start, end, checksumStart, checksumField, segmentType, segmentSize } = packet;
  const at = checksumField - checksumStart;
  const inside = checksumStart >= start && at >= 0 && checksumField + 2 <= end && checksumField - start <= OFFSET_MAX;
  if (segmentType === 'none' || !inside) return inside;
  if (level !== 'segmentation' || segmentSize < 1 || segmentSize > OFFSET_MAX) return false;
  if (segmentType === 'udp') return at === UDP_CHECKSUM_AT;
  if (at !== TCP_CHECKSUM_AT || checksumStart + tcp.HEADER_LENGTH > end) return false;
  const headerLength = tcp.readHeaderLength(packet.bytes, checksumStart);
  return headerLength >= tcp.HEADER_LENGTH && checksumStart + headerLength <= end;
}

function segmentTypeOf(type: number): SegmentType {
  switch (type) {
    case GSO_TYPE.tcp4:
      return 'tcp4';
    case GSO_TYPE.tcp6:
      return 'tcp6';
    case GSO_TYPE.udp:
      return 'udp';
    default:
      return 'none';
  }
}

/** The 16 bits at `bytes[at..]` in the order of the machine. */
export function readHalf(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

/** Writes 16 bits at `bytes[at..]` in the order of the machine. */
export function writeHalf(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}
