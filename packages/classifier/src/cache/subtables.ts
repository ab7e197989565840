import { mix } from './mix.js';
import type { Xorshift } from './xorshift.js';

/** Words of a plan before its pairs: the salt, and where the pairs end that are hashed besides the first ones, and all. */
const HEADER_WORDS = 3;
/** Pairs that are always hashed, the first of a plan; and how many pairs there are is even. */
const HASHED = 4;
const MAX_FAVOURITES = 3;

/**
 * The masks of a partition, one per subtable, each in a numbered slot. For each there is a plan of how to search it: which
 * words of a key to look at, the most telling first, and which bits.
 *
 * Only the first four words are hashed: that is fast, and enough unless many keys differ in none of them. Then all words
 * are, from {@link hashAll} on.
 */
export class Subtables {
  /** Masks now, and masks ever added. */
  count = 0;
  additions = 0;
  /** Masks, whole, by slot. */
  masks: Int32Array;
  /** Number of entries and recent hits, by slot. */
  entries: Int32Array;
  hits: Int32Array;
  /** Bits of each mask, by slot. */
  bitCounts: Int32Array;
  /**
   * Plans, by slot: salt; ends of the pairs that are hashed and of all, counted from the first; pairs (seed of a word, which says
   * which it is, and bits). There are at least four and an even number of pairs; the last ones may have no bits.
   */
  plans: Int32Array;
  readonly planStride: number;
  /** A bit per slot in use; one word, or a multiple of four. */
  live: Int32Array;
  /** As many words, for whoever searches. */
  candidates: Int32Array;
  /** The slots in use are the first `count` of these, the most used first. */
  order: Int32Array;
  /** Subtables, the first of the order, that are worth searching before a filter is asked: most packets end there. */
  favourites = 0;
  readonly #words: number;
  readonly #seeds: Int32Array;
  /** Bits that are the same for all keys of the partition: no need to hash or compare them. */
  readonly #given: Int32Array;
  readonly #random: Xorshift;
  readonly #scratch: Int32Array;
  /** Words, the most telling first. */
  readonly #telling: readonly number[];
  #hashes: Int32Array;
  #capacity = 4;
  #hashesAll = false;

  /** No masks. `seeds` has one number per word of a key; `telling` are all words, the most telling first. */
  constructor(seeds: Int32Array, telling: readonly number[], given: Int32Array, random: Xorshift) {
    const words = seeds.length;
    this.#words = words;
    this.#seeds = seeds;
    this.#telling = telling;
    this.#given = given;
    this.#random = random;
    this.planStride = HEADER_WORDS + 2 * Math.max(HASHED, (words + 1) & ~1);
    this.masks = new Int32Array(4 * words);
    this.entries = new Int32Array(4);
    this.hits = new Int32Array(4);
    this.bitCounts = new Int32Array(4);
    this.#hashes = new Int32Array(4);
    this.#scratch = new Int32Array(words);
    this.plans = new Int32Array(4 * this.planStride);
    this.live = new Int32Array(1);
    this.candidates = new Int32Array(1);
    this.order = new Int32Array(4);
  }

