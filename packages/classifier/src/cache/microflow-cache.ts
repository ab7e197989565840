import type { Schema } from '../schema/schema.js';
import { ALIGNMENT, type FlowStore } from './flow-store.js';
import { Footprint } from './footprint.js';
import type { FlowCacheLimits } from './options.js';
import type { Xorshift } from './xorshift.js';

/** Words of an entry before its key: 0 hash, 1 megaflow, 2 its serial, 3 when it was last used. */
const HEADER = 4;
/** An entry has a power of two of words, at least a cache line. */
const LEAST_STRIDE_BITS = 4;
/** The hit rate is judged over this many lookups; below a tenth the next million look elsewhere at once. */
const WINDOW = 65_536;
const LEAST_HITS = WINDOW / 10;
const BYPASS = 1 << 20;

/**
 * Keys and the megaflows they belong to (the exact-match cache of Open vSwitch), told apart by the bits of the cache's
 * {@link Footprint} and no others. Two places per key. An entry is alive as long as its megaflow: that one's serial says
 * so, and nobody has to search for entries when it goes.
 *
 * The loops go in steps of four words: the engine reads the bounds of all arrays anew in each step.
 */
export class MicroflowCache {
  /** Entries written. */
  inserted = 0;
  readonly #footprint: Footprint;
  readonly #count: number;
  readonly #hashBits: number;
  readonly #insertInverse: number;
  readonly #store: FlowStore<unknown>;
  readonly #random: Xorshift;
  readonly #seed: number;
  #entries: Int32Array;
  #strideBits = LEAST_STRIDE_BITS;
  /** Of the last key that was looked up. */
  #hash = 0;
  #used = 0;
  #lookups = 0;
  #hits = 0;
  #earlierHits = 0;
  #bypass = 0;

  /** From half full on, one new key in `insertInverse` enters. */
  constructor(
    schema: Schema,
    { microflow: { entries, insertInverse }, hashBits }: FlowCacheLimits,
    store: FlowStore<unknown>,
    random: Xorshift,
  ) {
    this.#footprint = new Footprint(schema);
    this.#count = entries;
    this.#insertInverse = insertInverse;
    this.#hashBits = hashBits;
    this.#store = store;
    this.#random = random;
    this.#seed = random.next();
    this.#entries = this.#reserve();
    if (entries === 0) this.#bypass = -1;
  }

  /** Lookups that found a microflow. */
  get hits(): number {
    return this.#earlierHits + this.#hits;
  }

  /** Whether lookups go to the megaflows at once now. */
  get bypassed(): boolean {
    return this.#bypass !== 0;
  }

