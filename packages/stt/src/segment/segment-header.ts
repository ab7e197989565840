/**
 * STT segment header (draft-davie-stt-08 §3.2): TCP's syntax with another meaning, so that network cards which segment
 * TCP segment STT too. 20 octets, in front of every segment:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |          Source Port          |       Destination Port        |
 *     |         Frame Length          |        Segment Offset         |
 *     |                           Packet ID                           |
 *     |  Data | Rsrvd |C|E|U|A|P|R|S|F|            Window             |
 *     |           Checksum            |         Urgent Pointer        |
 *     |                       Options, 0..40                          |
 *
 * The sequence number of TCP is frame length and segment offset: a card that cuts a frame adds to the offset only.
 */
import {
  type CodecError,
  type Fault,
  checksum,
  copyOctets,
  fieldError,
  read16,
  read32,
  requireInteger,
  requireRoom,
  truncatedError,
  write16,
  write32,
  writeOctets,
} from '@overlane/wire';
import { FRAME_HEADER_LENGTH, FRAME_LENGTH_MAX, SEGMENT_HEADER_LENGTH } from '../constants.js';
import type { SttSegmentFault } from '../faults.js';

/** Protocol name. */
export const PROTOCOL = 'stt';
/** IP protocol number: TCP's. */
export const IP_PROTOCOL = 6;
/** Octets of the header without options. */
export const HEADER_LENGTH = SEGMENT_HEADER_LENGTH;
/** Octets with all options that fit. */
export const HEADER_LENGTH_MAX = 60;

/** Where the checksum is in the header. */
export const CHECKSUM_AT = 16;
/** Where the control bits are in the header. */
export const FLAGS_AT = 13;

/** TCP's control bits. A sender sets ACK always and PSH on the last segment; a receiver ignores them all. */
export const FLAG = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128 } as const;

/** Whether TCP options are skipped, as the draft has it, or refused. */
export type TcpOptionsPolicy = 'accepted' | 'refused';

/** STT segment header. The data offset follows from the options. */
export interface SttSegmentHeader {
  /** Source port, 0..65535: the same for all segments of a frame. */
  readonly sourcePort: number;
  /** Destination port, 0..65535. */
  readonly destinationPort: number;
  /** Octets of the whole STT frame, frame header included: 18..65535. */
  readonly frameLength: number;
  /** Where this segment's payload goes in the frame, below `frameLength`. */
  readonly segmentOffset: number;
  /** Tells frames apart, 0..2^32-1: the same for all segments of a frame. */
  readonly packetId: number;
  /** Control bits, see `FLAG`. */
  readonly flags: number;
  /** Window, 0..65535; to be sent as 0. */
  readonly window: number;
  /** Checksum as on the wire. */
  readonly checksum: number;
  /** Urgent pointer, 0..65535; to be sent as 0. */
  readonly urgentPointer: number;
  /** Raw TCP options, 0..40 octets, a multiple of four; to be sent empty. */
  readonly options: Uint8Array;
}

/**
 * Says why `bytes[offset..end)`, the IP payload, can't be an STT segment: the structural rules S2, S4 and S6 to S8 in
 * this order, or `undefined`. A receiver that keeps the order of all rules calls the two parts, {@link checkHeader} and
 * {@link checkPayload}, with port and checksum between them. Never throws or allocates.
 */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): SttSegmentFault | undefined {
  return checkHeader(bytes, offset, end) ?? checkPayload(bytes, offset, end);
}

/** Rules S2 and S4: 20 octets, and a data offset within the segment; with `options` refused, a data offset of 5. */
export function checkHeader(
  bytes: Uint8Array,
  offset: number,
  end: number,
  options: TcpOptionsPolicy = 'accepted',
): SttSegmentFault | undefined {
  const left = end - offset;
  if (left < HEADER_LENGTH) return 'E_STT_SEGMENT_TRUNCATED';
  const length = readHeaderLength(bytes, offset);
  if (length < HEADER_LENGTH) return 'E_STT_BAD_DATA_OFFSET';
  if (left < length) return 'E_STT_SEGMENT_TRUNCATED';
  return length > HEADER_LENGTH && options === 'refused' ? 'E_STT_TCP_OPTIONS' : undefined;
}

