/**
 * What the table keeps of a key: the octets of its Answer, ready to be copied into a reply, and behind them what no answer
 * tells.
 *
 *     offset            field
 *     0                 Answer of OLD/1: 48 octets and 24 for each locator; its version is at 24
 *     48 + 24 n         owner (64), 0 in a tombstone
 *     48 + 24 n + 8     when a tombstone may go, in seconds of the server's clock (32)
 *     48 + 24 n + 12    state (8), number of the last scan that met it (8), two spare octets
 */
import { read32, write32 } from '@overlane/wire';

/** Octets of an Answer without locators. */
export const ANSWER_LENGTH = 48;
/** Octets of a locator. */
export const LOCATOR_LENGTH = 24;
/** Octets behind the Answer. */
export const TAIL_LENGTH = 16;

/** Where the fields of an Answer stand. */
export const ANSWER_FIELD = {
  TENANT: 0,
  KIND: 4,
  COUNT: 5,
  FLAGS: 6,
  ADDR: 8,
  VERSION: 24,
  TTL: 32,
  MAC: 36,
  CODE: 42,
} as const;

/** What a record is. */
export const STATE = { FREE: 0, LIVE: 1, TOMBSTONE: 2 } as const;

const TWO_32 = 0x1_0000_0000;

/** The 64-bit integer at `offset`, exact in 0..2^53-1. */
export function readUint64(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset) * TWO_32 + read32(bytes, offset + 4);
}

/** Writes an integer in 0..2^53-1 as 64 bits. */
export function writeUint64(bytes: Uint8Array, offset: number, value: number): void {
  write32(bytes, offset, Math.floor(value / TWO_32));
  write32(bytes, offset + 4, value >>> 0);
}