  /** The megaflow of a key, or -1. */
  find(words: Int32Array): number {
    if (this.#bypass !== 0) {
      if (this.#bypass > 0) this.#bypass--;
      return -1;
    }
    if (++this.#lookups === WINDOW) this.#judge();
    const { hashed, pairs, length } = this.#footprint;
    const seed = this.#seed;
    const a = Math.imul((words[hashed[0]!]! & hashed[1]!) ^ seed, 0x9e37_79b1);
    const b = Math.imul((words[hashed[2]!]! & hashed[3]!) ^ seed, 0x85eb_ca6b);
    const c = Math.imul((words[hashed[4]!]! & hashed[5]!) ^ seed, 0xc2b2_ae35);
    const d = Math.imul((words[hashed[6]!]! & hashed[7]!) ^ seed, 0x27d4_eb2f);
    let hash = Math.imul(a ^ (a >>> 15) ^ b, 0x1656_67b1);
    hash = ((hash ^ (hash >>> 15)) + Math.imul(c ^ (c >>> 15) ^ d, 0x9e37_79b1)) & this.#hashBits;
    this.#hash = hash;
    const entries = this.#entries;
    const first = this.#first(hash);
    // The other place if the first has another hash; without a branch, which would be guessed wrong often.
    const other = entries[first]! ^ hash;
    const at = first ^ ((first ^ this.#second(hash)) & ((other | -other) >> 31));
    if (entries[at] !== hash) return -1;
    const flow = entries[at + 1]!;
    if (this.#store.serial(flow) !== entries[at + 2]) return -1;
    // Differences are collected: a hash that agrees almost never lies.
    let difference = 0;
    for (let i = 0, from = at + 4; i < length; i += 16) {
      difference |= entries[from]! ^ (words[pairs[i]!]! & pairs[i + 1]!);
      difference |= entries[from + 1]! ^ (words[pairs[i + 2]!]! & pairs[i + 3]!);
      difference |= entries[from + 2]! ^ (words[pairs[i + 4]!]! & pairs[i + 5]!);
      difference |= entries[from + 3]! ^ (words[pairs[i + 6]!]! & pairs[i + 7]!);
      difference |= entries[from + 4]! ^ (words[pairs[i + 8]!]! & pairs[i + 9]!);
      difference |= entries[from + 5]! ^ (words[pairs[i + 10]!]! & pairs[i + 11]!);
      difference |= entries[from + 6]! ^ (words[pairs[i + 12]!]! & pairs[i + 13]!);
      difference |= entries[from + 7]! ^ (words[pairs[i + 14]!]! & pairs[i + 15]!);
      from += 8;
    }
    if (difference !== 0) return -1;
    entries[at + 3] = this.#lookups;
    this.#hits++;
    return flow;
  }

  /** Perhaps keeps the key of the last `find`, whose megaflow was found elsewhere. */
  offer(words: Int32Array, flow: number): void {
    if (this.#bypass !== 0) return;
    const isCrowded = 2 * this.#used >= this.#count;
    if (isCrowded && (this.#random.next() >>> 0) % this.#insertInverse !== 0) return;
    this.#write(this.#victim(), words, flow);
    this.inserted++;
  }

  /** To be called with the mask of every new megaflow. If keys must be told apart by more bits from now on, all go. */
  cover(mask: Int32Array): void {
    if (!this.#footprint.cover(mask)) return;
    const words = HEADER + this.#footprint.length / 2;
    const strideBits = Math.max(LEAST_STRIDE_BITS, 32 - Math.clz32(words - 1));
    if (strideBits !== this.#strideBits) {
      this.#strideBits = strideBits;
      this.#entries = this.#reserve();
    }
    this.#empty();
  }

  /** Forgets everything. */
  clear(): void {
    this.#footprint.clear();
    this.#empty();
  }

  #empty(): void {
    this.#entries.fill(0);
    this.#used = 0;
  }

  #reserve(): Int32Array {
    return new Int32Array(new ArrayBuffer((this.#count << (this.#strideBits + 2)) + ALIGNMENT), ALIGNMENT);
  }

  /** The places of a hash. */
  #first(hash: number): number {
    return (hash & (this.#count - 1)) << this.#strideBits;
  }

  #second(hash: number): number {
    return ((hash >>> 16) & (this.#count - 1)) << this.#strideBits;
  }

  /** Of two places a dead one, else the one used longer ago. Stamps begin anew with each window; that is good enough. */
  #victim(): number {
    const first = this.#first(this.#hash);
    const second = this.#second(this.#hash);
    // With this hash in the first place, nobody would look at the second.
    if (this.#entries[first] === this.#hash || !this.#isAlive(first)) return first;
    if (!this.#isAlive(second)) return second;
    return this.#entries[first + 3]! <= this.#entries[second + 3]! ? first : second;
  }

  #isAlive(at: number): boolean {
    return this.#store.serial(this.#entries[at + 1]!) === this.#entries[at + 2];
  }

  #write(at: number, words: Int32Array, flow: number): void {
    const entries = this.#entries;
    const { pairs, length } = this.#footprint;
    if (entries[at + 2] === 0) this.#used++;
    entries[at] = this.#hash;
    entries[at + 1] = flow;
    entries[at + 2] = this.#store.serial(flow);
    entries[at + 3] = this.#lookups;
    for (let i = 0; i < length; i += 2) entries[at + HEADER + (i >> 1)] = words[pairs[i]!]! & pairs[i + 1]!;
  }

  #judge(): void {
    if (this.#hits < LEAST_HITS) this.#bypass = BYPASS;
    this.#lookups = 0;
    this.#earlierHits += this.#hits;
    this.#hits = 0;
  }
}