/** Rules S6 to S8: a payload that fits the frame. Precondition: `checkHeader` passed. */
export function checkPayload(bytes: Uint8Array, offset: number, end: number): SttSegmentFault | undefined {
  const length = end - offset - readHeaderLength(bytes, offset);
  if (length === 0) return 'E_STT_EMPTY_SEGMENT';
  const frameLength = readFrameLength(bytes, offset);
  if (frameLength < FRAME_HEADER_LENGTH) return 'E_STT_FRAME_TOO_SHORT';
  return readSegmentOffset(bytes, offset) + length > frameLength ? 'E_STT_SEGMENT_OUT_OF_BOUNDS' : undefined;
}

/**
 * Rule S5, the TCP checksum of the segment `bytes[offset..end)`; `pseudoHeader` is the sum of its pseudo-header. Zero is
 * an ordinary value. Costs a pass over the segment.
 */
export function checkChecksum(
  bytes: Uint8Array,
  offset: number,
  end: number,
  pseudoHeader: number,
): 'E_STT_BAD_CHECKSUM' | undefined {
  return checksum.sum(bytes, offset, end, pseudoHeader) === 0xffff ? undefined : 'E_STT_BAD_CHECKSUM';
}

/** Octets of header and options, 20..60. Precondition of this and all other readers: `check` passed. */
export function readHeaderLength(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + 12]! >>> 4) << 2;
}

/** Source port. */
export function readSourcePort(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset);
}

/** Destination port. */
export function readDestinationPort(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 2);
}

/** Octets of the whole frame, 18..65535. */
export function readFrameLength(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 4);
}

/** Where the payload goes in the frame. */
export function readSegmentOffset(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 6);
}

/** Packet id, 0..2^32-1. */
export function readPacketId(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 8);
}

/** Control bits, see `FLAG`. */
export function readFlags(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 13]!;
}

/** Checksum as it stands. */
export function readChecksum(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + CHECKSUM_AT);
}

/** Writes the source port, 0..65535, of a header in place; other octets stay, the checksum too. */
export function writeSourcePort(bytes: Uint8Array, offset: number, sourcePort: number): void {
  write16(bytes, offset, sourcePort);
}

/** Writes the segment offset, 0..65535, of a header in place; other octets stay, the checksum too. */
export function writeSegmentOffset(bytes: Uint8Array, offset: number, segmentOffset: number): void {
  write16(bytes, offset + 6, segmentOffset);
}

/** Writes the packet id, 0..2^32-1, of a header in place; other octets stay, the checksum too. */
export function writePacketId(bytes: Uint8Array, offset: number, packetId: number): void {
  write32(bytes, offset + 8, packetId);
}

/** Writes the checksum as it is given. */
export function writeChecksum(bytes: Uint8Array, offset: number, value: number): void {
  write16(bytes, offset + CHECKSUM_AT, value);
}

/** Writes all 20 octets, unchecked, as a sender does: no options, window, urgent pointer and checksum 0. */
export function writeHeader(
  bytes: Uint8Array,
  offset: number,
  sourcePort: number,
  destinationPort: number,
  frameLength: number,
  segmentOffset: number,
  packetId: number,
  flags: number,
): void {
  write16(bytes, offset, sourcePort);
  write16(bytes, offset + 2, destinationPort);
  write16(bytes, offset + 4, frameLength);
  write16(bytes, offset + 6, segmentOffset);
  write32(bytes, offset + 8, packetId);
  write32(bytes, offset + 12, (0x5000 | flags) << 16);
  write32(bytes, offset + 16, 0);
}

/** Reads a header. Reserved bits ignored, checksum not verified. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): SttSegmentHeader {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  return {
    sourcePort: readSourcePort(bytes, offset),
    destinationPort: readDestinationPort(bytes, offset),
    frameLength: readFrameLength(bytes, offset),
    segmentOffset: readSegmentOffset(bytes, offset),
    packetId: readPacketId(bytes, offset),
    flags: readFlags(bytes, offset),
    window: read16(bytes, offset + 14),
    checksum: readChecksum(bytes, offset),
    urgentPointer: read16(bytes, offset + 18),
    options: copyOctets(bytes, offset + HEADER_LENGTH, readHeaderLength(bytes, offset) - HEADER_LENGTH),
  };
}

/**
 * Writes header and options; returns the offset behind them.
 * @throws CodecError E_STT_FRAME_TOO_SHORT, E_STT_FRAME_TOO_LARGE, E_STT_SEGMENT_OUT_OF_BOUNDS, E_STT_BAD_DATA_OFFSET,
 *   E_FIELD_RANGE, E_OUTPUT_TRUNCATED
 */
