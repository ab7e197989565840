import { wordsOf } from '../schema/field.js';
import type { Schema } from '../schema/schema.js';

/** Words that are hashed. More tell few flows apart that these do not, and cost all of them time. */
const HASHED = 4;

/**
 * The bits that any mask of a cache has had, by fields: no answer depends on others, so keys that agree in these are as good as
 * equal. It grows at most once for each word of a field, until it is cleared.
 */
export class Footprint {
  /** For each word with such bits the word and the bits, and some without bits up to a multiple of eight words. */
  readonly pairs: Int32Array;
  /** Numbers in use of `pairs`. */
  length = 0;
  /** The same for the four words that say most about a flow. */
  readonly hashed = new Int32Array(2 * HASHED);
  readonly #bits: Int32Array;
  readonly #fields: readonly { readonly word: number; readonly bits: number }[];
  /** All words, the most telling ones first. */
  readonly #telling: readonly number[];

  /** No bits. */
  constructor(schema: Schema) {
    this.pairs = new Int32Array(2 * ((schema.words + 7) & ~7));
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
    const used = [...own.keys()].filter((word) => own[word] !== 0);
    this.length = 2 * ((used.length + 7) & ~7);
    this.#write(this.pairs, used);
    this.#write(this.hashed, this.#telling.filter((word) => own[word] !== 0).slice(0, HASHED));
    return true;
  }

  /** Forgets all masks. */
  clear(): void {
    this.#bits.fill(0);
    this.length = 0;
    this.hashed.fill(0);
  }

  #write(pairs: Int32Array, words: readonly number[]): void {
    pairs.fill(0);
    words.forEach((word, i) => pairs.set([word, this.#bits[word]!], 2 * i));
  }
}
