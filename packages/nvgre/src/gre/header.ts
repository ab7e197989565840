/**
 * GRE header (RFC 2784 §2, RFC 2890 §2), 4 to 16 octets; C, K and S say which of the optional words are there:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |C| |K|S| Reserved0       | Ver |         Protocol Type         |
 *     |      Checksum (C)             |          Reserved1            |
 *     |                            Key (K)                            |
 *     |                    Sequence Number (S)                        |
 *
 * Reserved bits are sent as zero. On receipt bits 1, 4 and 5 must be zero, the others are ignored (RFC 2784 §2.3).
 */
import {
  type CodecError,
  checksum,
  fieldError,
  read16,
  read32,
  requireInteger,
  requireRoom,
  truncatedError,
  write16,
  write32,
} from '@overlane/wire';
import { DISCARD_MASK, FLAG, HEADER_LENGTH_MIN, KEY_MAX, SEQUENCE_NUMBER_MAX, VERSION_MASK } from './constants.js';
import type { GreHeaderFault } from './faults.js';

/** Protocol name. */
export const PROTOCOL = 'gre';

/** GRE header, version 0. An optional field that is `undefined` is not on the wire; `decode` sets all four. */
export interface GreHeader {
  /** EtherType of the payload, see `PROTOCOL_TYPE`. */
  readonly protocolType: number;
  /** Checksum as on the wire, 0..65535; 0 where `writeChecksum` is to fill it in. */
  readonly checksum?: number | undefined;
  /** Key, 0..KEY_MAX. */
  readonly key?: number | undefined;
  /** Sequence number, 0..SEQUENCE_NUMBER_MAX. */
  readonly sequenceNumber?: number | undefined;
}

/** Says why `bytes[offset..end)` can't start with a GRE header, or `undefined` if it can. Never throws or allocates. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): GreHeaderFault | undefined {
  if (end - offset < HEADER_LENGTH_MIN) return 'E_GRE_TRUNCATED';
  const word = read16(bytes, offset);
  if ((word & VERSION_MASK) !== 0) return 'E_GRE_UNSUPPORTED_VERSION';
  if ((word & DISCARD_MASK) !== 0) return 'E_GRE_RESERVED_BITS';
  return end - offset < headerLength(word) ? 'E_GRE_TRUNCATED' : undefined;
}

/**
 * Verifies the checksum over the header at `offset`, which has passed `check`, and its payload up to `end` (RFC 2784
 * §2.5); `undefined` too if there is none. Costs a pass over the packet.
 */
export function checkChecksum(bytes: Uint8Array, offset: number, end: number): 'E_GRE_BAD_CHECKSUM' | undefined {
  if ((bytes[offset]! & (FLAG.CHECKSUM >>> 8)) === 0) return undefined;
  return checksum.sum(bytes, offset, end) === 0xffff ? undefined : 'E_GRE_BAD_CHECKSUM';
}

/** Octets of the header: 4, 8, 12 or 16. Precondition of this and all other readers: `check` passed. */
export function readHeaderLength(bytes: Uint8Array, offset: number): number {
  return headerLength(read16(bytes, offset));
}

/** EtherType of the payload, see `PROTOCOL_TYPE`. */
export function readProtocolType(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 2);
}

/** Checksum, or `undefined` if the header has none. */
export function readChecksum(bytes: Uint8Array, offset: number): number | undefined {
  return (read16(bytes, offset) & FLAG.CHECKSUM) === 0 ? undefined : read16(bytes, offset + HEADER_LENGTH_MIN);
}

/** Key, 0..KEY_MAX, or `undefined` if the header has none. */
export function readKey(bytes: Uint8Array, offset: number): number | undefined {
  const word = read16(bytes, offset);
  return (word & FLAG.KEY) === 0 ? undefined : read32(bytes, offset + keyOffset(word));
}

/** Sequence number, 0..SEQUENCE_NUMBER_MAX, or `undefined` if the header has none. */
export function readSequenceNumber(bytes: Uint8Array, offset: number): number | undefined {
  const word = read16(bytes, offset);
  // It is the last of the optional fields.
  return (word & FLAG.SEQUENCE_NUMBER) === 0 ? undefined : read32(bytes, offset + headerLength(word) - 4);
}

/** Writes the EtherType of the payload of a header that is in place; other octets stay, the checksum included. */
export function writeProtocolType(bytes: Uint8Array, offset: number, protocolType: number): void {
  write16(bytes, offset + 2, protocolType);
}

/** Writes the key, 0..KEY_MAX, of a header that is in place and has one; other octets stay, the checksum included. */
export function writeKey(bytes: Uint8Array, offset: number, key: number): void {
  write32(bytes, offset + keyOffset(read16(bytes, offset)), key);
}

