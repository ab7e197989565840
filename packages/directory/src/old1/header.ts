/**
 * Header of every OLD/1 datagram, 24 octets:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |        Magic (0x4F44)         |    Version    |     Type      |
 *     |             Flags             |     Count     |     Code      |
 *     |                     Transaction ID (64)                       |
 *     |                                                               |
 *     |                            Key ID                             |
 *     |                     Time (Unix seconds)                       |
 *
 * Each type allows certain flags and counts; `check` refuses all others, so that one message has one spelling.
 */
import { read16, read32, requireInteger, write16, write32 } from '@overlane/wire';
import { CHANGES_MAX, FLAG, HEADER_LENGTH, MAGIC, QUESTIONS_MAX, TYPE, VERSION, isWireCode } from './constants.js';
import { encodeRecord, encodeRecordInto } from './encode.js';
import { type Old1Fault, refused } from './faults.js';

/** Protocol name. */
export const PROTOCOL = 'old1';

/** Header of a datagram. */
export interface Old1Header {
  /** Message type, see `TYPE`. */
  readonly type: number;
  /** Bits of `FLAG`. */
  readonly flags: number;
  /** Records in the body. */
  readonly count: number;
  /** Outcome, see `CODE`; 0 in requests. */
  readonly code: number;
  /** Upper half of the transaction id, 0..2^32-1: random, repeated by the response. */
  readonly txidHi: number;
  /** Lower half of the transaction id, 0..2^32-1. */
  readonly txidLo: number;
  /** Key epoch (8 bits) and host id (24 bits); 0 without AUTH. */
  readonly keyId: number;
  /** Sender's clock: Unix seconds modulo 2^32. */
  readonly time: number;
}

const { RESPONSE, AUTH, STALE, TRUNCATED, COOKIE, SYNCING } = FLAG;

/** What each type allows, by type: flags that must be set, flags that may be, least and most records. */
const TYPE_RULES: readonly (readonly [required: number, optional: number, least: number, most: number])[] = [
  [0, 0, 1, 0],
  [0, AUTH | COOKIE, 1, QUESTIONS_MAX],
  [RESPONSE, AUTH | STALE | TRUNCATED | SYNCING, 0, QUESTIONS_MAX],
  [0, AUTH, 1, CHANGES_MAX],
  [RESPONSE, AUTH | STALE | SYNCING, 0, CHANGES_MAX],
  [0, AUTH | STALE, 1, QUESTIONS_MAX],
  [RESPONSE, AUTH, 0, 0],
  [0, AUTH, 1, QUESTIONS_MAX],
  [0, AUTH, 0, 0],
  [RESPONSE, AUTH | STALE | SYNCING, 0, 0],
  [RESPONSE, AUTH, 0, 0],
];

/** Says why `bytes[offset..end)` can't start with a header, or `undefined` if it can. Never throws or allocates. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): Old1Fault | undefined {
  if (end - offset < HEADER_LENGTH) return 'E_OLD_TRUNCATED';
  if (read16(bytes, offset) !== MAGIC) return 'E_OLD_BAD_MAGIC';
  if (bytes[offset + 2] !== VERSION) return 'E_OLD_BAD_VERSION';
  const type = bytes[offset + 3]!;
  if (type < TYPE.LOOKUP || type > TYPE.CHALLENGE) return 'E_OLD_BAD_TYPE';
  const [required, optional, least, most] = TYPE_RULES[type]!;
  const flags = read16(bytes, offset + 4);
  if ((flags & ~optional) !== required) return 'E_OLD_BAD_FLAGS';
  const count = bytes[offset + 6]!;
  if (count < least || count > most) return 'E_OLD_BAD_COUNT';
  const code = bytes[offset + 7]!;
  if (code !== 0 && (required === 0 || !isWireCode(code))) return 'E_OLD_BAD_CODE';
  return (flags & AUTH) === 0 && read32(bytes, offset + 16) !== 0 ? 'E_OLD_BAD_KEY_ID' : undefined;
}

/** True if messages of this type answer others, and so have the flag RESPONSE and may have a code. */
export function isResponse(type: number): boolean {
  return TYPE_RULES[type]?.[0] === RESPONSE;
}

