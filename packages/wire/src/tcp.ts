/**
 * TCP header (RFC 9293 §3.1), 20 to 60 octets:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |          Source Port          |       Destination Port        |
 *     |                        Sequence Number                        |
 *     |                    Acknowledgment Number                      |
 *     |  Data | Rsrvd |C|E|U|A|P|R|S|F|            Window             |
 *     |           Checksum            |         Urgent Pointer        |
 *     |                       Options, 0..40                          |
 */
import * as checksum from './checksum.js';
import { type WireFault, CodecError, fieldError, requireInteger, requireRoom, truncatedError } from './fault.js';
import { copyOctets, read16, read32, write16, write32, writeOctets } from './octets.js';

/** Protocol name. */
export const PROTOCOL = 'tcp';
/** IP protocol number. */
export const IP_PROTOCOL = 6;
/** Octets without options. */
export const HEADER_LENGTH = 20;
/** Octets with all options that fit. */
export const HEADER_LENGTH_MAX = 60;

/** Control bits (RFC 9293 §3.1). */
export const FLAG = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128 } as const;

/** TCP header. */
export interface TcpHeader {
  /** Source port, 0..65535. */
  readonly sourcePort: number;
  /** Destination port, 0..65535. */
  readonly destinationPort: number;
  /** Sequence number, 0..2^32-1. */
  readonly sequenceNumber: number;
  /** Acknowledgment number, 0..2^32-1. */
  readonly acknowledgmentNumber: number;
  /** Control bits, see `FLAG`. */
  readonly flags: number;
  /** Window, 0..65535. */
  readonly window: number;
  /** Checksum as on the wire. */
  readonly checksum: number;
  /** Urgent pointer, 0..65535. */
  readonly urgentPointer: number;
  /** Raw options, 0..40 octets, a multiple of four. */
  readonly options: Uint8Array;
}

/** Says why `bytes[offset..end)`, the IP payload, can't start with a TCP segment, or `undefined` if it can. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): WireFault | undefined {
  const left = end - offset;
  if (left < HEADER_LENGTH) return 'E_TCP_TRUNCATED';
  const headerLength = readHeaderLength(bytes, offset);
  if (headerLength < HEADER_LENGTH) return 'E_TCP_BAD_DATA_OFFSET';
  return left < headerLength ? 'E_TCP_TRUNCATED' : undefined;
}

/** Verifies the checksum of the segment `bytes[offset..end)`, which has passed `check`; `pseudoHeader` is its sum. */
export function checkChecksum(
  bytes: Uint8Array,
  offset: number,
  end: number,
  pseudoHeader: number,
): WireFault | undefined {
  return checksum.sum(bytes, offset, end, pseudoHeader) === 0xffff ? undefined : 'E_TCP_BAD_CHECKSUM';
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

/** Sequence number, 0..2^32-1. */
export function readSequenceNumber(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 4);
}

/** Acknowledgment number, 0..2^32-1. */
export function readAcknowledgmentNumber(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 8);
}

/** Control bits, see `FLAG`. */
export function readFlags(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 13]!;
}

/** Computes and writes the checksum of the segment `bytes[offset..end)`. Costs a pass over it. */
export function writeChecksum(bytes: Uint8Array, offset: number, end: number, pseudoHeader: number): void {
  write16(bytes, offset + 16, 0);
  write16(bytes, offset + 16, checksum.compute(bytes, offset, end, pseudoHeader));
}

/** Reads a header. Reserved bits ignored; checksum not verified. @throws CodecError E_TCP_TRUNCATED, E_TCP_BAD_DATA_OFFSET */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): TcpHeader {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  return {
    sourcePort: readSourcePort(bytes, offset),
    destinationPort: readDestinationPort(bytes, offset),
    sequenceNumber: readSequenceNumber(bytes, offset),
    acknowledgmentNumber: readAcknowledgmentNumber(bytes, offset),
    flags: readFlags(bytes, offset),
    window: read16(bytes, offset + 14),
    checksum: read16(bytes, offset + 16),
    urgentPointer: read16(bytes, offset + 18),
    options: copyOctets(bytes, offset + HEADER_LENGTH, readHeaderLength(bytes, offset) - HEADER_LENGTH),
  };
}

/** Writes header and options; returns the offset behind them. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED */
export function encodeInto(header: TcpHeader, out: Uint8Array, offset = 0): number {
  validate(header);
  const length = HEADER_LENGTH + header.options.length;
  requireRoom(PROTOCOL, out, offset, length);
  write16(out, offset, header.sourcePort);
  write16(out, offset + 2, header.destinationPort);
  write32(out, offset + 4, header.sequenceNumber);
  write32(out, offset + 8, header.acknowledgmentNumber);
  out[offset + 12] = (length >>> 2) << 4;
  out[offset + 13] = header.flags;
  write16(out, offset + 14, header.window);
  write16(out, offset + 16, header.checksum);
  write16(out, offset + 18, header.urgentPointer);
  writeOctets(out, offset + HEADER_LENGTH, header.options);
  return offset + length;
}

/** Writes the header into new memory. @throws CodecError as `encodeInto` */
export function encode(header: TcpHeader): Uint8Array<ArrayBuffer> {
  validate(header);
  const out = new Uint8Array(HEADER_LENGTH + header.options.length);
  encodeInto(header, out);
  return out;
}

function validate(header: TcpHeader): void {
  requireInteger(PROTOCOL, 'sourcePort', header.sourcePort, 0xffff);
  requireInteger(PROTOCOL, 'destinationPort', header.destinationPort, 0xffff);
  requireInteger(PROTOCOL, 'sequenceNumber', header.sequenceNumber, 0xffff_ffff);
  requireInteger(PROTOCOL, 'acknowledgmentNumber', header.acknowledgmentNumber, 0xffff_ffff);
  requireInteger(PROTOCOL, 'flags', header.flags, 255);
  requireInteger(PROTOCOL, 'window', header.window, 0xffff);
  requireInteger(PROTOCOL, 'checksum', header.checksum, 0xffff);
  requireInteger(PROTOCOL, 'urgentPointer', header.urgentPointer, 0xffff);
  const { length } = header.options;
  if (length % 4 !== 0 || length > HEADER_LENGTH_MAX - HEADER_LENGTH) {
    const detail = { protocol: PROTOCOL, field: 'options', expected: '0..40 octets, a multiple of 4', actual: length };
    throw new CodecError('E_FIELD_RANGE', detail, `options must have 0..40 octets, a multiple of 4, got ${length}`);
  }
}

function refused(fault: WireFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  const left = end - offset;
  const dataOffset = bytes[offset + 12]! >>> 4;
  if (fault === 'E_TCP_BAD_DATA_OFFSET') {
    return fieldError(fault, PROTOCOL, 'dataOffset', offset + 12, '5..15', dataOffset);
  }
  return truncatedError(fault, PROTOCOL, offset, left < HEADER_LENGTH ? HEADER_LENGTH : dataOffset << 2, left);
}
