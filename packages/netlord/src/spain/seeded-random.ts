/**
 * A generator of 32 random bits per call that always gives the same for the same `seed`: for plans that can be made again,
 * never for secrets. A Weyl sequence through the finalizer of MurmurHash3.
 */
export function seededRandom32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let h = state ^ (state >>> 16);
    h = Math.imul(h, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) >>> 0;
  };
}
