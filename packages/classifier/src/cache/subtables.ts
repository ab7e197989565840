import { mix } from './mix.js';
import type { Xorshift } from './xorshift.js';

/** Words of a subtable in the program before what it hashes: its slot, its salt, the end of its part. */
const HEADER_WORDS = 3;
/** Words of a step: the seed of a word, which says which it is, and the bits. */
const STEP_WORDS = 2;
const MAX_FAVOURITES = 3;

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
  /** Bits of each mask, by slot. */
  bitCounts: Int32Array;
  /** For each slot the number of words to compare, an even one, then word and bits of each; perhaps a last one without bits. */
  readonly listStride: number;
  lists: Int32Array;
  /** A bit per slot in use; one word, or a multiple of four. */
  live: Int32Array;
  /** The program, where its common part and the whole end, and where the part of each slot begins. */
  program: Int32Array;
  sharedEnd = 0;
  programEnd = 0;
  starts: Int32Array;
  /** Where the part of the program ends that is worth running before a filter is asked: most packets end there. */
  favouritesEnd = 0;
  readonly #words: number;
  readonly #seeds: Int32Array;
  /** Bits that are the same for all keys of the partition: no need to hash or compare them. */
  readonly #given: Int32Array;
  readonly #random: Xorshift;
  readonly #isShared: Uint8Array;
  readonly #scratch: Int32Array;
  #hashes: Int32Array;
  #salts: Int32Array;
  #order: Int32Array;
  #capacity = 4;
  /** Subtables that each had more than a third of the recent hits that those before them left. */
  #favourites = 0;

  /** No masks. `seeds` has one number per word of a key. */
  constructor(seeds: Int32Array, given: Int32Array, random: Xorshift) {
    const words = seeds.length;
    this.#words = words;
    this.#seeds = seeds;
    this.#given = given;
    this.#random = random;
    this.#isShared = new Uint8Array(words);
    this.listStride = 3 + 2 * words;
    this.masks = new Int32Array(4 * words);
    this.entries = new Int32Array(4);
    this.hits = new Int32Array(4);
    this.bitCounts = new Int32Array(4);
    this.#hashes = new Int32Array(4);
    this.#scratch = new Int32Array(words);
    this.lists = new Int32Array(4 * this.listStride);
    this.live = new Int32Array(1);
    this.starts = new Int32Array(4);
    this.program = new Int32Array(5 * (HEADER_WORDS + STEP_WORDS * (words + 1)));
    this.#salts = new Int32Array(4);
    this.#order = new Int32Array(4);
  }

  /** Octets held. */
  get memory(): number {
    return 4 * (this.masks.length + this.lists.length + this.program.length + 8 * this.#capacity);
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
    const hash = hashOf(mask);
    for (let i = 0; i < this.count; i++) {
      const slot = this.#order[i]!;
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
      const slot = this.#order[i]!;
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
    if (at < this.#favourites) this.#favourites--;
    this.#write();
  }

  /** Hash of the key `words` in slot `slot`, as a search computes it, before any bits are taken off. */
  hash(slot: number, words: Int32Array): number {
    let hash = this.#salts[slot]!;
    const start = slot * this.listStride;
    for (let at = start + 1, end = at + 2 * this.lists[start]!; at < end; at += 2) {
      const word = this.lists[at]!;
      const bits = this.lists[at + 1]!;
      if (bits !== 0) hash = (hash + mix(words[word]! & bits, this.#seeds[word]!)) | 0;
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
    this.#favourites = 0;
    for (; this.#favourites < Math.min(this.count, MAX_FAVOURITES); this.#favourites++) {
      const own = hits[order[this.#favourites]!]!;
      if (3 * own <= sum) break;
      sum -= own;
    }
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
    if (((at - start - 1) & 2) !== 0) {
      this.lists[at++] = 0;
      this.lists[at++] = 0;
    }
    this.lists[start] = (at - start - 1) / 2;
  }

  /** Writes the program anew. Costs masks times words. */
  #write(): void {
    const { program, lists } = this;
    let at = 0;
    this.#isShared.fill(0);
    if (this.count > 0) {
      const first = this.#order[0]! * this.listStride;
      for (let i = first + 1, end = i + 2 * lists[first]!; i < end; i += 2) {
        if (lists[i + 1] === 0 || !this.#allHave(lists[i]!)) continue;
        this.#isShared[lists[i]!] = 1;
        at = this.#step(at, lists[i]!, lists[i + 1]!);
      }
    }
    at = this.#even(at, 0);
    this.sharedEnd = at;
    this.favouritesEnd = at;
    for (let i = 0; i < this.count; i++) {
      const slot = this.#order[i]!;
      const start = at;
      this.starts[slot] = start;
      at += HEADER_WORDS;
      const list = slot * this.listStride;
      for (let j = list + 1, end = j + 2 * lists[list]!; j < end; j += 2) {
        if (lists[j + 1] !== 0 && this.#isShared[lists[j]!] === 0) at = this.#step(at, lists[j]!, lists[j + 1]!);
      }
      at = this.#even(at, start + HEADER_WORDS);
      program[start] = slot;
      program[start + 1] = this.#salts[slot]!;
      program[start + 2] = at;
      if (i < this.#favourites) this.favouritesEnd = at;
    }
    this.programEnd = at;
  }

  #equals(slot: number, mask: Int32Array): boolean {
    let word = 0;
    while (word < this.#words && this.masks[slot * this.#words + word] === mask[word]) word++;
    return word === this.#words;
  }

  #step(at: number, word: number, bits: number): number {
    this.program[at] = this.#seeds[word]!;
    this.program[at + 1] = bits;
    return at + STEP_WORDS;
  }

  /** Adds a step that hashes nothing if their number since `start` is odd. */
  #even(at: number, start: number): number {
    if (((at - start) & STEP_WORDS) === 0) return at;
    this.program[at] = 0;
    this.program[at + 1] = 0;
    return at + STEP_WORDS;
  }

  /** Whether all masks have the bits in this word that the first has. */
  #allHave(word: number): boolean {
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
    this.bitCounts = longer(this.bitCounts, capacity);
    this.#hashes = longer(this.#hashes, capacity);
    this.lists = longer(this.lists, capacity * this.listStride);
    if (capacity > 32) this.live = longer(this.live, (Math.ceil(capacity / 32) + 3) & ~3);
    this.starts = longer(this.starts, capacity);
    this.program = new Int32Array((capacity + 1) * (HEADER_WORDS + STEP_WORDS * (this.#words + 1)));
    this.#salts = longer(this.#salts, capacity);
    this.#order = longer(this.#order, capacity);
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
