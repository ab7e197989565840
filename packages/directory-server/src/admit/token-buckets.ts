/**
 * Rates per sender in a fixed array: many senders cost no more memory than few. Two that fall on one bucket share its rate,
 * so nobody ever gets more than the rate, however many names it invents.
 */

/** What the buckets allow. */
export interface TokenBucketsOptions {
  /** Tokens that come back per second. */
  readonly perSecond: number;
  /** Most tokens in a bucket. Default: those of one second, at least 1. */
  readonly burst?: number;
  /** Number of buckets, rounded up to a power of two. Default 4,096. */
  readonly buckets?: number;
}

/** A row of token buckets, full at first. */
export class TokenBuckets {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #mask: number;
  readonly #spent: Float64Array;
  readonly #lastMs: Float64Array;

  /** Full buckets. */
  constructor({ perSecond, burst = Math.max(1, perSecond), buckets = 4096 }: TokenBucketsOptions) {
    const size = 2 ** Math.ceil(Math.log2(buckets));
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#mask = size - 1;
    this.#spent = new Float64Array(size);
    this.#lastMs = new Float64Array(size);
  }

  /** Takes a token from the bucket of `sender` (an integer, of which the low bits choose), unless there is none. */
  take(sender: number, nowMs: number): boolean {
    const bucket = sender & this.#mask;
    // A clock that goes back gives nothing.
    const passedMs = Math.max(0, nowMs - this.#lastMs[bucket]!);
    const spent = Math.max(0, this.#spent[bucket]! - passedMs * this.#perMs);
    this.#lastMs[bucket] = nowMs;
    const isFree = spent + 1 <= this.#burst;
    this.#spent[bucket] = isFree ? spent + 1 : spent;
    return isFree;
  }
}
