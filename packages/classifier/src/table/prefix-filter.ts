import { type PrefixPair, PrefixRows } from './prefix-rows.js';
import { PrefixTrie } from './prefix-trie.js';
import { countBits } from './rule-record.js';

/** Pairs that can be told apart: the bits of an integer. Tuples with pairs beyond them are searched without being asked. */
const PAIRS_MAX = 32;
const NIBBLES_MAX = 32;

/**
 * Which tuples can't have a rule for a key because they have no prefix, of the length they are about, on the key's path.
 * A pair of an address and a length that some tuple has is one bit here; a key lacks some pairs, a tuple needs some, and if
 * they meet it need not be searched.
 */
export class PrefixFilter {
  /** After `find`: the pairs of which no prefix matches the key. */
  absent = 0;
  readonly #tries: PrefixTrie[] = [];
  /** The prefixes of addresses of one word once more, for those who need no proof. */
  readonly #rows = new PrefixRows();
  /** For each trie, by nibbles - 1: the pair, and the pairs of up to so many nibbles. */
  #pairs = new Int32Array(0);
  #upTo = new Int32Array(0);
  /** For each pair its trie, its nibbles, and how many tuples need it. */
  readonly #trieOf = new Int32Array(PAIRS_MAX);
  readonly #nibblesOf = new Int32Array(PAIRS_MAX);
  readonly #uses = new Int32Array(PAIRS_MAX);
  /** For each trie, after `find`: nibbles that show of any longer prefix that it does not match. */
  #dead = new Int32Array(0);
  #used = 0;

  /** Octets of the tries. */
  get octets(): number {
    return this.#tries.reduce((sum, { octets }) => sum + octets, this.#rows.octets);
  }

  /** The index of the trie of the address at these words of keys; made if need be. */
  trieOf(word: number, words: number): number {
    const index = this.#tries.findIndex((trie) => trie.word === word && trie.words === words);
    if (index >= 0) return index;
    this.#pairs = extended(this.#pairs, NIBBLES_MAX);
    this.#upTo = extended(this.#upTo, NIBBLES_MAX);
    this.#dead = extended(this.#dead, 1);
    return this.#tries.push(new PrefixTrie(word, words)) - 1;
  }

  /** Adds the first `nibbles` of an address in `value`, a key, as a prefix. */
  add(trie: number, value: Int32Array, nibbles: number): void {
    const tried = this.#tries[trie]!;
    tried.add(value, nibbles);
    if (tried.words === 1) this.#rows.note(value[tried.word]!, { nibbles, bit: this.#pairs[32 * trie + nibbles - 1]! });
  }

  /** Takes out a prefix that was added. */
  remove(trie: number, value: Int32Array, nibbles: number): void {
    this.#tries[trie]!.remove(value, nibbles);
  }

  /** Takes a pair into use, once more. Returns its bit, or 0 if there are too many pairs. */
  acquire(trie: number, nibbles: number): number {
    let bit = this.#pairs[trie * NIBBLES_MAX + nibbles - 1]!;
    if (bit === 0) {
      if (this.#used === -1) return 0;
      bit = ~this.#used & -~this.#used;
      const pair = 31 - Math.clz32(bit);
      this.#used |= bit;
      this.#trieOf[pair] = trie;
      this.#nibblesOf[pair] = nibbles;
      this.#setPair(trie, nibbles, bit);
    }
    this.#uses[31 - Math.clz32(bit)]!++;
    return bit;
  }

  /** Ends a use of each of these pairs. */
  release(bits: number): void {
    for (let left = bits; left !== 0; left &= left - 1) {
      const bit = left & -left;
      const pair = 31 - Math.clz32(bit);
      if (--this.#uses[pair]! > 0) continue;
      this.#used &= ~bit;
      this.#setPair(this.#trieOf[pair]!, this.#nibblesOf[pair]!, 0);
    }
  }

  /** Finds what a key lacks: sets `absent`. */
  find(key: Int32Array): void {
    const pairs = this.#pairs;
    let present = 0;
    for (let i = 0; i < this.#tries.length; i++) {
      const trie = this.#tries[i]!;
      trie.walk(key);
      this.#dead[i] = trie.depth + 1;
      for (let left = trie.found; left !== 0; left &= left - 1) {
        present |= pairs[32 * i + 31 - Math.clz32(left & -left)]!;
      }
    }
    this.absent = this.#used & ~present;
  }

  /** The pairs that a key lacks, without more: for those who need no proof. */
  lacks(key: Int32Array): number {
    const tries = this.#tries;
    let present = this.#rows.pairsOf(key);
    for (let i = 0; i < tries.length; i++) {
      if (tries[i]!.words > 1) present |= tries[i]!.pairsOf(key, this.#pairs, 32 * i);
    }
    return this.#used & ~present;
  }

  /**
   * Adds to `mask` what proves that the key of the last `find` lacks one of `pairs`, which it does: the one that adds the
   * fewest bits. Returns all pairs that these bits prove it to lack.
   */
  prove(pairs: number, mask: Int32Array): number {
    let cost = 1 << 30;
    let chosen = 0;
    for (let left = pairs; left !== 0; left &= left - 1) {
      const pair = 31 - Math.clz32(left & -left);
      const trie = this.#tries[this.#trieOf[pair]!]!;
      const added = missingBits(mask, trie.word, this.#neededOf(pair));
      if (added >= cost) continue;
      cost = added;
      chosen = pair;
    }
    const trie = this.#trieOf[chosen]!;
    const needed = this.#neededOf(chosen);
    let { word } = this.#tries[trie]!;
    let nibbles = needed;
    for (; nibbles > 8; nibbles -= 8) mask[word++] = -1;
    mask[word]! |= -1 << (32 - 4 * nibbles);
    const proven = needed === this.#dead[trie]! ? NIBBLES_MAX : needed;
    return this.absent & this.#upTo[trie * NIBBLES_MAX + proven - 1]!;
  }

  /** How many nibbles of the key show that it lacks a pair: up to the first that agrees with no prefix. */
  #neededOf(pair: number): number {
    return Math.min(this.#nibblesOf[pair]!, this.#dead[this.#trieOf[pair]!]!);
  }

  #listPairs(): PrefixPair[] {
    const pairs: PrefixPair[] = [];
    for (let left = this.#used; left !== 0; left &= left - 1) {
      const bit = left & -left;
      const pair = 31 - Math.clz32(bit);
      const trie = this.#tries[this.#trieOf[pair]!]!;
      if (trie.words === 1) pairs.push({ trie, nibbles: this.#nibblesOf[pair]!, bit });
    }
    return pairs;
  }

  #setPair(trie: number, nibbles: number, bit: number): void {
    const first = trie * NIBBLES_MAX;
    this.#pairs[first + nibbles - 1] = bit;
    for (let i = 0, upTo = 0; i < NIBBLES_MAX; i++) this.#upTo[first + i] = upTo |= this.#pairs[first + i]!;
    this.#rows.use(this.#listPairs());
  }
}

/** How many bits of the first `nibbles` of an address a mask lacks. */
function missingBits(mask: Int32Array, first: number, nibbles: number): number {
  let missing = 0;
  let word = first;
  let left = nibbles;
  for (; left > 8; left -= 8) missing += countBits(~mask[word++]!);
  return missing + countBits(~mask[word]! & (-1 << (32 - 4 * left)));
}

function extended(array: Int32Array, by: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(array.length + by);
  longer.set(array);
  return longer;
}
