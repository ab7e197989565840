const WAYS = 4;
const FORGET_MS = 10_000;

/** Answer of {@link RateLimiter.take}: refused, allowed, or allowed again within the last 10 s. */
export type RateVerdict = 'refused' | 'first' | 'again';

/**
 * At most one message per key and interval, in fixed memory, for keys that an attacker may choose: a set-associative
 * table of when each key was last served. Where it has no room it refuses, so the limit holds for any input and so does
 * a total of `capacity` messages per interval. Two keys are taken for one once in 2^32. Memory: 12 octets x capacity.
 */
export class RateLimiter {
  readonly #intervalMs: number;
  readonly #seed: number;
  readonly #mask: number;
  readonly #prints: Int32Array;
  readonly #servedMs: Float64Array;

  /** `capacity`: a power of two, at least 4. `seed`: any 32 bits. */
  constructor(intervalMs: number, capacity: number, seed: number) {
    this.#intervalMs = intervalMs;
    this.#seed = seed;
    this.#mask = capacity / WAYS - 1;
    this.#prints = new Int32Array(capacity);
    this.#servedMs = new Float64Array(capacity).fill(-Infinity);
  }

  /** Takes the key's turn, if it has one at `nowMs`. The key: 32-bit words, and `network`. */
  take(network: number, high: number, low: number, source: number, nowMs: number): RateVerdict {
    const bucket = mix(mix(mix(mix(this.#seed, low), high), network | 0), source);
    const print = mix(mix(mix(mix(~this.#seed, source), low), network | 0), high);
    const first = (bucket & this.#mask) * WAYS;
    let oldest = first;
    for (let slot = first; slot < first + WAYS; slot++) {
      if (this.#prints[slot] === print && nowMs - this.#servedMs[slot]! < FORGET_MS) {
        if (nowMs - this.#servedMs[slot]! < this.#intervalMs) return 'refused';
        this.#servedMs[slot] = nowMs;
        return 'again';
      }
      if (this.#servedMs[slot]! < this.#servedMs[oldest]!) oldest = slot;
    }
    if (nowMs - this.#servedMs[oldest]! < this.#intervalMs) return 'refused';
    this.#prints[oldest] = print;
    this.#servedMs[oldest] = nowMs;
    return 'first';
  }
}

function mix(hash: number, word: number): number {
  let h = Math.imul(hash ^ word, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
