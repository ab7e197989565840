import type { FlowCacheLimits } from './options.js';

/** Of a hash, for its place in the second row: what fell together in the first does not here. */
const SECOND_ROW = 0x85eb_ca6b;

/** Sums of parts of tokens are not exact. */
const ROUNDING = 1e-6;

/**
 * How often each partition may have answers cached: a token bucket for each, so that one whose packets all miss can't keep
 * everyone's time and room. A bucket outlives its partition, so one that goes and comes finds it as it was.
 *
 * Memory does not grow with the partitions: buckets stand in two rows, and each partition has one in either, by its hash. It
 * is refused when both are empty; so two partitions share a limit only if they meet in both rows.
 */
export class UpcallLimit {
  /** Tokens missing in each bucket, and at what time. */
  readonly #missing: Float64Array;
  readonly #atMs: Float64Array;
  readonly #rowLength: number;
  readonly #shift: number;
  readonly #tokensPerMs: number;
  readonly #burst: number;

  /** All buckets are full. 256 KiB for 4096 partitions. */
  constructor({ upcall, megaflow }: Pick<FlowCacheLimits, 'upcall' | 'megaflow'>) {
    this.#shift = Math.clz32(megaflow.maxPartitions);
    this.#rowLength = upcall === false ? 0 : 2 ** (32 - this.#shift);
    this.#missing = new Float64Array(2 * this.#rowLength);
    this.#atMs = new Float64Array(2 * this.#rowLength);
    this.#tokensPerMs = upcall === false ? 0 : upcall.ratePerSecond / 1000;
    this.#burst = upcall === false ? 0 : upcall.burst;
  }

  /** Takes a token of the partition with that hash; false if there is none. At time 0, that of no clock, there always is. */
  admits(hash: number, nowMs: number): boolean {
    if (this.#rowLength === 0 || nowMs === 0) return true;
    const isInFirst = this.#take(hash >>> this.#shift, nowMs);
    const isInSecond = this.#take(this.#rowLength + (Math.imul(hash, SECOND_ROW) >>> this.#shift), nowMs);
    return isInFirst || isInSecond;
  }

  #take(bucket: number, nowMs: number): boolean {
    // A clock that was set back brings nothing.
    const pausedMs = Math.max(0, nowMs - this.#atMs[bucket]!);
    const missing = Math.max(0, this.#missing[bucket]! - pausedMs * this.#tokensPerMs);
    const isThere = missing + 1 <= this.#burst + ROUNDING;
    this.#missing[bucket] = isThere ? missing + 1 : missing;
    this.#atMs[bucket] = nowMs;
    return isThere;
  }
}
