/**
 * Change of an update, 56 octets and 24 for each of n locators:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |   Operation   |     Kind      |       n       | Reserved (0)  |
 *     |                            Tenant                             |
 *     |                         Address (128)                         |
 *     |                     Expected version (64)                     |
 *     |                          Owner (64)                           |
 *     |                           TTL (s)                             |
 *     |                           MAC (48)                            |
 *     |              ...              |             Flags             |
 *     |                         Reserved (0)                          |
 *     |                       n x Locator (192)                       |
 *
 * What an operation doesn't use is zero: the expected version but for PUT_IF and DELETE_IF; TTL, MAC and flags of MOVE,
 * which keeps what is there; all of them, the owner and the locators of DELETE and DELETE_IF.
 */
import { MAC_LENGTH, copyOctets, read16, read32, requireInteger, requireOctets } from '@overlane/wire';
import { write16, write32, writeOctets } from '@overlane/wire';
import type { Locator, MappingKey } from '../model.js';
import { FLAGS_MAX } from './answer.js';
import { LOCATORS_MAX, OPERATION, TTL_MAX } from './constants.js';
import { encodeRecord, encodeRecordInto, requireKey, requireLocators, requireUint53 } from './encode.js';
import { type Old1Fault, refused } from './faults.js';
import * as locator from './locator.js';
import { ADDRESS_LENGTH, checkAddress, exceedsUint53, isZero, readUint53, writeUint53 } from './octets.js';

/** Protocol name. */
export const PROTOCOL = 'old1-change';
/** Octets in front of the locators. */
export const LENGTH_MIN = 56;

/** One change of the directory. */
export interface Change {
  /** What to do, see `OPERATION`. */
  readonly op: number;
  /** Which address. */
  readonly key: MappingKey;
  /** Version that must be there, for PUT_IF and DELETE_IF; 0 if there must be none, and for the others. */
  readonly expectVersion: number;
  /** Host that owns the mapping from now on; 0 for deletes. */
  readonly owner: number;
  /** Life of answers, 1..86,400 s, for PUT and PUT_IF; else 0. */
  readonly ttl: number;
  /** MAC that the ARP proxy answers, 6 octets; zero but for PUT and PUT_IF. */
  readonly mac: Uint8Array;
  /** Bits of `MAPPING_FLAG`; 0 but for PUT and PUT_IF. */
  readonly flags: number;
  /** Where the address is from now on: 1..8 places; none for deletes. */
  readonly locators: readonly Locator[];
}

/** Says why `bytes[offset..end)` can't start with a change, or `undefined` if it can. Never throws or allocates. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): Old1Fault | undefined {
  if (end - offset < LENGTH_MIN) return 'E_OLD_TRUNCATED';
  const op = bytes[offset]!;
  if (op < OPERATION.PUT || op > OPERATION.MOVE) return 'E_OLD_BAD_OPERATION';
  const n = bytes[offset + 2]!;
  if (n > LOCATORS_MAX || n > 0 === isDelete(op)) return 'E_OLD_BAD_LOCATOR_COUNT';
  if (end - offset < readHeaderLength(bytes, offset)) return 'E_OLD_TRUNCATED';
  if (bytes[offset + 3] !== 0 || read32(bytes, offset + 52) !== 0) return 'E_OLD_RESERVED';
  if (read16(bytes, offset + 50) > FLAGS_MAX) return 'E_OLD_BAD_FLAGS';
  if (exceedsUint53(bytes, offset + 24) || exceedsUint53(bytes, offset + 32)) return 'E_OLD_INTEGER_RANGE';
  const fault = checkUse(bytes, offset, op) ?? checkAddress(bytes, offset + 8, bytes[offset + 1]!);
  return fault ?? locator.checkAll(bytes, offset + LENGTH_MIN, n);
}

/** Each operation has the fields it uses, and no others. */
function checkUse(bytes: Uint8Array, offset: number, op: number): Old1Fault | undefined {
  const conditional = op === OPERATION.PUT_IF || op === OPERATION.DELETE_IF;
  if (!conditional && !isZero(bytes, offset + 24, offset + 32)) return 'E_OLD_UNUSED_FIELD';
  if (op === OPERATION.PUT || op === OPERATION.PUT_IF) {
    const ttl = read32(bytes, offset + 40);
    return ttl === 0 || ttl > TTL_MAX ? 'E_OLD_BAD_TTL' : undefined;
  }
  const unused = isDelete(op) ? 32 : 40;
  return isZero(bytes, offset + unused, offset + 52) ? undefined : 'E_OLD_UNUSED_FIELD';
}