export function encodeInto(header: SttSegmentHeader, out: Uint8Array, offset = 0): number {
  validate(header);
  const length = HEADER_LENGTH + header.options.length;
  requireRoom(PROTOCOL, out, offset, length);
  const { sourcePort, destinationPort, frameLength, segmentOffset, packetId, flags } = header;
  writeHeader(out, offset, sourcePort, destinationPort, frameLength, segmentOffset, packetId, flags);
  out[offset + 12] = (length >>> 2) << 4;
  write16(out, offset + 14, header.window);
  write16(out, offset + 16, header.checksum);
  write16(out, offset + 18, header.urgentPointer);
  writeOctets(out, offset + HEADER_LENGTH, header.options);
  return offset + length;
}

/** Writes header and options into new memory. @throws CodecError as `encodeInto` */
export function encode(header: SttSegmentHeader): Uint8Array<ArrayBuffer> {
  validate(header);
  const out = new Uint8Array(HEADER_LENGTH + header.options.length);
  encodeInto(header, out);
  return out;
}

function validate(header: SttSegmentHeader): void {
  const { frameLength, segmentOffset, options } = header;
  const tooLong: Fault = frameLength > FRAME_LENGTH_MAX ? 'E_STT_FRAME_TOO_LARGE' : 'E_STT_FRAME_TOO_SHORT';
  requireInteger(PROTOCOL, 'frameLength', frameLength, FRAME_LENGTH_MAX, tooLong);
  if (frameLength < FRAME_HEADER_LENGTH) throw tooShort(4, frameLength);
  requireInteger(PROTOCOL, 'segmentOffset', segmentOffset, frameLength - 1, 'E_STT_SEGMENT_OUT_OF_BOUNDS');
  requireInteger(PROTOCOL, 'sourcePort', header.sourcePort, 0xffff);
  requireInteger(PROTOCOL, 'destinationPort', header.destinationPort, 0xffff);
  requireInteger(PROTOCOL, 'packetId', header.packetId, 0xffff_ffff);
  requireInteger(PROTOCOL, 'flags', header.flags, 255);
  requireInteger(PROTOCOL, 'window', header.window, 0xffff);
  requireInteger(PROTOCOL, 'checksum', header.checksum, 0xffff);
  requireInteger(PROTOCOL, 'urgentPointer', header.urgentPointer, 0xffff);
  if (options.length % 4 !== 0 || options.length > HEADER_LENGTH_MAX - HEADER_LENGTH) {
    const expected = 'a multiple of 4 octets, at most 40';
    throw fieldError('E_STT_BAD_DATA_OFFSET', PROTOCOL, 'options', HEADER_LENGTH, expected, options.length);
  }
}

function tooShort(offset: number, actual: number): CodecError {
  const expected = `${FRAME_HEADER_LENGTH}..${FRAME_LENGTH_MAX}`;
  return fieldError('E_STT_FRAME_TOO_SHORT', PROTOCOL, 'frameLength', offset, expected, actual);
}

function refused(fault: SttSegmentFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  const left = end - offset;
  const length = readHeaderLength(bytes, offset);
  switch (fault) {
    case 'E_STT_BAD_DATA_OFFSET':
      return fieldError(fault, PROTOCOL, 'dataOffset', offset + 12, '5..15', length >>> 2);
    case 'E_STT_EMPTY_SEGMENT':
      return truncatedError(fault, PROTOCOL, offset, length + 1, left, 'payload');
    case 'E_STT_FRAME_TOO_SHORT':
      return tooShort(offset + 4, readFrameLength(bytes, offset));
    case 'E_STT_SEGMENT_OUT_OF_BOUNDS': {
      const room = `at most ${readFrameLength(bytes, offset) - (left - length)}`;
      return fieldError(fault, PROTOCOL, 'segmentOffset', offset + 6, room, readSegmentOffset(bytes, offset));
    }
    default:
      return truncatedError(fault, PROTOCOL, offset, left < HEADER_LENGTH ? HEADER_LENGTH : length, left);
  }
}
