import { mix } from './mix.js';
import type { Xorshift } from './xorshift.js';

/** Words of a subtable in the program before what it hashes: its slot, its salt, the end of its part. */
const HEADER_WORDS = 3;
/** Words of a step: which word, which bits, the seed of the word. */
const STEP_WORDS = 3;

/**
 * The masks of a partition, one per subtable, each in a numbered slot. They are kept as one program that a search runs
 * through from left to right: first what all masks have in common, to be hashed once per packet, then for each subtable, the
 * most used first, the rest.
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
  /** For each slot the number of words to compare, then word and bits of each. */
  readonly listStride: number;
  lists: Int32Array;
  /** A bit per slot in use. */
  live: Int32Array;
  /** The program, where its common part and the whole end, and where the part of each slot begins. */
  program: Int32Array;
  sharedEnd = 0;
  programEnd = 0;
  starts: Int32Array;
  /** The slot that had more than half of the recent hits, or -1. */
  favourite = -1;
  readonly #words: number;
  readonly #seeds: Int32Array;
  /** Bits that are the same for all keys of the partition: no need to hash or compare them. */
  readonly #given: Int32Array;
  readonly #random: Xorshift;
  #salts: Int32Array;
  #order: Int32Array;
  #capacity = 4;

  /** No masks. `seeds` has one number per word of a key. */
  constructor(seeds: Int32Array, given: Int32Array, random: Xorshift) {
    const words = seeds.length;
    this.#words = words;
    this.#seeds = seeds;
    this.#given = given;
    this.#random = random;
    this.listStride = 1 + 2 * words;
    this.masks = new Int32Array(4 * words);
    this.entries = new Int32Array(4);
    this.hits = new Int32Array(4);
    this.lists = new Int32Array(4 * this.listStride);
    this.live = new Int32Array(1);
    this.starts = new Int32Array(4);
    this.program = new Int32Array(5 * (HEADER_WORDS + STEP_WORDS * words));
    this.#salts = new Int32Array(4);
    this.#order = new Int32Array(4);
  }

  /** Octets held. */
  get memory(): number {
    return 4 * (this.masks.length + this.lists.length + this.program.length + 6 * this.#capacity);
  }

  /** Whether a slot is in use. */
  has(slot: number): boolean {
    return ((this.live[slot >>> 5]! >>> (slot & 31)) & 1) === 1;
  }

  /** The slots in use, the most used first. A window on internal memory: use it at once. */
  ranked(): Int32Array {
    return this.#order.subarray(0, this.count);
  }

  /** The slot with exactly this mask, or -1. */
  find(mask: Int32Array): number {
    for (let i = 0; i < this.count; i++) {
      const slot = this.#order[i]!;
      const start = slot * this.#words;
      let word = 0;
      while (word < this.#words && this.masks[start + word] === mask[word]) word++;
      if (word === this.#words) return slot;
    }
    return -1;
  }

  /** Bits of slot `slot` that `mask` does not have, or -1 if `mask` has a bit that it lacks. */
  addedBits(slot: number, mask: Int32Array): number {
    let added = 0;
    const start = slot * this.#words;
    for (let word = 0; word < this.#words; word++) {
      const own = this.masks[start + word]!;
      if ((mask[word]! & ~own) !== 0) return -1;
      for (let bits = own & ~mask[word]!; bits !== 0; bits &= bits - 1) added++;
    }
    return added;
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
    this.#salts[slot] = this.#random.next();
    this.#order[this.count++] = slot;
    this.additions++;
    this.#list(slot);
    this.#write();
    return slot;
  }

  /** Frees a slot. */
  remove(slot: number): void {
    this.live[slot >>> 5]! &= ~(1 << (slot & 31));
    const at = this.#order.indexOf(slot);
    this.#order.copyWithin(at, at + 1, this.count);
    this.count--;
    if (this.favourite === slot) this.favourite = -1;
    this.#write();
  }

  /** Hash of the key `words` in slot `slot`, as a search computes it, before any bits are taken off. */
  hash(slot: number, words: Int32Array): number {
    let hash = this.#salts[slot]!;
    const start = slot * this.listStride;
    for (let at = start + 1, end = at + 2 * this.lists[start]!; at < end; at += 2) {
      const word = this.lists[at]!;
      hash = (hash + mix(words[word]! & this.lists[at + 1]!, this.#seeds[word]!)) | 0;
    }
    return hash;
  }

  /** Sorts by recent hits, and halves these. Does not allocate. */
  rank(): void {
    const { hits } = this;
    const order = this.#order;
    let sum = 0;
    for (let i = 0; i < this.count; i++) {
      const slot = order[i]!;
      sum += hits[slot]!;
      let at = i;
      for (; at > 0 && hits[order[at - 1]!]! < hits[slot]!; at--) order[at] = order[at - 1]!;
      order[at] = slot;
    }
    this.favourite = this.count > 0 && 2 * hits[order[0]!]! > sum ? order[0]! : -1;
    for (let i = 0; i < this.count; i++) hits[order[i]!]! >>= 1;
    this.#write();
  }

  #list(slot: number): void {
    const start = slot * this.listStride;
    let at = start + 1;
    for (let word = 0; word < this.#words; word++) {
      const bits = this.masks[slot * this.#words + word]! & ~this.#given[word]!;
      if (bits === 0) continue;
      this.lists[at++] = word;
      this.lists[at++] = bits;
    }
    this.lists[start] = (at - start - 1) / 2;
  }

  /** Writes the program anew. Costs masks times words. */
  #write(): void {
    const { program, lists } = this;
    let at = 0;
    if (this.count > 0) {
      const first = this.#order[0]! * this.listStride;
      for (let i = first + 1, end = i + 2 * lists[first]!; i < end; i += 2) {
        if (this.#isShared(lists[i]!)) at = this.#step(at, lists[i]!, lists[i + 1]!);
      }
    }
    this.sharedEnd = at;
    for (let i = 0; i < this.count; i++) {
      const slot = this.#order[i]!;
      const start = at;
      this.starts[slot] = start;
      at += HEADER_WORDS;
      const list = slot * this.listStride;
      for (let j = list + 1, end = j + 2 * lists[list]!; j < end; j += 2) {
        if (!this.#isShared(lists[j]!)) at = this.#step(at, lists[j]!, lists[j + 1]!);
      }
      program[start] = slot;
      program[start + 1] = this.#salts[slot]!;
      program[start + 2] = at;
    }
    this.programEnd = at;
  }

  #step(at: number, word: number, bits: number): number {
    this.program[at] = word;
    this.program[at + 1] = bits;
    this.program[at + 2] = this.#seeds[word]!;
    return at + STEP_WORDS;
  }

  /** Whether all masks have the same bits in this word. */
  #isShared(word: number): boolean {
    const bits = this.masks[this.#order[0]! * this.#words + word];
    for (let i = 1; i < this.count; i++) if (this.masks[this.#order[i]! * this.#words + word] !== bits) return false;
    return true;
  }

  #grow(): void {
    this.#capacity *= 2;
    const capacity = this.#capacity;
    this.masks = longer(this.masks, capacity * this.#words);
    this.entries = longer(this.entries, capacity);
    this.hits = longer(this.hits, capacity);
    this.lists = longer(this.lists, capacity * this.listStride);
    this.live = longer(this.live, Math.ceil(capacity / 32));
    this.starts = longer(this.starts, capacity);
    this.program = new Int32Array((capacity + 1) * (HEADER_WORDS + STEP_WORDS * this.#words));
    this.#salts = longer(this.#salts, capacity);
    this.#order = longer(this.#order, capacity);
  }
}

function longer(array: Int32Array, length: number): Int32Array {
  const copy = new Int32Array(length);
  copy.set(array);
  return copy;
}
