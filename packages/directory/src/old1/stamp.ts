/**
 * Stamp of a reply: how far the server has followed its store. 12 octets:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |                             Epoch                             |
 *     |                         Revision (64)                         |
 */
import { read32, requireInteger, write32 } from '@overlane/wire';
import type { StoreStamp } from '../model.js';
import { encodeRecord, encodeRecordInto, requireUint53 } from './encode.js';
import { type Old1Fault, refused } from './faults.js';
import { exceedsUint53, readUint53, writeUint53 } from './octets.js';

/** Protocol name. */
export const PROTOCOL = 'old1-stamp';
/** Octets of the record. */
export const LENGTH = 12;

/** Says why `bytes[offset..end)` can't start with a stamp, or `undefined` if it can. Never throws or allocates. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): Old1Fault | undefined {
  if (end - offset < LENGTH) return 'E_OLD_TRUNCATED';
  return exceedsUint53(bytes, offset + 4) ? 'E_OLD_INTEGER_RANGE' : undefined;
}

/** Octets of the record: always 12. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return LENGTH;
}

/** Epoch of the store. Precondition of this and all other readers: `check` passed. */
export function readEpoch(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset);
}

/** Last revision applied, 0..2^53-1. */
export function readRevision(bytes: Uint8Array, offset: number): number {
  return readUint53(bytes, offset + 4);
}

/** Writes all 12 octets, unchecked and without allocating. */
export function writeStamp(bytes: Uint8Array, offset: number, epoch: number, revision: number): void {
  write32(bytes, offset, epoch);
  writeUint53(bytes, offset + 4, revision);
}

/** Reads a stamp. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): StoreStamp {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, PROTOCOL, offset, LENGTH, end - offset);
  return { epoch: readEpoch(bytes, offset), revision: readRevision(bytes, offset) };
}

/** Throws unless every field fits its place. @throws CodecError E_FIELD_RANGE */
export function requireRanges(stamp: StoreStamp): void {
  requireInteger(PROTOCOL, 'epoch', stamp.epoch, 0xffff_ffff);
  requireUint53(PROTOCOL, 'revision', stamp.revision);
}

/** Writes a stamp, unchecked. */
export function write(stamp: StoreStamp, out: Uint8Array, offset: number): void {
  writeStamp(out, offset, stamp.epoch, stamp.revision);
}

const writer = { PROTOCOL, check, lengthOf: () => LENGTH, requireRanges, write };

/** Writes the record; returns the offset behind it. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED, as `check` */
export function encodeInto(stamp: StoreStamp, out: Uint8Array, offset = 0): number {
  return encodeRecordInto(writer, stamp, out, offset);
}

/** Writes the record into new memory. @throws CodecError as `encodeInto` */
export function encode(stamp: StoreStamp): Uint8Array<ArrayBuffer> {
  return encodeRecord(writer, stamp);
}
