/**
 * Answer of a lookup or a correction, 48 octets and 24 for each of n locators:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |                            Tenant                             |
 *     |     Kind      |       n       |             Flags             |
 *     |                         Address (128)                         |
 *     |                         Version (64)                          |
 *     |                           TTL (s)                             |
 *     |                           MAC (48)                            |
 *     |              ...              |     Code      | Reserved (0)  |
 *     |                         Reserved (0)                          |
 *     |                       n x Locator (192)                       |
 *
 * With locators the code is OK. Without, it says why there are none, and flags and MAC are zero; the TTL too, but for
 * NOT_MODIFIED, which renews the life of what the asker holds. The version of NOT_FOUND is that of the delete, or 0.
 */
import { MAC_LENGTH, copyOctets, read16, read32, requireInteger, requireOctets } from '@overlane/wire';
import { write16, write32, writeOctets } from '@overlane/wire';
import type { Locator, MappingKey } from '../model.js';
import { CODE, LOCATORS_MAX, MAPPING_FLAG, TTL_MAX, isWireCode } from './constants.js';
import { encodeRecord, encodeRecordInto, requireKey, requireLocators, requireUint53 } from './encode.js';
import { type Old1Fault, refused } from './faults.js';
import * as locator from './locator.js';
import { ADDRESS_LENGTH, checkAddress, exceedsUint53, isZero, readUint53, writeUint53 } from './octets.js';

/** Protocol name. */
export const PROTOCOL = 'old1-answer';
/** Octets in front of the locators. */
export const LENGTH_MIN = 48;
/** Bits that a mapping's flags may have. */
export const FLAGS_MAX = MAPPING_FLAG.ANYCAST | MAPPING_FLAG.REPLICATE | MAPPING_FLAG.STATIC | MAPPING_FLAG.GATEWAY;

/** What a server says about a key. */
export interface Answer {
  /** Which address this is about: that of the question. */
  readonly key: MappingKey;
  /** OK with locators; NOT_FOUND, DENIED, NOT_MODIFIED or another of `CODE` without. */
  readonly code: number;
  /** Version of the mapping, or of its delete; 0 if there never was one. */
  readonly version: number;
  /** How long the answer holds, 1..86,400 s; 0 if there is nothing to hold. */
  readonly ttl: number;
  /** MAC that the ARP proxy answers, 6 octets; zero if not asked for. */
  readonly mac: Uint8Array;
  /** Bits of `MAPPING_FLAG`. */
  readonly flags: number;
  /** Where the address is: 1..8 places, or none. */
  readonly locators: readonly Locator[];
}

/** Says why `bytes[offset..end)` can't start with an answer, or `undefined` if it can. Never throws or allocates. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): Old1Fault | undefined {
  if (end - offset < LENGTH_MIN) return 'E_OLD_TRUNCATED';
  const n = bytes[offset + 5]!;
  if (n > LOCATORS_MAX) return 'E_OLD_BAD_LOCATOR_COUNT';
  if (end - offset < readHeaderLength(bytes, offset)) return 'E_OLD_TRUNCATED';
  if (read16(bytes, offset + 6) > FLAGS_MAX) return 'E_OLD_BAD_FLAGS';
  if (!isZero(bytes, offset + 43, offset + 48)) return 'E_OLD_RESERVED';
  if (exceedsUint53(bytes, offset + 24)) return 'E_OLD_INTEGER_RANGE';
  const fault = checkOutcome(bytes, offset, n) ?? checkAddress(bytes, offset + 8, bytes[offset + 4]!);
  return fault ?? locator.checkAll(bytes, offset + LENGTH_MIN, n);
}

/** Code, TTL, flags and MAC must agree with whether there are locators. */
function checkOutcome(bytes: Uint8Array, offset: number, n: number): Old1Fault | undefined {
  const code = bytes[offset + 42]!;
  const ttl = read32(bytes, offset + 32);
  if ((code === CODE.OK) !== n > 0 || !isWireCode(code)) return 'E_OLD_BAD_CODE';
  if (code === CODE.OK || code === CODE.NOT_MODIFIED) {
    if (ttl === 0 || ttl > TTL_MAX) return 'E_OLD_BAD_TTL';
    if (code === CODE.OK) return undefined;
  } else if (ttl !== 0) return 'E_OLD_BAD_TTL';
  return read16(bytes, offset + 6) === 0 && isZero(bytes, offset + 36, offset + 42) ? undefined : 'E_OLD_UNUSED_FIELD';
}

