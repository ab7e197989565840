import type { Match } from '../match/match.js';

/** Of one change this much is kept; what does not fit makes it look wider than it was, which is safe. */
const MAX_WORDS = 12;
const MAX_RANGES = 4;
const WORD_STRIDE = 3;
const RANGE_STRIDE = 5;
const RANGES = 2 + MAX_WORDS * WORD_STRIDE;
const STRIDE = RANGES + MAX_RANGES * RANGE_STRIDE;
/** Generations stay small integers. */
const LAST_GENERATION = 0x3fff_ffff;

/**
 * What changed lately, so that a megaflow can be told from one look that no change concerns it. Each change has a number,
 * the generation; those too long ago are forgotten, and then everything may have changed.
 */
export class ChangeLog {
  /** Number of the latest change. */
  generation = 0;
  /** Number of the latest change that may concern everything. */
  #everything = 0;
  readonly #capacity: number;
  readonly #changes: Int32Array;

  /** Remembers `capacity` changes; about 230 octets each. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#changes = new Int32Array(capacity * STRIDE);
  }

  /** Notes that any answer may have changed. Returns false if the numbers begin anew. */
  addEverything(): boolean {
    const goesOn = this.#count();
    this.#everything = this.generation;
    return goesOn;
  }

  /** Notes that answers may have changed for keys that match. Returns false if the numbers begin anew. */
  add(match: Match): boolean {
    if (this.#capacity === 0) return this.addEverything();
    const goesOn = this.#count();
    const at = (this.generation % this.#capacity) * STRIDE;
    this.#changes[at] = this.#addWords(match, at + 2);
    this.#changes[at + 1] = this.#addRanges(match, at + RANGES);
    return goesOn;
  }

  /**
   * Whether no change after `generation` concerns any key with `key & mask === value`. False if that cannot be told.
   * Costs a few comparisons per change since.
   */
  sparesRegion(generation: number, value: Int32Array, mask: Int32Array): boolean {
    const changes = this.generation - generation;
    if (generation < this.#everything || changes > this.#capacity || changes < 0) return false;
    for (let change = generation + 1; change <= this.generation; change++) {
      if (!this.#isDisjoint((change % this.#capacity) * STRIDE, value, mask)) return false;
    }
    return true;
  }

  /** What `sparesRegion` may cost, in steps of a sweep: eight changes are one. */
  testCost(generation: number): number {
    const changes = this.generation - generation;
    return changes > 0 && changes <= this.#capacity && generation >= this.#everything ? changes >>> 3 : 0;
  }

  #count(): boolean {
    if (this.generation < LAST_GENERATION) {
      this.generation++;
      return true;
    }
    this.generation = 1;
    this.#everything = 1;
    return false;
  }

  #addWords({ value, mask }: Match, start: number): number {
    let words = 0;
    for (let word = 0; word < mask.length && words < MAX_WORDS; word++) {
      if (mask[word] === 0) continue;
      const at = start + words++ * WORD_STRIDE;
      this.#changes[at] = word;
      this.#changes[at + 1] = mask[word]!;
      this.#changes[at + 2] = value[word]!;
    }
    return words;
  }

  #addRanges({ ranges }: Match, start: number): number {
    let kept = 0;
    for (const { field, lo, hi } of ranges) {
      const shift = 32 - (field.offset % 32) - field.width;
      // One across two words is left out.
      if (shift < 0 || field.width > 16 || kept === MAX_RANGES) continue;
      const at = start + kept++ * RANGE_STRIDE;
      this.#changes[at] = field.offset >>> 5;
      this.#changes[at + 1] = shift;
      this.#changes[at + 2] = (1 << field.width) - 1;
      this.#changes[at + 3] = lo;
      this.#changes[at + 4] = hi;
    }
    return kept;
  }

  #isDisjoint(start: number, value: Int32Array, mask: Int32Array): boolean {
    const changes = this.#changes;
    for (let at = start + 2, end = at + changes[start]! * WORD_STRIDE; at < end; at += WORD_STRIDE) {
      const word = changes[at]!;
      if (((value[word]! ^ changes[at + 2]!) & mask[word]! & changes[at + 1]!) !== 0) return true;
    }
    for (let at = start + RANGES, end = at + changes[start + 1]! * RANGE_STRIDE; at < end; at += RANGE_STRIDE) {
      const word = changes[at]!;
      const width = changes[at + 2]!;
      // The field of a key of the region lies between these two, whatever its free bits are.
      const least = (value[word]! >>> changes[at + 1]!) & width;
      const most = least | (width & ~(mask[word]! >>> changes[at + 1]!));
      if (most < changes[at + 3]! || least > changes[at + 4]!) return true;
    }
    return false;
  }
}
