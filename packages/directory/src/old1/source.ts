/**
 * Source of a lookup: who asks. 24 octets:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |                            Tenant                             |
 *     |     Kind      |                 Reserved (0)                  |
 *     |                         Address (128)                         |
 *
 * Kind 0 is the infrastructure: a host that asks for itself. Then tenant and address are zero.
 */
import { copyOctets, read32, write32, writeOctets } from '@overlane/wire';
import type { MappingKey } from '../model.js';
import { KIND } from './constants.js';
import { encodeRecord, encodeRecordInto, requireKey } from './encode.js';
import { type Old1Fault, refused } from './faults.js';
import { ADDRESS_LENGTH, checkAddress, isZero } from './octets.js';

/** Protocol name. */
export const PROTOCOL = 'old1-source';
/** Octets of the record. */
export const LENGTH = 24;
/** The source of a host that asks for itself. */
export const INFRASTRUCTURE: MappingKey = {
  tenant: 0,
  kind: KIND.INFRASTRUCTURE,
  addr: new Uint8Array(ADDRESS_LENGTH),
};

/** Says why `bytes[offset..end)` can't start with a source, or `undefined` if it can. Never throws or allocates. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): Old1Fault | undefined {
  if (end - offset < LENGTH) return 'E_OLD_TRUNCATED';
  if (!isZero(bytes, offset + 5, offset + 8)) return 'E_OLD_RESERVED';
  const kind = bytes[offset + 4]!;
  if (kind !== KIND.INFRASTRUCTURE) return checkAddress(bytes, offset + 8, kind);
  if (read32(bytes, offset) !== 0) return 'E_OLD_UNUSED_FIELD';
  return isZero(bytes, offset + 8, offset + LENGTH) ? undefined : 'E_OLD_BAD_ADDRESS';
}

/** Octets of the record: always 24. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return LENGTH;
}

/** Tenant. Precondition of this and all other readers: `check` passed. */
export function readTenant(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset);
}

/** Kind of address, 0..3, see `KIND`. */
export function readKind(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 4]!;
}

/** Reads a source. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): MappingKey {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, PROTOCOL, offset, LENGTH, end - offset);
  return {
    tenant: readTenant(bytes, offset),
    kind: readKind(bytes, offset),
    addr: copyOctets(bytes, offset + 8, ADDRESS_LENGTH),
  };
}

/** Writes a source, unchecked. */
export function write(source: MappingKey, out: Uint8Array, offset: number): void {
  write32(out, offset, source.tenant);
  write32(out, offset + 4, source.kind << 24);
  writeOctets(out, offset + 8, source.addr);
}

/** Throws unless every field fits its place. @throws CodecError E_FIELD_RANGE */
export function requireRanges(source: MappingKey): void {
  requireKey(PROTOCOL, source);
}

const writer = { PROTOCOL, check, lengthOf: () => LENGTH, requireRanges, write };

/** Writes the record; returns the offset behind it. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED, as `check` */
export function encodeInto(source: MappingKey, out: Uint8Array, offset = 0): number {
  return encodeRecordInto(writer, source, out, offset);
}

/** Writes the record into new memory. @throws CodecError as `encodeInto` */
export function encode(source: MappingKey): Uint8Array<ArrayBuffer> {
  return encodeRecord(writer, source);
}
