import { countBits } from './rule-record.js';
import type { Match } from '../match/match.js';
import { type Field, wordsOf } from '../schema/field.js';
import type { Schema } from '../schema/schema.js';

/** Steps of the ladder: address lengths in multiples of 8, of 2, the whole mask but the last stage, all. */
const GRAINS = [8, 2] as const;
const WITHOUT_LAST_STAGE = 2;
/** The last step: a chain there is split no further. */
export const LADDER_LAST = 3;
/** Fields below this width tell few rules apart, so they are left out at first. */
const NARROW = 12;
/**
 * Of several addresses that are longer than this share of their bits, all but the first are cut to it: one of them is enough
 * to tell rules apart. Fewer tuples, lookups up to a third faster, and up to a third fewer megaflows than with all whole.
 */
const LONG_SHARE = 0.5;

/** Where an address is in a key. */
export interface AddressWords {
  readonly first: number;
  readonly words: number;
  /** How many words before it must have no bits: those that an IPv6 address in its place would have. */
  readonly clear: number;
}

/**
 * Which bits of its mask a rule is hashed by: those of its tuple. Rules of many masks share a tuple, whose mask is a part of
 * each of theirs; so there are few tuples to search. The price is that rules meet in one chain. Where a chain gets long,
 * its rules climb a step, to a tuple with more bits (after TupleMerge, Daly et al. 2019).
 */
export class TupleLadder {
  /** After `reduce`, the first `length` of each: the words of the tuple's mask, their bits, and the rule's values of them. */
  readonly words: Int32Array;
  readonly bits: Int32Array;
  readonly values: Int32Array;
  length = 0;
  /** Number of bits in that mask; a higher step that has as many has the same mask. */
  weight = 0;
  readonly #mask: Int32Array;
  readonly #value: Int32Array;
  /** All addresses: those that may be of either family count twice, whole and as their last word. */
  readonly families: readonly AddressWords[];
  readonly #addresses: AddressWords[] = [];
  readonly #plain: { readonly word: number; readonly bits: number }[] = [];
  readonly #lastStage: number;

  /** For keys of that schema. */
  constructor(schema: Schema) {
    this.#mask = new Int32Array(schema.words);
    this.#value = new Int32Array(schema.words);
    this.words = new Int32Array(schema.words);
    this.bits = new Int32Array(schema.words);
    this.values = new Int32Array(schema.words);
    this.#lastStage = schema.stageEnds.at(-2) ?? 0;
    for (const field of schema.fields) {
      if (field.within !== undefined || this.#isLate(schema, field)) continue;
      if (field.format === 'ip')
        this.#addresses.push({ first: field.offset >>> 5, words: field.width >>> 5, clear: 0 });
      else this.#plain.push(...wordsOf(field));
    }
    const lastWords = this.#addresses.map(({ first, words }) => ({
      first: first + words - 1,
      words: 1,
      clear: words - 1,
    }));
    this.families = [...this.#addresses.filter(({ words }) => words > 1), ...lastWords];
  }

  /** Finds the mask, in ascending words, that a rule has on a step, 0..`LADDER_LAST`; without the bits of `known`. */
  reduce(match: Match, known: Int32Array, step: number): void {
    const reduced = this.#mask;
    reduced.fill(0);
    this.#value.set(match.value);
    if (step >= WITHOUT_LAST_STAGE) this.#reduceLate(match, step);
    else this.#reduceEarly(match.mask, GRAINS[step]!);
    let length = 0;
    for (let word = 0; word < reduced.length; word++) {
      const bits = reduced[word]! & ~known[word]!;
      if (bits === 0) continue;
      this.words[length] = word;
      this.bits[length] = bits;
      this.values[length++] = this.#value[word]! & bits;
    }
    this.length = length;
    this.weight = 0;
    for (let i = 0; i < length; i++) this.weight += countBits(this.bits[i]!);
  }

  /** The next step on which a rule has another mask, or -1. */
  stepAfter(match: Match, known: Int32Array, step: number): number {
    this.reduce(match, known, step);
    const { weight } = this;
    for (let next = step + 1; next <= LADDER_LAST; next++) {
      this.reduce(match, known, next);
      if (this.weight !== weight) return next;
    }
    return -1;
  }

  /** The leading nibbles that the mask fixes of an address, if it is of the family that has that many words. */
  nibblesOf({ first, words, clear }: AddressWords): number {
    let nibbles = 0;
    let expected = first;
    for (let i = 0; i < this.length && expected < first + words; i++) {
      const word = this.words[i]!;
      if (word < first - clear) continue;
      if (word < first) return 0;
      if (word > expected) break;
      const ones = Math.clz32(~this.bits[i]!);
      nibbles += ones >>> 2;
      if (ones < 32) break;
      expected++;
    }
    return nibbles;
  }

  #reduceEarly(mask: Int32Array, grain: number): void {
    for (const { word, bits } of this.#plain) this.#mask[word]! |= mask[word]! & bits;
    let hasLong = false;
    for (const { first, words } of this.#addresses) {
      let length = prefixLength(mask, first, words);
      length -= length % grain;
      const long = 32 * LONG_SHARE * (first + words - firstWord(mask, first, words));
      if (grain === GRAINS[0] && length > long) {
        if (hasLong) length = long;
        hasLong = true;
      }
      setPrefix(this.#mask, first, words, mask, length);
    }
  }

  #reduceLate(match: Match, step: number): void {
    const end = step === LADDER_LAST ? match.mask.length : this.#lastStage;
    for (let word = 0; word < end; word++) this.#mask[word] = match.mask[word]!;
    if (step < LADDER_LAST) return;
    // All values of a range share the bits above the first one in which its ends differ.
    for (const { field, lo, hi } of match.ranges) {
      const shared = (-1 << (32 - Math.clz32(lo ^ hi))) & ((1 << field.width) - 1);
      const shift = -(field.offset + field.width) & 31;
      this.#mask[field.offset >>> 5]! |= shared << shift;
      this.#value[field.offset >>> 5]! |= (lo & shared) << shift;
    }
  }

  #isLate(schema: Schema, { offset, width }: Field): boolean {
    return width < NARROW || offset >>> 5 >= (schema.stageEnds.at(-2) ?? 0);
  }
}

/** Leading ones of an address's mask. An IPv4 address is the last word of its field, the others zero. */
function prefixLength(mask: Int32Array, first: number, words: number): number {
  const start = firstWord(mask, first, words);
  let length = 0;
  for (let i = start; i < first + words; i++) {
    const ones = Math.clz32(~mask[i]!);
    length += ones;
    if (ones < 32) break;
  }
  return length;
}

function setPrefix(out: Int32Array, first: number, words: number, mask: Int32Array, length: number): void {
  const start = firstWord(mask, first, words);
  for (let i = start, left = length; left > 0; i++, left -= 32) out[i] = left >= 32 ? -1 : -1 << (32 - left);
}

/** The word in which an address of IPv6 begins, or one of IPv4. */
function firstWord(mask: Int32Array, first: number, words: number): number {
  for (let i = first; i < first + words - 1; i++) if (mask[i] !== 0) return first;
  return first + words - 1;
}