function isDelete(op: number): boolean {
  return op === OPERATION.DELETE || op === OPERATION.DELETE_IF;
}

/** Octets of the change with its locators, 56..248. Precondition of this and all other readers: `check` passed. */
export function readHeaderLength(bytes: Uint8Array, offset: number): number {
  return LENGTH_MIN + bytes[offset + 2]! * locator.LENGTH;
}

/** What to do, see `OPERATION`. */
export function readOperation(bytes: Uint8Array, offset: number): number {
  return bytes[offset]!;
}

/** Kind of address, see `KIND`. The address is the 16 octets at `offset + 8`. */
export function readKind(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1]!;
}

/** Tenant. */
export function readTenant(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 4);
}

/** Version that must be there, 0..2^53-1. */
export function readExpectVersion(bytes: Uint8Array, offset: number): number {
  return readUint53(bytes, offset + 24);
}

/** New owner, 0..2^53-1. */
export function readOwner(bytes: Uint8Array, offset: number): number {
  return readUint53(bytes, offset + 32);
}

/** TTL in seconds. */
export function readTtl(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 40);
}

/** Bits of `MAPPING_FLAG`. */
export function readFlags(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 50);
}

/** Reads a change. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): Change {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, PROTOCOL, offset, LENGTH_MIN, end - offset);
  return {
    op: readOperation(bytes, offset),
    key: {
      tenant: readTenant(bytes, offset),
      kind: readKind(bytes, offset),
      addr: copyOctets(bytes, offset + 8, ADDRESS_LENGTH),
    },
    expectVersion: readExpectVersion(bytes, offset),
    owner: readOwner(bytes, offset),
    ttl: readTtl(bytes, offset),
    mac: copyOctets(bytes, offset + 44, MAC_LENGTH),
    flags: readFlags(bytes, offset),
    locators: locator.decodeAll(bytes, offset + LENGTH_MIN, bytes[offset + 2]!),
  };
}

/** Throws unless every field fits its place. @throws CodecError E_FIELD_RANGE */
export function requireRanges(change: Change): void {
  requireInteger(PROTOCOL, 'op', change.op, 255);
  requireKey(PROTOCOL, change.key);
  requireUint53(PROTOCOL, 'expectVersion', change.expectVersion);
  requireUint53(PROTOCOL, 'owner', change.owner);
  requireInteger(PROTOCOL, 'ttl', change.ttl, 0xffff_ffff);
  requireOctets(PROTOCOL, 'mac', change.mac, MAC_LENGTH);
  requireInteger(PROTOCOL, 'flags', change.flags, 0xffff);
  requireLocators(PROTOCOL, change.locators);
}

/** Octets that the change takes on the wire. */
export function lengthOf(change: Change): number {
  return LENGTH_MIN + change.locators.length * locator.LENGTH;
}

/** Writes a change, unchecked. */
export function write(change: Change, out: Uint8Array, offset: number): void {
  out[offset] = change.op;
  out[offset + 1] = change.key.kind;
  out[offset + 2] = change.locators.length;
  out[offset + 3] = 0;
  write32(out, offset + 4, change.key.tenant);
  writeOctets(out, offset + 8, change.key.addr);
  writeUint53(out, offset + 24, change.expectVersion);
  writeUint53(out, offset + 32, change.owner);
  write32(out, offset + 40, change.ttl);
  writeOctets(out, offset + 44, change.mac);
  write16(out, offset + 50, change.flags);
  write32(out, offset + 52, 0);
  locator.writeAll(change.locators, out, offset + LENGTH_MIN);
}

const writer = { PROTOCOL, check, lengthOf, requireRanges, write };

/** Writes the record; returns the offset behind it. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED, as `check` */
export function encodeInto(change: Change, out: Uint8Array, offset = 0): number {
  return encodeRecordInto(writer, change, out, offset);
}

/** Writes the record into new memory. @throws CodecError as `encodeInto` */
export function encode(change: Change): Uint8Array<ArrayBuffer> {
  return encodeRecord(writer, change);
}
