/**
 * Locator of OLD/1, 24 octets:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |     Kind      | Encapsulation |             Port              |
 *     |                            Label                              |
 *     |                         Address (128)                         |
 */
import { copyOctets, read16, read32, write16, write32, writeOctets } from '@overlane/wire';
import type { Locator } from '../model.js';
import { ENCAPSULATION } from './constants.js';
import { encodeRecord, encodeRecordInto, requireLocator } from './encode.js';
import { type Old1Fault, refused } from './faults.js';
import { ADDRESS_LENGTH, checkAddress } from './octets.js';

/** Protocol name. */
export const PROTOCOL = 'old1-locator';
/** Octets of the record. */
export const LENGTH = 24;

/** Says why `bytes[offset..end)` can't start with a locator, or `undefined` if it can. Never throws or allocates. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): Old1Fault | undefined {
  if (end - offset < LENGTH) return 'E_OLD_TRUNCATED';
  const encap = bytes[offset + 1]!;
  if (encap < ENCAPSULATION.IP_IN_IP || encap > ENCAPSULATION.GENEVE) return 'E_OLD_BAD_ENCAPSULATION';
  return checkAddress(bytes, offset + 8, bytes[offset]!);
}

/** Octets of the record: always 24. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return LENGTH;
}

/** Kind of address, see `KIND`. Precondition of this and all other readers: `check` passed. */
export function readKind(bytes: Uint8Array, offset: number): number {
  return bytes[offset]!;
}

/** Encapsulation, see `ENCAPSULATION`. */
export function readEncap(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 1]!;
}

/** Port of the tunnel, 0 for its default. */
export function readPort(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 2);
}

/** Logical egress port. */
export function readLabel(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 4);
}

/** Reads a locator. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): Locator {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, PROTOCOL, offset, LENGTH, end - offset);
  return {
    kind: readKind(bytes, offset),
    encap: readEncap(bytes, offset),
    port: readPort(bytes, offset),
    label: readLabel(bytes, offset),
    addr: copyOctets(bytes, offset + 8, ADDRESS_LENGTH),
  };
}

/** Writes a locator, unchecked. */
export function write(locator: Locator, out: Uint8Array, offset: number): void {
  out[offset] = locator.kind;
  out[offset + 1] = locator.encap;
  write16(out, offset + 2, locator.port);
  write32(out, offset + 4, locator.label);
  writeOctets(out, offset + 8, locator.addr);
}

/** Why one of `n` locators at `offset` is none, or `undefined`. Precondition: there are `n * LENGTH` octets. */
export function checkAll(bytes: Uint8Array, offset: number, n: number): Old1Fault | undefined {
  for (let i = 0; i < n; i++) {
    const fault = check(bytes, offset + i * LENGTH, offset + (i + 1) * LENGTH);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Reads `n` locators that stand one behind the other. */
export function decodeAll(bytes: Uint8Array, offset: number, n: number): Locator[] {
  return Array.from({ length: n }, (_, i) => decode(bytes, offset + i * LENGTH));
}

/** Writes locators one behind the other, unchecked. */
export function writeAll(locators: readonly Locator[], out: Uint8Array, offset: number): void {
  locators.forEach((locator, i) => write(locator, out, offset + i * LENGTH));
}

/** Throws unless every field fits its place. @throws CodecError E_FIELD_RANGE */
export function requireRanges(locator: Locator): void {
  requireLocator(PROTOCOL, locator);
}

const writer = { PROTOCOL, check, lengthOf: () => LENGTH, requireRanges, write };

/** Writes the record; returns the offset behind it. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED, as `check` */
export function encodeInto(locator: Locator, out: Uint8Array, offset = 0): number {
  return encodeRecordInto(writer, locator, out, offset);
}

/** Writes the record into new memory. @throws CodecError as `encodeInto` */
export function encode(locator: Locator): Uint8Array<ArrayBuffer> {
  return encodeRecord(writer, locator);
}
