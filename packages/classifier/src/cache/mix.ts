const GOLDEN = 0x9e37_79b1;

/**
 * The share of one word in a hash: two multiplications, the second by a number that depends on the seed of the word.
 * Shares are added, so they may be computed in any order and kept; the high bits of a sum are the good ones.
 */
export function mix(word: number, seed: number): number {
  const product = Math.imul(word ^ seed, GOLDEN);
  return Math.imul(product ^ (product >>> 15), seed | 1);
}
