import type { PrefixTrie } from './prefix-trie.js';

const LEAST_ROW_BITS = 6;
/** Rows for each prefix that there is or may come before they are made anew, at least. */
const ROWS_PER_PREFIX = 4;
/** May come at least. */
const LEAST_CHANGES = 15;

/** A pair of an address of one word and a length of prefixes, and its bit. */
export interface PrefixPair {
  readonly trie: PrefixTrie;
  readonly nibbles: number;
  readonly bit: number;
}

/**
 * Which pairs of address and length have a prefix on the path of a key: the same as the tries say, and sometimes a pair too
 * many, but without a walk from node to node. A row has a bit per pair, and each pair finds its row by a hash of its own.
 * What has gone stays until the rows are made anew, after as many changes as there are prefixes.
 */
export class PrefixRows {
  #rows = new Int32Array(1 << LEAST_ROW_BITS);
  #shift = 32 - LEAST_ROW_BITS;
  #program = new Int32Array(0);
  /** How many prefixes may be noted before the rows are made anew. */
  #left = LEAST_CHANGES;
  #pairs: readonly PrefixPair[] = [];

  /** Octets of the rows. */
  get octets(): number {
    return this.#rows.byteLength;
  }

  /** Takes these pairs from now on. Prefixes of a new one must be noted. */
  use(pairs: readonly PrefixPair[]): void {
    this.#pairs = pairs;
    const program: number[] = [];
    for (const word of new Set(pairs.map(({ trie }) => trie.word))) {
      const own = pairs.filter(({ trie }) => trie.word === word);
      const steps = own.flatMap(({ nibbles, bit }) => [32 - 4 * nibbles, multiplierOf(bit), bit]);
      if (own.length % 2 === 1) steps.push(0, 0, 0);
      program.push(word, program.length + 2 + steps.length, ...steps);
    }
    this.#program = Int32Array.from(program);
  }

  /** Notes a prefix of one of the pairs, which its trie has now. */
  note(value: number, { nibbles, bit }: Omit<PrefixPair, 'trie'>): void {
    if (--this.#left < 0) this.#renew();
    else this.#set(value, nibbles, bit);
  }

  /** The bits of the pairs that a key has, and perhaps of some that it has not. */
  pairsOf(key: Int32Array): number {
    const program = this.#program;
    const rows = this.#rows;
    const shift = this.#shift;
    let union = 0;
    for (let at = 0; at < program.length;) {
      const value = key[program[at]!]!;
      const end = program[at + 1]!;
      // By two: each step of a loop costs as much as a pair.
      for (at += 2; at < end; at += 6) {
        const one = Math.imul(value >>> program[at]!, program[at + 1]!) >>> shift;
        const other = Math.imul(value >>> program[at + 3]!, program[at + 4]!) >>> shift;
        union |= (rows[one]! & program[at + 2]!) | (rows[other]! & program[at + 5]!);
      }
    }
    return union;
  }

  #renew(): void {
    const found: (readonly [value: number, nibbles: number, bit: number])[] = [];
    for (const trie of new Set(this.#pairs.map((pair) => pair.trie))) {
      const bits = new Map(this.#pairs.filter((pair) => pair.trie === trie).map(({ nibbles, bit }) => [nibbles, bit]));
      trie.forEach((value, nibbles) => found.push([value, nibbles, bits.get(nibbles) ?? 0]));
    }
    // As many changes as there are prefixes pay for looking at all of these.
    this.#left = found.length + LEAST_CHANGES;
    const rowBits = 32 - Math.clz32(ROWS_PER_PREFIX * (found.length + this.#left));
    this.#shift = 32 - rowBits;
    this.#rows = new Int32Array(1 << rowBits);
    for (const [value, nibbles, bit] of found) this.#set(value, nibbles, bit);
  }

  #set(value: number, nibbles: number, bit: number): void {
    this.#rows[Math.imul(value >>> (32 - 4 * nibbles), multiplierOf(bit)) >>> this.#shift]! |= bit;
  }
}

function multiplierOf(bit: number): number {
  return Math.imul(0x9e37_79b1, 2 * Math.clz32(bit) + 1);
}
