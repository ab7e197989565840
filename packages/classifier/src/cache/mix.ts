const WORD_BITS = 63;

/**
 * The share of one word in a hash: two multiplications, the second by a number that depends on the seed of the word.
 * Shares are added, so they may be computed in any order and kept; the high bits of a sum are the good ones.
 */
export function mix(word: number, seed: number): number {
  const product = Math.imul(word ^ seed, 0x9e37_79b1);
  return Math.imul(product ^ (product >>> 15), seed | 1);
}

/** Seeds for the words of a key: random, but for the low six bits, which say which word it is. One load instead of two. */
export function makeSeeds(words: number, next: () => number): Int32Array {
  return new Int32Array(words).map((_, word) => (next() & ~WORD_BITS) | word);
}
