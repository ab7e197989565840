const { imul } = Math;

/** A source of numbers in [0, 1), evenly spread, such as `Math.random` or {@link createRandom}. */
export type Random = () => number;

/** Numbers that look random and are the same for the same 32-bit seed (xoshiro128**, Blackman and Vigna 2018). */
export function createRandom(seed: number): Random {
  // The state must not be zero and should differ in many bits for near seeds (SplitMix32).
  let mixed = seed | 0;
  const [a, b, c, d] = [0, 1, 2, 3].map(() => {
    mixed = (mixed + 0x9e37_79b9) | 0;
    const first = imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    const second = imul(first ^ (first >>> 13), 0xc2b2_ae35);
    return second ^ (second >>> 16);
  });
  let [s0, s1, s2, s3] = [a! | 1, b!, c!, d!];
  return () => {
    const product = imul(s1, 5);
    const result = imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = (s3 << 11) | (s3 >>> 21);
    return result / 0x1_0000_0000;
  };
}

/** An integer in `lo..hi`, both included; up to 2^32 apart. */
export function integerBetween(random: Random, lo: number, hi: number): number {
  return lo + Math.floor(random() * (hi - lo + 1));
}

/** Something to draw from, each with its weight; weights need not add up to 1. */
export type Weighted<T> = readonly (readonly [value: T, weight: number])[];

/** A function that draws from `choices` by weight. Each draw costs O(log n). */
export function weightedDraw<T>(choices: Weighted<T>): (random: Random) => T {
  const sums: number[] = [];
  let total = 0;
  for (const [, weight] of choices) sums.push((total += weight));
  return (random) => {
    const wanted = random() * total;
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (sums[middle]! > wanted) high = middle;
      else low = middle + 1;
    }
    return choices[low]![0];
  };
}

/** A number of at least `scale` from a Pareto distribution: few are large, and they are very large. */
export function pareto(random: Random, shape: number, scale: number): number {
  return scale / (1 - random()) ** (1 / shape);
}
