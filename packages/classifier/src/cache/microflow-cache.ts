import { ALIGNMENT, type FlowStore } from './flow-store.js';
import type { Xorshift } from './xorshift.js';

/** Words of an entry, two cache lines: 0 hash, 1 megaflow, 2 its serial, 3 when it was last used, 4.. packed key. */
const STRIDE = 32;
const PACKED = 4;
/** A packed key has its two maps and its length first; longer ones are not cached. */
const MAX_PACKED_WORDS = STRIDE - PACKED - 3;
/** The hit rate is judged over this many lookups; below a tenth the next million look elsewhere at once. */
const WINDOW = 65_536;
const LEAST_HITS = WINDOW / 10;
const BYPASS = 1 << 20;

/**
 * Whole keys and the megaflows they belong to (the exact-match cache of Open vSwitch). Two places per key. An entry is
 * alive as long as its megaflow: that one's serial says so, and nobody has to search for entries when it goes.
 */
export class MicroflowCache {
  /** Keys that were too long for an entry, and entries written. */
  tooLong = 0;
  inserted = 0;
  readonly #entries: Int32Array;
  readonly #indexMask: number;
  readonly #hashBits: number;
  readonly #insertInverse: number;
  readonly #store: FlowStore<unknown>;
  readonly #random: Xorshift;
  #used = 0;
  #lookups = 0;
  #hits = 0;
  #bypass = 0;

  /** `entries` is a power of two up to 65,536, or 0 for none; from half full on, one new key in `insertInverse` enters. */
  constructor(
    { entries, insertInverse, hashBits }: { entries: number; insertInverse: number; hashBits: number },
    store: FlowStore<unknown>,
    random: Xorshift,
  ) {
    this.#entries = new Int32Array(new ArrayBuffer(4 * entries * STRIDE + ALIGNMENT), ALIGNMENT);
    this.#indexMask = entries - 1;
    this.#insertInverse = insertInverse;
    this.#hashBits = hashBits;
    this.#store = store;
    this.#random = random;
    if (entries === 0) this.#bypass = -1;
  }

  /** Whether lookups go to the megaflows at once now. */
  get bypassed(): boolean {
    return this.#bypass !== 0;
  }

  /** The megaflow of a packed key, or -1. */
  find(packed: Int32Array, keyHash: number): number {
    if (this.#bypass !== 0) {
      if (this.#bypass > 0) this.#bypass--;
      return -1;
    }
    if (++this.#lookups === WINDOW) this.#judge();
    const hash = keyHash & this.#hashBits;
    let flow = this.#match((hash & this.#indexMask) << 5, hash, packed);
    if (flow < 0) flow = this.#match(((hash >>> 16) & this.#indexMask) << 5, hash, packed);
    if (flow >= 0) this.#hits++;
    return flow;
  }

  /** Perhaps keeps a key whose megaflow was found elsewhere. */
  offer(packed: Int32Array, keyHash: number, flow: number): void {
    if (this.#bypass !== 0) return;
    if (packed[2]! > MAX_PACKED_WORDS) {
      this.tooLong++;
      return;
    }
    const crowded = 2 * this.#used > this.#indexMask;
    if (crowded && (this.#random.next() >>> 0) % this.#insertInverse !== 0) return;
    const hash = keyHash & this.#hashBits;
    this.#write(this.#victim(hash), hash, packed, flow);
    this.inserted++;
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.fill(0);
    this.#used = 0;
  }

  #match(at: number, hash: number, packed: Int32Array): number {
    const entries = this.#entries;
    if (entries[at] !== hash) return -1;
    const flow = entries[at + 1]!;
    if (this.#store.serial(flow) !== entries[at + 2]) return -1;
    // Equal maps have equal lengths. Differences are collected: a hash that agrees almost never lies.
    let difference = (entries[at + 4]! ^ packed[0]!) | (entries[at + 5]! ^ packed[1]!);
    for (let i = packed[2]! + 2; i > 2; i--) difference |= entries[at + 4 + i]! ^ packed[i]!;
    if (difference !== 0) return -1;
    entries[at + 3] = this.#lookups;
    return flow;
  }

  /** Of two places a dead one, else the one used longer ago. Stamps begin anew with each window; that is good enough. */
  #victim(hash: number): number {
    const first = (hash & this.#indexMask) * STRIDE;
    const second = ((hash >>> 16) & this.#indexMask) * STRIDE;
    if (!this.#isAlive(first)) return first;
    if (!this.#isAlive(second)) return second;
    return this.#entries[first + 3]! <= this.#entries[second + 3]! ? first : second;
  }

  #isAlive(at: number): boolean {
    return this.#store.serial(this.#entries[at + 1]!) === this.#entries[at + 2];
  }

  #write(at: number, hash: number, packed: Int32Array, flow: number): void {
    const entries = this.#entries;
    if (entries[at + 2] === 0) this.#used++;
    entries[at] = hash;
    entries[at + 1] = flow;
    entries[at + 2] = this.#store.serial(flow);
    entries[at + 3] = this.#lookups;
    for (let i = packed[2]! + 2; i >= 0; i--) entries[at + PACKED + i] = packed[i]!;
  }

  #judge(): void {
    if (this.#hits < LEAST_HITS) this.#bypass = BYPASS;
    this.#lookups = 0;
    this.#hits = 0;
  }
}
