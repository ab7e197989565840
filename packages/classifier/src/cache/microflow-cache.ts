import type { Schema } from '../schema/schema.js';
import { ALIGNMENT, type FlowStore } from './flow-store.js';
import { Footprint } from './footprint.js';
import type { FlowCacheLimits } from './options.js';
import type { Xorshift } from './xorshift.js';

/** Words of an entry before its key: 0 hash, 1 megaflow, 2 its serial, 3 when it was last used. */
const HEADER = 4;
/** An entry has a power of two of words, at least a cache line. */
const LEAST_STRIDE_BITS = 4;
/** The hit rate is judged after so many lookups; below a tenth the next million look elsewhere at once. */
const WINDOW = 65_536;
const BYPASS = 1 << 20;
const NO_WORDS = new Int32Array(0);

/**
 * Keys and the megaflows they belong to (the exact-match cache of Open vSwitch), told apart by the bits of the cache's
 * {@link Footprint} and no others. Two places per key. An entry is alive as long as its megaflow: that one's serial says
 * so, and nobody has to search for entries when it goes.
 *
 * Properties that a lookup reads begin with a value of the kind they keep: the engine then need not look at what kind it is.
 */
export class MicroflowCache {
  /** Entries written. */
  inserted = 0;
  readonly #footprint: Footprint;
  readonly #count: number;
  readonly #hashBits: number = 0;
  readonly #insertInverse: number;
  readonly #store: FlowStore<unknown>;
  /** Those of the store. */
  readonly #records: Int32Array = NO_WORDS;
  readonly #random: Xorshift;
  #entries: Int32Array = NO_WORDS;
  #strideBits = LEAST_STRIDE_BITS;
  /** The bits of a hash that say where its entry begins. */
  #places = 0;
  /** Of the last key that was not found. */
  #hash = 0;
  #used = 0;
  /** Since the hit rate was judged. */
  #lookups = 0;
  #misses = 0;
  #earlierHits = 0;
  /** Keys that will not be taken notice of. */
  #bypass = 0;

  /** From half full on, one new key in `insertInverse` enters. */
  constructor(
    schema: Schema,
    { microflow: { entries, insertInverse }, hashBits }: FlowCacheLimits,
    store: FlowStore<unknown>,
    random: Xorshift,
  ) {
    this.#footprint = new Footprint(schema, random.next());
    this.#count = entries;
    this.#insertInverse = insertInverse;
    this.#hashBits = hashBits;
    this.#store = store;
    this.#records = store.records;
    this.#random = random;
    this.#reserve();
    if (entries === 0) this.#bypass = -1;
  }

  /** Lookups that found a microflow. */
  get hits(): number {
    return this.#earlierHits + this.#lookups - this.#misses;
  }

  /** Whether lookups go to the megaflows at once now. */
  get bypassed(): boolean {
    return this.#bypass !== 0;
  }

  /** The megaflow of a key, or -1. Precondition: not `bypassed`. */
  find(words: Int32Array): number {
    const now = ++this.#lookups;
    const footprint = this.#footprint;
    const first = words[footprint.word0]! & footprint.bits0;
    const second = words[footprint.word1]! & footprint.bits1;
    const third = words[footprint.word2]! & footprint.bits2;
    const fourth = words[footprint.word3]! & footprint.bits3;
    const hash = footprint.hash(first, second, third, fourth) & this.#hashBits;
    const entries = this.#entries;
    const places = this.#places;
    // The last mask is wider than any table and takes nothing away: it says that no sum below can overflow.
    let at = hash & places & 0x3f_ffff;
    // A branch, though one that is guessed wrong often when the cache is full: guessed right, nothing below waits for the first
    // place to be read.
    if (entries[at] !== hash) at = (hash ^ (hash >>> 16)) & places & 0x3f_ffff;
    const flow = entries[at + 1]!;
    // The words that make the hash are compared, so it need not be.
    if (
      footprint.isAt(entries, at, words, first, second, third, fourth) &&
      this.#records[flow << 3] === entries[at + 2]
    ) {
      entries[at + 3] = now;
      return flow;
    }
    this.#hash = hash;
    this.#misses++;
    return -1;
  }

  /** Perhaps keeps the key of the last `find`, whose megaflow was found elsewhere. */
  offer(words: Int32Array, flow: number): void {
    if (this.#bypass === 0) this.#consider(words, flow);
    else if (this.#bypass > 0) this.#bypass--;
  }

  /** To be called with the mask of every new megaflow. If keys must be told apart by more bits from now on, all go. */
  cover(mask: Int32Array): void {
    if (!this.#footprint.cover(mask)) return;
    const words = HEADER + this.#footprint.size;
    const strideBits = Math.max(LEAST_STRIDE_BITS, 32 - Math.clz32(words - 1));
    if (strideBits !== this.#strideBits) {
      this.#strideBits = strideBits;
      this.#reserve();
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

  #reserve(): void {
    const buffer = new ArrayBuffer((this.#count << (this.#strideBits + 2)) + ALIGNMENT);
    this.#entries = new Int32Array(buffer, ALIGNMENT);
    this.#places = (this.#count - 1) << this.#strideBits;
  }

  #consider(words: Int32Array, flow: number): void {
    if (this.#lookups >= WINDOW) this.#judge();
    const isCrowded = 2 * this.#used >= this.#count;
    if (isCrowded && (this.#random.next() >>> 0) % this.#insertInverse !== 0) return;
    this.#write(this.#victim(), words, flow);
    this.inserted++;
  }

  /** Of two places a dead one, else the one used longer ago. Stamps begin anew with each window; that is good enough. */
  #victim(): number {
    const hash = this.#hash;
    const first = hash & this.#places;
    const second = (hash ^ (hash >>> 16)) & this.#places;
    // With this hash in the first place, nobody would look at the second.
    if (this.#entries[first] === hash || !this.#isAlive(first)) return first;
    if (!this.#isAlive(second)) return second;
    return this.#entries[first + 3]! <= this.#entries[second + 3]! ? first : second;
  }

  #isAlive(at: number): boolean {
    return this.#store.serial(this.#entries[at + 1]!) === this.#entries[at + 2];
  }

  #write(at: number, words: Int32Array, flow: number): void {
    const entries = this.#entries;
    if (entries[at + 2] === 0) this.#used++;
    entries[at] = this.#hash;
    entries[at + 1] = flow;
    entries[at + 2] = this.#store.serial(flow);
    entries[at + 3] = this.#lookups;
    this.#footprint.write(words, entries, at + HEADER);
  }

  #judge(): void {
    const hits = this.#lookups - this.#misses;
    if (10 * hits < this.#lookups) this.#bypass = BYPASS;
    this.#earlierHits += hits;
    this.#lookups = 0;
    this.#misses = 0;
  }
}
