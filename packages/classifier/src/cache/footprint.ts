import { wordsOf } from '../schema/field.js';
import type { Schema } from '../schema/schema.js';

/** Words that have properties of their own, in numbers of `#pairs`. */
const UNPACKED = 16;

/**
 * The bits that any mask of a cache has had, by fields: no answer depends on others, so keys that agree in these are as good as
 * equal. It grows at most once for each word of a field, until it is cleared.
 *
 * The first four words are hashed, and need not be read again for the comparison. The methods are as small as they are so
 * that the engine puts all of them into the lookup of the cache, which takes a quarter off its time.
 */
export class Footprint {
  /** Words, up to a multiple of eight; those over have no bits. */
  size = 0;
  /**
   * The first eight words, those that say most about a flow, and their bits. Properties that hold small integers are read without
   * the checks that elements of an array need.
   */
  word0 = 0;
  word1 = 0;
  word2 = 0;
  word3 = 0;
  word4 = 0;
  word5 = 0;
  word6 = 0;
  word7 = 0;
  bits0 = 0;
  bits1 = 0;
  bits2 = 0;
  bits3 = 0;
  bits4 = 0;
  bits5 = 0;
  bits6 = 0;
  bits7 = 0;
  /** All of them: word, bits. */
  readonly #pairs: Int32Array;
  readonly #seed: number = 0;
  readonly #bits: Int32Array;
  readonly #fields: readonly { readonly word: number; readonly bits: number }[];
  /** All words, the most telling ones first. */
  readonly #telling: readonly number[];

  /** No bits. */
  constructor(schema: Schema, seed: number) {
    this.#pairs = new Int32Array(2 * ((schema.words + 7) & ~7));
    this.#seed = seed;
    this.#bits = new Int32Array(schema.words);
    this.#fields = schema.fields.filter(({ within }) => within === undefined).flatMap(wordsOf);
    this.#telling = schema.hashWords;
  }

  /** Takes in a mask. Returns whether that made a difference. Costs the words of a key if not. */
  cover(mask: Int32Array): boolean {
    const own = this.#bits;
    let missing = 0;
    for (let word = 0; word < mask.length; word++) missing |= mask[word]! & ~own[word]!;
    if (missing === 0) return false;
    for (let word = 0; word < mask.length; word++) own[word]! |= mask[word]!;
    // All of a field in a word, so that there is an end to it soon.
    for (const { word, bits } of this.#fields) if ((own[word]! & bits) !== 0) own[word]! |= bits;
    this.#arrange(this.#telling.filter((word) => own[word] !== 0));
    return true;
  }

  /** Forgets all masks. */
  clear(): void {
    this.#bits.fill(0);
    this.#arrange([]);
  }

  /** Hash of the first four words of a key, without the bits that do not count; its low 32 bits are to be used. */
  hash(first: number, second: number, third: number, fourth: number): number {
    const { imul } = Math;
    const seed = this.#seed;
    const a = imul(first ^ seed, 0x9e37_79b1);
    const b = imul(second ^ seed, 0x85eb_ca6b);
    const c = imul(third ^ seed, 0xc2b2_ae35);
    const d = imul(fourth ^ seed, 0x27d4_eb2f);
    const hash = imul(a ^ (a >>> 15) ^ b, 0x1656_67b1);
    return (hash ^ (hash >>> 15)) + imul(c ^ (c >>> 15) ^ d, 0x9e37_79b1);
  }

  /** Writes what counts of a key to `entries`, from `at` on. */
  write(words: Int32Array, entries: Int32Array, at: number): void {
    const pairs = this.#pairs;
    for (let i = 0; i < 2 * this.size; i += 2) entries[at + (i >> 1)] = words[pairs[i]!]! & pairs[i + 1]!;
  }

  /**
   * Whether this key is what `write` wrote to `at + 4`, where an entry has its key; the first four words are given. Every
   * comparison is a branch, which a hit passes straight on: differences collected for one branch at the end have to be put by,
   * for there are more of them than registers.
   */
  isAt(
    entries: Int32Array,
    at: number,
    words: Int32Array,
    first: number,
    second: number,
    third: number,
    fourth: number,
  ): boolean {
    return (
      entries[at + 4] === first &&
      entries[at + 5] === second &&
      entries[at + 6] === third &&
      entries[at + 7] === fourth &&
      entries[at + 8] === (words[this.word4]! & this.bits4) &&
      entries[at + 9] === (words[this.word5]! & this.bits5) &&
      entries[at + 10] === (words[this.word6]! & this.bits6) &&
      entries[at + 11] === (words[this.word7]! & this.bits7) &&
      (this.size <= 8 || this.#isRestAt(entries, at + 12, words))
    );
  }

  /** The same for the words after the first eight. In steps of four: the engine reads the bounds of arrays anew in each. */
  #isRestAt(entries: Int32Array, at: number, words: Int32Array): boolean {
    const pairs = this.#pairs;
    let difference = 0;
    for (let i = UNPACKED, end = 2 * this.size; i < end; i += 8, at += 4) {
      difference |= entries[at]! ^ (words[pairs[i]!]! & pairs[i + 1]!);
      difference |= entries[at + 1]! ^ (words[pairs[i + 2]!]! & pairs[i + 3]!);
      difference |= entries[at + 2]! ^ (words[pairs[i + 4]!]! & pairs[i + 5]!);
      difference |= entries[at + 3]! ^ (words[pairs[i + 6]!]! & pairs[i + 7]!);
    }
    return difference === 0;
  }

  #arrange(words: readonly number[]): void {
    const pairs = this.#pairs;
    pairs.fill(0);
    words.forEach((word, i) => pairs.set([word, this.#bits[word]!], 2 * i));
    this.size = (words.length + 7) & ~7;
    this.word0 = pairs[0]!;
    this.bits0 = pairs[1]!;
    this.word1 = pairs[2]!;
    this.bits1 = pairs[3]!;
    this.word2 = pairs[4]!;
    this.bits2 = pairs[5]!;
    this.word3 = pairs[6]!;
    this.bits3 = pairs[7]!;
    this.word4 = pairs[8]!;
    this.bits4 = pairs[9]!;
    this.word5 = pairs[10]!;
    this.bits5 = pairs[11]!;
    this.word6 = pairs[12]!;
    this.bits6 = pairs[13]!;
    this.word7 = pairs[14]!;
    this.bits7 = pairs[15]!;
  }
}