/** Writes the sequence number of a header that is in place and has one; other octets stay, the checksum included. */
export function writeSequenceNumber(bytes: Uint8Array, offset: number, sequenceNumber: number): void {
  write32(bytes, offset + readHeaderLength(bytes, offset) - 4, sequenceNumber);
}

/**
 * Computes and writes the checksum of the packet `bytes[offset..end)`, whose header is in place and has the field.
 * Costs a pass over the packet.
 */
export function writeChecksum(bytes: Uint8Array, offset: number, end: number): void {
  write16(bytes, offset + HEADER_LENGTH_MIN, 0);
  write16(bytes, offset + HEADER_LENGTH_MIN, checksum.compute(bytes, offset, end));
}

/**
 * Writes a header, unchecked: the data path's `encodeInto`. `flags` are of `FLAG`; fields without their flag are not
 * written, and a checksum is zero until `writeChecksum`. Returns the offset behind it.
 */
export function writeHeader(
  bytes: Uint8Array,
  offset: number,
  flags: number,
  protocolType: number,
  key: number,
  sequenceNumber: number,
): number {
  write32(bytes, offset, (flags << 16) | protocolType);
  let at = offset + HEADER_LENGTH_MIN;
  if ((flags & FLAG.CHECKSUM) !== 0) {
    write32(bytes, at, 0);
    at += 4;
  }
  if ((flags & FLAG.KEY) !== 0) {
    write32(bytes, at, key);
    at += 4;
  }
  if ((flags & FLAG.SEQUENCE_NUMBER) !== 0) {
    write32(bytes, at, sequenceNumber);
    at += 4;
  }
  return at;
}

/**
 * Reads a header; the checksum is not verified.
 * @throws CodecError E_GRE_TRUNCATED, E_GRE_UNSUPPORTED_VERSION, E_GRE_RESERVED_BITS
 */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): GreHeader {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, bytes, offset, end);
  return {
    protocolType: readProtocolType(bytes, offset),
    checksum: readChecksum(bytes, offset),
    key: readKey(bytes, offset),
    sequenceNumber: readSequenceNumber(bytes, offset),
  };
}

/**
 * Writes the header; returns the offset behind it. The checksum is written as it is given.
 * @throws CodecError E_FIELD_RANGE, E_GRE_KEY_RANGE, E_OUTPUT_TRUNCATED
 */
export function encodeInto(header: GreHeader, out: Uint8Array, offset = 0): number {
  const { protocolType, checksum: sum, key = 0, sequenceNumber = 0 } = header;
  requireInteger(PROTOCOL, 'protocolType', protocolType, 0xffff);
  requireInteger(PROTOCOL, 'checksum', sum ?? 0, 0xffff);
  requireInteger(PROTOCOL, 'key', key, KEY_MAX, 'E_GRE_KEY_RANGE');
  requireInteger(PROTOCOL, 'sequenceNumber', sequenceNumber, SEQUENCE_NUMBER_MAX);
  const flags = flagsOf(header);
  requireRoom(PROTOCOL, out, offset, headerLength(flags));
  const next = writeHeader(out, offset, flags, protocolType, key, sequenceNumber);
  if (sum !== undefined) write16(out, offset + HEADER_LENGTH_MIN, sum);
  return next;
}

/** Writes the header into new memory. @throws CodecError E_FIELD_RANGE, E_GRE_KEY_RANGE */
export function encode(header: GreHeader): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(headerLength(flagsOf(header)));
  encodeInto(header, out);
  return out;
}

/** Octets of a header whose first 16-bit word is this. */
function headerLength(word: number): number {
  return HEADER_LENGTH_MIN + (((word >>> 15) & 1) + ((word >>> 13) & 1) + ((word >>> 12) & 1)) * 4;
}

function keyOffset(word: number): number {
  return (word & FLAG.CHECKSUM) === 0 ? HEADER_LENGTH_MIN : HEADER_LENGTH_MIN + 4;
}

function flagsOf(header: GreHeader): number {
  return (
    (header.checksum === undefined ? 0 : FLAG.CHECKSUM) |
    (header.key === undefined ? 0 : FLAG.KEY) |
    (header.sequenceNumber === undefined ? 0 : FLAG.SEQUENCE_NUMBER)
  );
}

function refused(fault: GreHeaderFault, bytes: Uint8Array, offset: number, end: number): CodecError {
  const left = end - offset;
  const word = left < HEADER_LENGTH_MIN ? 0 : read16(bytes, offset);
  switch (fault) {
    case 'E_GRE_UNSUPPORTED_VERSION':
      return fieldError(fault, PROTOCOL, 'version', offset, 0, word & VERSION_MASK);
    case 'E_GRE_RESERVED_BITS':
      return fieldError(fault, PROTOCOL, 'flags', offset, 'a value with bits 0x4c00 clear', word);
    default:
      return truncatedError(fault, PROTOCOL, offset, headerLength(word), left);
  }
}
