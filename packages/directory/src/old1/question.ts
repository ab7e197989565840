/**
 * Question of a lookup, 32 octets:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |                            Tenant                             |
 *     |     Kind      |     Flags     |         Reserved (0)          |
 *     |                         Address (128)                         |
 *     |                      Known version (64)                       |
 */
import { copyOctets, read16, read32, requireInteger, write32, writeOctets } from '@overlane/wire';
import type { MappingKey } from '../model.js';
import { QUESTION_FLAG } from './constants.js';
import { encodeRecord, encodeRecordInto, requireKey, requireUint53 } from './encode.js';
import { type Old1Fault, refused } from './faults.js';
import { ADDRESS_LENGTH, checkAddress, exceedsUint53, readUint53, writeUint53 } from './octets.js';

/** Protocol name. */
export const PROTOCOL = 'old1-question';
/** Octets of the record. */
export const LENGTH = 32;

/** Where is this address now? */
export interface Question {
  /** Which address. */
  readonly key: MappingKey;
  /** Bits of `QUESTION_FLAG`. */
  readonly flags: number;
  /** Version that the asker holds, 0..2^53-1; 0 if none. If it is current the answer is NOT_MODIFIED. */
  readonly knownVersion: number;
}

const FLAGS = QUESTION_FLAG.NEED_MAC | QUESTION_FLAG.FRESH;

/** Says why `bytes[offset..end)` can't start with a question, or `undefined` if it can. Never throws or allocates. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): Old1Fault | undefined {
  if (end - offset < LENGTH) return 'E_OLD_TRUNCATED';
  if ((bytes[offset + 5]! & ~FLAGS) !== 0) return 'E_OLD_BAD_FLAGS';
  if (read16(bytes, offset + 6) !== 0) return 'E_OLD_RESERVED';
  if (exceedsUint53(bytes, offset + 24)) return 'E_OLD_INTEGER_RANGE';
  return checkAddress(bytes, offset + 8, bytes[offset + 4]!);
}

/** Octets of the record: always 32. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return LENGTH;
}

/** Tenant. Precondition of this and all other readers: `check` passed. */
export function readTenant(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset);
}

/** Kind of address, see `KIND`. The address is the 16 octets at `offset + 8`. */
export function readKind(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 4]!;
}

/** Bits of `QUESTION_FLAG`. */
export function readFlags(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 5]!;
}

/** Version that the asker holds, 0..2^53-1. */
export function readKnownVersion(bytes: Uint8Array, offset: number): number {
  return readUint53(bytes, offset + 24);
}

/** Reads a question. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): Question {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, PROTOCOL, offset, LENGTH, end - offset);
  return {
    key: {
      tenant: readTenant(bytes, offset),
      kind: readKind(bytes, offset),
      addr: copyOctets(bytes, offset + 8, ADDRESS_LENGTH),
    },
    flags: readFlags(bytes, offset),
    knownVersion: readKnownVersion(bytes, offset),
  };
}

/** Throws unless every field fits its place. @throws CodecError E_FIELD_RANGE */
export function requireRanges(question: Question): void {
  requireKey(PROTOCOL, question.key);
  requireInteger(PROTOCOL, 'flags', question.flags, 255);
  requireUint53(PROTOCOL, 'knownVersion', question.knownVersion);
}

/** Writes a question, unchecked. */
export function write(question: Question, out: Uint8Array, offset: number): void {
  write32(out, offset, question.key.tenant);
  write32(out, offset + 4, (question.key.kind << 24) | (question.flags << 16));
  writeOctets(out, offset + 8, question.key.addr);
  writeUint53(out, offset + 24, question.knownVersion);
}

const writer = { PROTOCOL, check, lengthOf: () => LENGTH, requireRanges, write };

/** Writes the record; returns the offset behind it. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED, as `check` */
export function encodeInto(question: Question, out: Uint8Array, offset = 0): number {
  return encodeRecordInto(writer, question, out, offset);
}

/** Writes the record into new memory. @throws CodecError as `encodeInto` */
export function encode(question: Question): Uint8Array<ArrayBuffer> {
  return encodeRecord(writer, question);
}
