/**
 * Result of a change, 16 octets:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |                         Version (64)                          |
 *     |     Code      |                 Reserved (0)                  |
 *     |                         Reserved (0)                          |
 */
import { requireInteger, write32 } from '@overlane/wire';
import { isWireCode } from './constants.js';
import { encodeRecord, encodeRecordInto, requireUint53 } from './encode.js';
import { type Old1Fault, refused } from './faults.js';
import { exceedsUint53, isZero, readUint53, writeUint53 } from './octets.js';

/** Protocol name. */
export const PROTOCOL = 'old1-result';
/** Octets of the record. */
export const LENGTH = 16;

/** What became of a change. */
export interface ChangeResult {
  /** Version that it wrote, or for VERSION_MISMATCH the version there is; else 0. */
  readonly version: number;
  /** Outcome, see `CODE`. */
  readonly code: number;
}

/** Says why `bytes[offset..end)` can't start with a result, or `undefined` if it can. Never throws or allocates. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): Old1Fault | undefined {
  if (end - offset < LENGTH) return 'E_OLD_TRUNCATED';
  if (exceedsUint53(bytes, offset)) return 'E_OLD_INTEGER_RANGE';
  if (!isWireCode(bytes[offset + 8]!)) return 'E_OLD_BAD_CODE';
  return isZero(bytes, offset + 9, offset + LENGTH) ? undefined : 'E_OLD_RESERVED';
}

/** Octets of the record: always 16. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return LENGTH;
}

/** Version, 0..2^53-1. Precondition of this and all other readers: `check` passed. */
export function readVersion(bytes: Uint8Array, offset: number): number {
  return readUint53(bytes, offset);
}

/** Outcome, see `CODE`. */
export function readCode(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 8]!;
}

/** Reads a result. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): ChangeResult {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, PROTOCOL, offset, LENGTH, end - offset);
  return { version: readVersion(bytes, offset), code: readCode(bytes, offset) };
}

/** Throws unless every field fits its place. @throws CodecError E_FIELD_RANGE */
export function requireRanges(result: ChangeResult): void {
  requireUint53(PROTOCOL, 'version', result.version);
  requireInteger(PROTOCOL, 'code', result.code, 255);
}

/** Writes a result, unchecked. */
export function write(result: ChangeResult, out: Uint8Array, offset: number): void {
  writeUint53(out, offset, result.version);
  write32(out, offset + 8, result.code << 24);
  write32(out, offset + 12, 0);
}

const writer = { PROTOCOL, check, lengthOf: () => LENGTH, requireRanges, write };

/** Writes the record; returns the offset behind it. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED, as `check` */
export function encodeInto(result: ChangeResult, out: Uint8Array, offset = 0): number {
  return encodeRecordInto(writer, result, out, offset);
}

/** Writes the record into new memory. @throws CodecError as `encodeInto` */
export function encode(result: ChangeResult): Uint8Array<ArrayBuffer> {
  return encodeRecord(writer, result);
}
