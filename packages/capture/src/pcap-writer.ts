import { fieldError, requireInteger } from '@overlane/wire';
import { captureError } from './fault.js';
import {
  MAX_SNAP_LENGTH,
  PCAP_HEADER_LENGTH,
  PCAP_MAGIC_MICROSECONDS,
  PCAP_MAGIC_NANOSECONDS,
  PCAP_RECORD_HEADER_LENGTH,
  PCAP_VERSION_MAJOR,
  PCAP_VERSION_MINOR,
  type PcapFlavor,
} from './pcap-format.js';

const PROTOCOL = 'pcap';
const UINT32_MAX = 0xffff_ffff;

/** What holds for a whole pcap file. Give the same options to the header and to every record. */
export interface PcapOptions extends Partial<PcapFlavor> {
  /** What the first octets of all packets are, 0..65535: one of the `LINKTYPE_*` constants or another registered value. */
  readonly linkType: number;
  /** Longest packet of the file, 1..2^32-1 octets. Default {@link MAX_SNAP_LENGTH}, the most that tcpdump reads. */
  readonly snapLength?: number;
}

/** A packet to write; any {@link CapturedPacket} with a timestamp is one. */
export interface PcapPacket {
  /** The octets, from the link layer header on; at most `snapLength`. */
  readonly bytes: Uint8Array;
  /** Nanoseconds since 1970-01-01 00:00:00 UTC, in 0..2^32-1 seconds. Rounded down to the file's resolution. */
  readonly timestampNs: bigint;
  /** Length on the network, at least `bytes.length`, which is the default. */
  readonly originalLength?: number;
  /** Where given, must be the file's link type. */
  readonly linkType?: number;
}

/**
 * The 24 octets that a pcap file starts with, version 2.4 (draft-ietf-opsawg-pcap §4). The caller owns them.
 * Defaults: little-endian, microseconds. @throws CodecError E_FIELD_RANGE
 */
export function encodePcapHeader(options: PcapOptions): Uint8Array<ArrayBuffer> {
  const { linkType, snapLength = MAX_SNAP_LENGTH, resolution = 'microseconds' } = options;
  requireInteger(PROTOCOL, 'linkType', linkType, 0xffff);
  requireSnapLength(snapLength);
  const littleEndian = options.byteOrder !== 'big';
  const out = new Uint8Array(PCAP_HEADER_LENGTH);
  const view = new DataView(out.buffer);
  view.setUint32(0, resolution === 'nanoseconds' ? PCAP_MAGIC_NANOSECONDS : PCAP_MAGIC_MICROSECONDS, littleEndian);
  view.setUint16(4, PCAP_VERSION_MAJOR, littleEndian);
  view.setUint16(6, PCAP_VERSION_MINOR, littleEndian);
  view.setUint32(16, snapLength, littleEndian);
  view.setUint32(20, linkType, littleEndian);
  return out;
}

/**
 * A packet as it stands in the file: 16 octets of header and the packet (draft-ietf-opsawg-pcap §5), in new memory that
 * the caller owns. @throws CodecError E_CAPTURE_LINK_TYPE_MISMATCH, E_CAPTURE_PACKET_TOO_LONG, E_FIELD_RANGE
 */
export function encodePcapRecord(packet: PcapPacket, options: PcapOptions): Uint8Array<ArrayBuffer> {
  const { bytes, timestampNs, originalLength = bytes.length } = packet;
  const seconds = Number(timestampNs / 1_000_000_000n);
  // A negative time of less than a second would round to -0.
  requireInteger(PROTOCOL, 'timestamp', timestampNs < 0n ? -1 : seconds, UINT32_MAX);
  requireInteger(PROTOCOL, 'originalLength', originalLength, UINT32_MAX);
  requireFit(packet, originalLength, options);
  const fractionNs = Number(timestampNs % 1_000_000_000n);

  const littleEndian = options.byteOrder !== 'big';
  const out = new Uint8Array(PCAP_RECORD_HEADER_LENGTH + bytes.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, seconds, littleEndian);
  view.setUint32(4, options.resolution === 'nanoseconds' ? fractionNs : Math.floor(fractionNs / 1000), littleEndian);
  view.setUint32(8, bytes.length, littleEndian);
  view.setUint32(12, originalLength, littleEndian);
  out.set(bytes, PCAP_RECORD_HEADER_LENGTH);
  return out;
}

function requireSnapLength(snapLength: number): void {
  requireInteger(PROTOCOL, 'snapLength', snapLength, UINT32_MAX);
  if (snapLength === 0) {
    throw fieldError('E_FIELD_RANGE', PROTOCOL, 'snapLength', 16, 'at least 1', 0);
  }
}

function requireFit(packet: PcapPacket, originalLength: number, options: PcapOptions): void {
  const { length } = packet.bytes;
  const { snapLength = MAX_SNAP_LENGTH } = options;
  if (packet.linkType !== undefined && packet.linkType !== options.linkType) {
    const code = 'E_CAPTURE_LINK_TYPE_MISMATCH';
    throw captureError(code, PROTOCOL, 'linkType', 0, options.linkType, packet.linkType);
  }
  if (length > snapLength) {
    throw captureError('E_CAPTURE_PACKET_TOO_LONG', PROTOCOL, 'capturedLength', 8, `at most ${snapLength}`, length);
  }
  if (originalLength < length) {
    throw fieldError('E_FIELD_RANGE', PROTOCOL, 'originalLength', 12, `at least ${length}`, originalLength);
  }
}
