/**
 * Body of PONG: how a lookup server is. 20 octets:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |                         Stamp (96) ...                        |
 *     |                           Lag (ms)                            |
 *     |         Load (permille)       |         Reserved (0)          |
 */
import { read16, read32, requireInteger, write16, write32 } from '@overlane/wire';
import type { StoreStamp } from '../model.js';
import { encodeRecord, encodeRecordInto } from './encode.js';
import { type Old1Fault, refused } from './faults.js';
import * as stamp from './stamp.js';

/** Protocol name. */
export const PROTOCOL = 'old1-pong';
/** Octets of the record. */
export const LENGTH = 20;

/** How a lookup server is. */
export interface ServerState {
  /** How far it has followed its store. */
  readonly stamp: StoreStamp;
  /** Time since it last heard from the store, in ms, 0..2^32-1. */
  readonly lagMs: number;
  /** Share of its time that it is busy, in permille, 0..65,535. */
  readonly loadPermille: number;
}

/** Says why `bytes[offset..end)` can't start with the body of PONG, or `undefined` if it can. */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): Old1Fault | undefined {
  if (end - offset < LENGTH) return 'E_OLD_TRUNCATED';
  return read16(bytes, offset + 18) !== 0 ? 'E_OLD_RESERVED' : stamp.check(bytes, offset, end);
}

/** Octets of the record: always 20. */
export function readHeaderLength(_bytes: Uint8Array, _offset: number): number {
  return LENGTH;
}

/** Lag in ms. Precondition of this and all other readers: `check` passed. */
export function readLagMs(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 12);
}

/** Load in permille. */
export function readLoadPermille(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 16);
}

/** Reads the body. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): ServerState {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, PROTOCOL, offset, LENGTH, end - offset);
  return {
    stamp: stamp.decode(bytes, offset, end),
    lagMs: readLagMs(bytes, offset),
    loadPermille: readLoadPermille(bytes, offset),
  };
}

/** Throws unless every field fits its place. @throws CodecError E_FIELD_RANGE */
export function requireRanges(state: ServerState): void {
  stamp.requireRanges(state.stamp);
  requireInteger(PROTOCOL, 'lagMs', state.lagMs, 0xffff_ffff);
  requireInteger(PROTOCOL, 'loadPermille', state.loadPermille, 0xffff);
}

/** Writes the body, unchecked. */
export function write(state: ServerState, out: Uint8Array, offset: number): void {
  stamp.write(state.stamp, out, offset);
  write32(out, offset + 12, state.lagMs);
  write16(out, offset + 16, state.loadPermille);
  write16(out, offset + 18, 0);
}

const writer = { PROTOCOL, check, lengthOf: () => LENGTH, requireRanges, write };

/** Writes the record; returns the offset behind it. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED, as `check` */
export function encodeInto(state: ServerState, out: Uint8Array, offset = 0): number {
  return encodeRecordInto(writer, state, out, offset);
}

/** Writes the record into new memory. @throws CodecError as `encodeInto` */
export function encode(state: ServerState): Uint8Array<ArrayBuffer> {
  return encodeRecord(writer, state);
}