/** Octets of the answer with its locators, 48..240. Precondition of this and all other readers: `check` passed. */
export function readHeaderLength(bytes: Uint8Array, offset: number): number {
  return LENGTH_MIN + bytes[offset + 5]! * locator.LENGTH;
}

/** Tenant. */
export function readTenant(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset);
}

/** Kind of address, see `KIND`. The address is the 16 octets at `offset + 8`. */
export function readKind(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 4]!;
}

/** Number of locators, 0..8. They start at `offset + LENGTH_MIN`. */
export function readLocatorCount(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 5]!;
}

/** Bits of `MAPPING_FLAG`. */
export function readFlags(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 6);
}

/** Version, 0..2^53-1. */
export function readVersion(bytes: Uint8Array, offset: number): number {
  return readUint53(bytes, offset + 24);
}

/** TTL in seconds. */
export function readTtl(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 32);
}

/** Outcome, see `CODE`. */
export function readCode(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 42]!;
}

/**
 * Writes an answer without locators to the question whose record is at `questions[from..]`, without allocating: 48 octets.
 * `version` is that of the delete or of the asker, `ttl` is 0 but for NOT_MODIFIED.
 */
export function writeNegative(
  bytes: Uint8Array,
  offset: number,
  questions: Uint8Array,
  from: number,
  code: number,
  version: number,
  ttl: number,
): void {
  for (let i = 0; i < 24; i++) bytes[offset + i] = questions[from + i]!;
  bytes[offset + 5] = bytes[offset + 6] = bytes[offset + 7] = 0;
  writeUint53(bytes, offset + 24, version);
  write32(bytes, offset + 32, ttl);
  write32(bytes, offset + 36, 0);
  write32(bytes, offset + 40, code << 8);
  write32(bytes, offset + 44, 0);
}

/** Reads an answer. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): Answer {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, PROTOCOL, offset, LENGTH_MIN, end - offset);
  return {
    key: {
      tenant: readTenant(bytes, offset),
      kind: readKind(bytes, offset),
      addr: copyOctets(bytes, offset + 8, ADDRESS_LENGTH),
    },
    code: readCode(bytes, offset),
    version: readVersion(bytes, offset),
    ttl: readTtl(bytes, offset),
    mac: copyOctets(bytes, offset + 36, MAC_LENGTH),
    flags: readFlags(bytes, offset),
    locators: locator.decodeAll(bytes, offset + LENGTH_MIN, readLocatorCount(bytes, offset)),
  };
}

/** Throws unless every field fits its place. @throws CodecError E_FIELD_RANGE */
export function requireRanges(answer: Answer): void {
  requireKey(PROTOCOL, answer.key);
  requireInteger(PROTOCOL, 'code', answer.code, 255);
  requireUint53(PROTOCOL, 'version', answer.version);
  requireInteger(PROTOCOL, 'ttl', answer.ttl, 0xffff_ffff);
  requireOctets(PROTOCOL, 'mac', answer.mac, MAC_LENGTH);
  requireInteger(PROTOCOL, 'flags', answer.flags, 0xffff);
  requireLocators(PROTOCOL, answer.locators);
}

/** Octets that the answer takes on the wire. */
export function lengthOf(answer: Answer): number {
  return LENGTH_MIN + answer.locators.length * locator.LENGTH;
}

/** Writes an answer, unchecked. */
export function write(answer: Answer, out: Uint8Array, offset: number): void {
  write32(out, offset, answer.key.tenant);
  out[offset + 4] = answer.key.kind;
  out[offset + 5] = answer.locators.length;
  write16(out, offset + 6, answer.flags);
  writeOctets(out, offset + 8, answer.key.addr);
  writeUint53(out, offset + 24, answer.version);
  write32(out, offset + 32, answer.ttl);
  writeOctets(out, offset + 36, answer.mac);
  write16(out, offset + 42, answer.code << 8);
  write32(out, offset + 44, 0);
  locator.writeAll(answer.locators, out, offset + LENGTH_MIN);
}

const writer = { PROTOCOL, check, lengthOf, requireRanges, write };

/** Writes the record; returns the offset behind it. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED, as `check` */
export function encodeInto(answer: Answer, out: Uint8Array, offset = 0): number {
  return encodeRecordInto(writer, answer, out, offset);
}

/** Writes the record into new memory. @throws CodecError as `encodeInto` */
export function encode(answer: Answer): Uint8Array<ArrayBuffer> {
  return encodeRecord(writer, answer);
}
