import { mix } from './mix.js';
import type { FlowCacheLimits } from './options.js';

/** Masks that are watched at once. */
const ROWS = 1024;
/** Of so many megaflows one must have had a second packet. */
const USED_SHARE = 20;

/**
 * Watches which masks are worth having. If of `dampAfter` megaflows of a mask that were evicted or went idle all but a
 * twentieth never had a second packet, as with a scan of addresses, the mask only makes searches longer: it is *demoted*, and
 * for `dampMs` new megaflows that would have it take the widest mask of their partition instead. That only adds bits.
 *
 * Masks are known by hashes, one row of a table for each. Two that share a row take it from each other, which forgets a count;
 * two with one hash share the count, which may demote one too many. Either is safe.
 */
export class MaskDamping {
  /** Masks demoted so far, and megaflows that took a wider mask for it. */
  demotions = 0;
  damped = 0;
  readonly #seeds: Int32Array;
  readonly #after: number;
  readonly #forMs: number;
  readonly #tags = new Int32Array(ROWS);
  /** Megaflows of a mask that went, and those of them with one packet or none. */
  readonly #gone = new Int32Array(ROWS);
  readonly #unused = new Int32Array(ROWS);
  readonly #untilMs = new Float64Array(ROWS).fill(-Infinity);
  /** When the last demotion will end: mostly in the past. */
  #allUntilMs = -Infinity;

  /** No mask is demoted. `seeds` has one number per word of a mask. */
  constructor(seeds: Int32Array, { dampAfter, dampMs }: FlowCacheLimits['megaflow']) {
    this.#seeds = seeds;
    this.#after = dampAfter;
    this.#forMs = dampMs;
  }

  /** Whether the mask that begins at `masks[start]` is demoted in the partition with that hash. */
  isDemoted(partition: number, masks: Int32Array, start: number, nowMs: number): boolean {
    if (nowMs >= this.#allUntilMs) return false;
    const tag = this.#tagOf(partition, masks, start);
    return this.#tags[tag >>> 22] === tag && this.#isHeld(tag >>> 22, nowMs);
  }

  /** Notes that a megaflow of a mask went, after so many packets. */
  noteGone(partition: number, masks: Int32Array, start: number, packets: number, nowMs: number): void {
    if (this.#after === 0) return;
    const tag = this.#tagOf(partition, masks, start);
    const row = tag >>> 22;
    // What goes of a demoted mask was made before.
    if (this.#isHeld(row, nowMs)) return;
    if (this.#tags[row] !== tag) {
      this.#tags[row] = tag;
      this.#gone[row] = 0;
      this.#unused[row] = 0;
    }
    const gone = ++this.#gone[row]!;
    if (packets < 2) this.#unused[row]!++;
    if (gone < this.#after) return;
    if (USED_SHARE * (gone - this.#unused[row]!) < gone) {
      this.#untilMs[row] = nowMs + this.#forMs;
      this.#allUntilMs = Math.max(this.#allUntilMs, this.#untilMs[row]!);
      this.demotions++;
    }
    this.#gone[row] = 0;
    this.#unused[row] = 0;
  }

  /** Whether the mask of a row is demoted; not if that would be for longer than it can be, as when the clock was set back. */
  #isHeld(row: number, nowMs: number): boolean {
    const leftMs = this.#untilMs[row]! - nowMs;
    return leftMs > 0 && leftMs <= this.#forMs;
  }

  #tagOf(partition: number, masks: Int32Array, start: number): number {
    let tag = partition;
    for (let word = 0; word < this.#seeds.length; word++) {
      const bits = masks[start + word]!;
      if (bits !== 0) tag = (tag + mix(bits, this.#seeds[word]!)) | 0;
    }
    return tag;
  }
}