/** Octets of the header: always 24. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return HEADER_LENGTH;
}

/** Message type, 1..10. Precondition of this and all other readers: `check` passed. */
export function readType(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 3]!;
}

/** Bits of `FLAG`. */
export function readFlags(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 4);
}

/** Records in the body. */
export function readCount(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 6]!;
}

/** Outcome, see `CODE`. */
export function readCode(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 7]!;
}

/** Upper half of the transaction id. */
export function readTxidHi(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 8);
}

/** Lower half of the transaction id. */
export function readTxidLo(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 12);
}

/** Key epoch and host id. */
export function readKeyId(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 16);
}

/** Sender's clock, Unix seconds modulo 2^32. */
export function readTime(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 20);
}

/** Writes flags of a header that is in place, such as SYNCING on a prepared reply; other octets stay. */
export function writeFlags(bytes: Uint8Array, offset: number, flags: number): void {
  write16(bytes, offset + 4, flags);
}

/** Writes the number of records of a header that is in place. */
export function writeCount(bytes: Uint8Array, offset: number, count: number): void {
  bytes[offset + 6] = count;
}

/** Writes the sender's clock of a header that is in place. */
export function writeTime(bytes: Uint8Array, offset: number, time: number): void {
  write32(bytes, offset + 20, time);
}

/** Writes all 24 octets, unchecked and without allocating: the data path's `encodeInto`. Arguments as in `Old1Header`. */
export function writeHeader(
  bytes: Uint8Array,
  offset: number,
  type: number,
  flags: number,
  count: number,
  code: number,
  txidHi: number,
  txidLo: number,
  keyId: number,
  time: number,
): void {
  write32(bytes, offset, (MAGIC << 16) | (VERSION << 8) | type);
  write32(bytes, offset + 4, (flags << 16) | (count << 8) | code);
  write32(bytes, offset + 8, txidHi);
  write32(bytes, offset + 12, txidLo);
  write32(bytes, offset + 16, keyId);
  write32(bytes, offset + 20, time);
}

/** Reads a header. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): Old1Header {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, PROTOCOL, offset, HEADER_LENGTH, end - offset);
  return {
    type: readType(bytes, offset),
    flags: readFlags(bytes, offset),
    count: readCount(bytes, offset),
    code: readCode(bytes, offset),
    txidHi: readTxidHi(bytes, offset),
    txidLo: readTxidLo(bytes, offset),
    keyId: readKeyId(bytes, offset),
    time: readTime(bytes, offset),
  };
}

/** Throws unless every field fits its place; whether they fit each other is for `check`. @throws CodecError E_FIELD_RANGE */
export function requireRanges(header: Old1Header): void {
  requireInteger(PROTOCOL, 'type', header.type, 255);
  requireInteger(PROTOCOL, 'flags', header.flags, 0xffff);
  requireInteger(PROTOCOL, 'count', header.count, 255);
  requireInteger(PROTOCOL, 'code', header.code, 255);
  requireInteger(PROTOCOL, 'txidHi', header.txidHi, 0xffff_ffff);
  requireInteger(PROTOCOL, 'txidLo', header.txidLo, 0xffff_ffff);
  requireInteger(PROTOCOL, 'keyId', header.keyId, 0xffff_ffff);
  requireInteger(PROTOCOL, 'time', header.time, 0xffff_ffff);
}

/** Writes a header whose ranges are good, unchecked. */
export function write(header: Old1Header, out: Uint8Array, offset: number): void {
  const { type, flags, count, code, txidHi, txidLo, keyId, time } = header;
  writeHeader(out, offset, type, flags, count, code, txidHi, txidLo, keyId, time);
}

const writer = { PROTOCOL, check, lengthOf: () => HEADER_LENGTH, requireRanges, write };

/** Writes the header; returns the offset behind it. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED, as `check` */
export function encodeInto(header: Old1Header, out: Uint8Array, offset = 0): number {
  return encodeRecordInto(writer, header, out, offset);
}

/** Writes the header into new memory. @throws CodecError as `encodeInto` */
export function encode(header: Old1Header): Uint8Array<ArrayBuffer> {
  return encodeRecord(writer, header);
}