  /** Octets held. */
  get memory(): number {
    return 4 * (this.masks.length + this.plans.length + 6 * this.#capacity);
  }

  /** Whether a slot is in use. */
  has(slot: number): boolean {
    return ((this.live[slot >>> 5]! >>> (slot & 31)) & 1) === 1;
  }

  /** The slots in use, the most used first. A window on internal memory: use it at once. */
  ranked(): Int32Array {
    return this.order.subarray(0, this.count);
  }

  /** The slot with exactly this mask, or -1. */
  find(mask: Int32Array): number {
    const hash = hashOf(mask);
    for (let i = 0; i < this.count; i++) {
      const slot = this.order[i]!;
      if (this.#hashes[slot] === hash && this.#equals(slot, mask)) return slot;
    }
    return -1;
  }

  /** The slot whose mask has all bits of `mask` and the fewest others, or -1. */
  narrowestAround(mask: Int32Array): number {
    let used = 0;
    for (let word = 0; word < this.#words; word++) if (mask[word] !== 0) this.#scratch[used++] = word;
    let best = -1;
    for (let i = 0; i < this.count; i++) {
      const slot = this.order[i]!;
      if (best >= 0 && this.bitCounts[slot]! >= this.bitCounts[best]!) continue;
      let missing = 0;
      for (let j = 0; j < used && missing === 0; j++) {
        const word = this.#scratch[j]!;
        missing = mask[word]! & ~this.masks[slot * this.#words + word]!;
      }
      if (missing === 0) best = slot;
    }
    return best;
  }

  /** Adds the bits of slot `slot` to a mask. */
  addTo(mask: Int32Array, slot: number): void {
    for (let word = 0; word < mask.length; word++) mask[word]! |= this.masks[slot * this.#words + word]!;
  }

  /** Takes a free slot for a mask. */
  add(mask: Int32Array): number {
    if (this.count === this.#capacity) this.#grow();
    let slot = 0;
    while (this.has(slot)) slot++;
    this.masks.set(mask, slot * this.#words);
    this.live[slot >>> 5]! |= 1 << (slot & 31);
    this.entries[slot] = 0;
    this.hits[slot] = 0;
    this.bitCounts[slot] = countBits(mask);
    this.#hashes[slot] = hashOf(mask);
    this.order[this.count++] = slot;
    this.additions++;
    this.#plan(slot);
    return slot;
  }

  /** Frees a slot. */
  remove(slot: number): void {
    this.live[slot >>> 5]! &= ~(1 << (slot & 31));
    const at = this.order.indexOf(slot);
    this.order.copyWithin(at, at + 1, this.count);
    this.count--;
    if (at < this.favourites) this.favourites--;
  }

  /** Hash of the key `words` in slot `slot`, as a search computes it, before any bits are taken off. */
  hash(slot: number, words: Int32Array): number {
    const { plans } = this;
    const start = slot * this.planStride;
    const first = start + HEADER_WORDS;
    const end = first + Math.max(2 * HASHED, plans[start + 1]!);
    let hash = plans[start]!;
    for (let at = first; at < end; at += 2) {
      const seed = plans[at]!;
      hash = (hash + mix(words[seed & 63]! & plans[at + 1]!, seed)) | 0;
    }
    return hash;
  }

  /** From now on all words are hashed, and hashes from before mean nothing. Returns whether that is news. */
  hashAll(): boolean {
    if (this.#hashesAll) return false;
    this.#hashesAll = true;
    for (let i = 0; i < this.count; i++) this.#plan(this.order[i]!);
    return true;
  }

  /** Sorts by recent hits, and halves these. Does not allocate. */
  rank(): void {
    const { hits } = this;
    const { order } = this;
    let sum = 0;
    for (let i = 0; i < this.count; i++) {
      const slot = order[i]!;
      sum += hits[slot]!;
      let at = i;
      for (; at > 0 && hits[order[at - 1]!]! < hits[slot]!; at--) order[at] = order[at - 1]!;
      order[at] = slot;
    }
    this.favourites = 0;
    for (; this.favourites < Math.min(this.count, MAX_FAVOURITES); this.favourites++) {
      const own = hits[order[this.favourites]!]!;
      if (3 * own <= sum) break;
      sum -= own;
    }
    for (let i = 0; i < this.count; i++) hits[order[i]!]! >>= 1;
  }

  #plan(slot: number): void {
    const { plans } = this;
    const start = slot * this.planStride;
    const first = start + HEADER_WORDS;
    plans.fill(0, first, start + this.planStride);
    let at = first;
    for (const word of this.#telling) {
      const bits = this.masks[slot * this.#words + word]! & ~this.#given[word]!;
      if (bits === 0) continue;
      plans[at++] = this.#seeds[word]!;
      plans[at++] = bits;
    }
    const end = Math.max(2 * HASHED, (at - first + 2) & ~3);
    plans[start] = this.#random.next();
    plans[start + 1] = this.#hashesAll ? end : 0;
    plans[start + 2] = end;
  }

  #equals(slot: number, mask: Int32Array): boolean {
    let word = 0;
    while (word < this.#words && this.masks[slot * this.#words + word] === mask[word]) word++;
    return word === this.#words;
  }

  #grow(): void {
    this.#capacity *= 2;
    const capacity = this.#capacity;
    this.masks = longer(this.masks, capacity * this.#words);
    this.entries = longer(this.entries, capacity);
    this.hits = longer(this.hits, capacity);
    this.bitCounts = longer(this.bitCounts, capacity);
    this.#hashes = longer(this.#hashes, capacity);
    this.plans = longer(this.plans, capacity * this.planStride);
    if (capacity > 32) this.live = longer(this.live, (Math.ceil(capacity / 32) + 3) & ~3);
    this.candidates = new Int32Array(this.live.length);
    this.order = longer(this.order, capacity);
  }
}

function longer(array: Int32Array, length: number): Int32Array {
  const copy = new Int32Array(length);
  copy.set(array);
  return copy;
}

/** For finding a mask; needs no seed, for it is searched for among few. */
function hashOf(mask: Int32Array): number {
  let hash = 0;
  for (let word = 0; word < mask.length; word++) hash = Math.imul(hash ^ mask[word]!, 0x9e37_79b1) ^ (hash >>> 15);
  return hash;
}

/** Bits that a mask has. */
export function countBits(mask: Int32Array): number {
  let count = 0;
  for (let word = 0; word < mask.length; word++) {
    for (let bits = mask[word]!; bits !== 0; bits &= bits - 1) count++;
  }
  return count;
}
