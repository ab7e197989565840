import type { IpAddress } from '@overlane/wire';

/** A keyed hash of an address and a number, 32 bits signed. Not a cryptographic one. */
export function hashWords(seed: number, address: IpAddress, word: number): number {
  let hash = stir(stir(seed, word), address.word0);
  if (address.family === 6) hash = stir(stir(stir(hash, address.word1), address.word2), address.word3);
  hash ^= hash >>> 16;
  return Math.imul(hash, 0x45d9f3b) ^ (hash >>> 13);
}

function stir(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
