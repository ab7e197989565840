/**
 * Fields that several records share. 64-bit versions, revisions and owners are plain numbers in 0..2^53-1: what the wire
 * can say beyond is refused. At a million writes a second a store needs 285 years to get there, and a number costs a
 * question no allocation, compares with `<` and prints as JSON, which neither a bigint nor a pair of halves does.
 * Transaction ids use all 64 bits and are only ever compared, so they are two 32-bit halves.
 */
import { read32, write32 } from '@overlane/wire';
import { KIND } from './constants.js';
import type { Old1Fault } from './faults.js';

const TWO_32 = 0x1_0000_0000;
const HIGH_MAX = 0x1f_ffff;

/** Octets of an address field. */
export const ADDRESS_LENGTH = 16;

/** True if the 64-bit field at `offset` is above 2^53-1. */
export function exceedsUint53(bytes: Uint8Array, offset: number): boolean {
  return read32(bytes, offset) > HIGH_MAX;
}

/** The 64-bit field at `offset`, 0..2^53-1. Precondition: `exceedsUint53` is false. */
export function readUint53(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset) * TWO_32 + read32(bytes, offset + 4);
}

/** Writes `value`, 0..2^53-1, as a 64-bit field. */
export function writeUint53(bytes: Uint8Array, offset: number, value: number): void {
  write32(bytes, offset, Math.floor(value / TWO_32));
  write32(bytes, offset + 4, value >>> 0);
}

/** True if all of `bytes[offset..end)` is zero. */
export function isZero(bytes: Uint8Array, offset: number, end: number): boolean {
  for (let i = offset; i < end; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Why the 16 octets at `offset` are no address of this kind, or `undefined`: short ones stand at the end, behind zeros. */
export function checkAddress(bytes: Uint8Array, offset: number, kind: number): Old1Fault | undefined {
  switch (kind) {
    case KIND.IPV4:
      return isZero(bytes, offset, offset + 12) ? undefined : 'E_OLD_BAD_ADDRESS';
    case KIND.IPV6:
      return undefined;
    case KIND.MAC:
      return isZero(bytes, offset, offset + 10) ? undefined : 'E_OLD_BAD_ADDRESS';
    default:
      return 'E_OLD_BAD_KIND';
  }
}
