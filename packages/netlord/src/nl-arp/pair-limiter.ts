/** Whether a pair has a turn, and whether it had one shortly before. */
export type PairTurn = 'refused' | 'first' | 'again';

/** After so long a pair is a new one. */
const FORGET_MS = 10_000;

/**
 * Lets a pair through once per interval. Pairs share places by their hash, and a place lets one through: two pairs in one place
 * may wait for each other, which only delays a correction until the next frame asks for it. So the limit holds for any
 * input, as does a total of one per place and interval. The hash is seeded. Memory: 8 octets per place.
 */
export class PairLimiter {
  readonly #intervalMs: number;
  readonly #seed: number;
  readonly #servedMs: Float64Array;

  /** `places`: a power of two. `seed`: any 32 bits. */
  constructor(intervalMs: number, places: number, seed: number) {
    this.#intervalMs = intervalMs;
    this.#seed = seed;
    this.#servedMs = new Float64Array(places).fill(-Infinity);
  }

  /** Takes the turn of the pair whose 32-bit words these are, if it has one at `nowMs`. */
  take(space: number, fromHigh: number, fromLow: number, toHigh: number, toLow: number, nowMs: number): PairTurn {
    const h = mix(mix(mix(mix(this.#seed ^ space, fromLow), toLow), fromHigh), toHigh);
    const place = h & (this.#servedMs.length - 1);
    const sinceMs = nowMs - this.#servedMs[place]!;
    if (sinceMs < this.#intervalMs) return 'refused';
    this.#servedMs[place] = nowMs;
    return sinceMs < FORGET_MS ? 'again' : 'first';
  }
}

function mix(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, 0x85ebca6b);
  return h ^ (h >>> 15);
}
