/**
 * HalfSipHash-2-4 with 32 bits out (Aumasson and Bernstein, "SipHash: a fast short-input PRF", and the authors' reference
 * implementation): a keyed hash of 32-bit words, which JavaScript can do without bigint. Who does not know the key can't
 * choose addresses that fall on one slot.
 */

/** Key of the hash: two words, drawn afresh for each process. */
export type HashSeed = readonly [number, number];

const INITIAL_V2 = 0x6c796765;
const INITIAL_V3 = 0x74656462;

/**
 * The hash of `words` little-endian words at `bytes[offset..]`, as a signed 32-bit integer. Only the bits of
 * `secondWordMask` count in the second word, -1 for all.
 */
export function halfSipHash(
  bytes: Uint8Array,
  offset: number,
  words: number,
  [key0, key1]: HashSeed,
  secondWordMask: number,
): number {
  let v0 = key0;
  let v1 = key1;
  let v2 = INITIAL_V2 ^ key0;
  let v3 = INITIAL_V3 ^ key1;
  // All words, the length, and the end, which has no word and four rounds.
  for (let i = 0; i <= words + 1; i++) {
    let word = 0;
    let rounds = 2;
    if (i < words) {
      const at = offset + 4 * i;
      word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      if (i === 1) word &= secondWordMask;
    } else if (i === words) {
      word = words << 26;
    } else {
      v2 ^= 0xff;
      rounds = 4;
    }
    v3 ^= word;
    for (let round = 0; round < rounds; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    v0 ^= word;
  }
  return v1 ^ v3;
}
