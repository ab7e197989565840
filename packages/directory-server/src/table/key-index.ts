/**
 * From keys to records: open addressing with linear probing over one typed array, two words a slot (hash and record).
 *
 * - At most 60 % of the slots are taken, so a probe looks at two or three.
 * - It grows by moving a few slots with each change from the old array to one twice as long; while that lasts, a key is in
 *   exactly one of the two. No single change takes long, however large the table is.
 * - Removal shifts what follows back in the new array; in the old one it leaves a mark, for that array soon goes.
 * - The hash is keyed (`halfSipHash`), and stored, so neither growth nor most mismatches read a record.
 *
 * A key is the first 24 octets of a record, as questions, answers and sources on the wire all begin: tenant (4), kind (1),
 * three octets that don't belong to it, address (16).
 */
import { type HashSeed, halfSipHash } from './half-sip-hash.js';

/** Octets that begin with a key and contain it. */
export const KEY_BLOCK_LENGTH = 24;

/** What a search returns for a key that is not there. */
export const NO_RECORD = -1;

/** Where records are: what the index needs to compare keys. */
export interface RecordPlaces {
  /** The array that holds the record. */
  chunkOf(record: number): Uint8Array;
  /** Where it begins in there. */
  offsetOf(record: number): number;
}

const SLOTS_MIN = 64;
/** Slots are taken up to 3/5. */
const LOAD_NUMERATOR = 3;
const LOAD_DENOMINATOR = 5;
/** Old slots that one change moves. Any number above 2 empties the old array before the new one is full. */
const MOVED_PER_CHANGE = 64;
const EMPTY = 0;
const GONE = -1;

/** The index. Records are integers in 0..2^31-2. */
export class KeyIndex {
  readonly #places: RecordPlaces;
  readonly #seed: HashSeed;
  /** Hash and record plus one, slot by slot. */
  #slots = new Int32Array(2 * SLOTS_MIN);
  #mask = SLOTS_MIN - 1;
  #old: Int32Array | undefined;
  #oldMask = 0;
  #nextToMove = 0;
  #size = 0;

  /** An empty index of records that `places` knows. */
  constructor(places: RecordPlaces, seed: HashSeed) {
    this.#places = places;
    this.#seed = seed;
  }

  /** Keys in the index. */
  get size(): number {
    return this.#size;
  }

  /** Octets of its arrays. */
  get octets(): number {
    return this.#slots.byteLength + (this.#old?.byteLength ?? 0);
  }

  /** Share of slots that are taken, 0..0.6, in the array that remains. */
  get load(): number {
    return this.#size / (this.#mask + 1);
  }

  /** The record of the key at `bytes[offset..]`, or `NO_RECORD`. */
  find(bytes: Uint8Array, offset: number): number {
    const hash = this.hash(bytes, offset);
    const slot = this.#probe(this.#slots, this.#mask, hash, bytes, offset);
    if (slot >= 0) return this.#slots[2 * slot + 1]! - 1;
    if (this.#old === undefined) return NO_RECORD;
    const oldSlot = this.#probe(this.#old, this.#oldMask, hash, bytes, offset);
    return oldSlot < 0 ? NO_RECORD : this.#old[2 * oldSlot + 1]! - 1;
  }

  /** Adds `record`, whose key must not be there. */
  add(record: number): void {
    this.#moveSome();
    if (this.#size * LOAD_DENOMINATOR >= (this.#mask + 1) * LOAD_NUMERATOR) this.#grow();
    this.#size++;
    this.#insert(this.#hashOf(record), record);
  }

  /** Lets the key of `record` lead to `successor`, which has the same key. */
  replace(record: number, successor: number): void {
    this.#moveSome();
    const bytes = this.#places.chunkOf(record);
    const offset = this.#places.offsetOf(record);
    const hash = this.hash(bytes, offset);
    const slot = this.#probe(this.#slots, this.#mask, hash, bytes, offset);
    if (slot >= 0) this.#slots[2 * slot + 1] = successor + 1;
    else if (this.#old !== undefined) {
      const oldSlot = this.#probe(this.#old, this.#oldMask, hash, bytes, offset);
      if (oldSlot >= 0) this.#old[2 * oldSlot + 1] = successor + 1;
    }
  }

  /** Removes the key of `record`, which must still have its octets. */
  remove(record: number): void {
    this.#moveSome();
    const bytes = this.#places.chunkOf(record);
    const offset = this.#places.offsetOf(record);
    const hash = this.hash(bytes, offset);
    const slot = this.#probe(this.#slots, this.#mask, hash, bytes, offset);
    if (slot >= 0) this.#close(slot);
    else if (this.#old !== undefined) {
      const oldSlot = this.#probe(this.#old, this.#oldMask, hash, bytes, offset);
      if (oldSlot < 0) return;
      this.#old[2 * oldSlot + 1] = GONE;
    } else return;
    this.#size--;
  }

  /** Forgets all keys. */
  clear(): void {
    this.#slots = new Int32Array(2 * SLOTS_MIN);
    this.#mask = SLOTS_MIN - 1;
    this.#old = undefined;
    this.#size = 0;
  }

  /** Hash of the key at `bytes[offset..]`. */
  hash(bytes: Uint8Array, offset: number): number {
    return halfSipHash(bytes, offset, KEY_BLOCK_LENGTH / 4, this.#seed, 0xff);
  }

  #hashOf(record: number): number {
    return this.hash(this.#places.chunkOf(record), this.#places.offsetOf(record));
  }

  /** The slot of a key in `slots`, or -1. */
  #probe(slots: Int32Array, mask: number, hash: number, bytes: Uint8Array, offset: number): number {
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[2 * slot + 1]!;
      if (entry === EMPTY) return -1;
      if (entry === GONE || slots[2 * slot] !== hash) continue;
      const record = entry - 1;
      if (equalKeys(this.#places.chunkOf(record), this.#places.offsetOf(record), bytes, offset)) return slot;
    }
  }

  #insert(hash: number, record: number): void {
    let slot = hash & this.#mask;
    while (this.#slots[2 * slot + 1] !== EMPTY) slot = (slot + 1) & this.#mask;
    this.#slots[2 * slot] = hash;
    this.#slots[2 * slot + 1] = record + 1;
  }

  /** Empties a slot and shifts back whatever could no longer be found behind the gap (Knuth, volume 3, algorithm 6.4R). */
  #close(gap: number): void {
    const slots = this.#slots;
    const mask = this.#mask;
    for (let slot = (gap + 1) & mask; slots[2 * slot + 1] !== EMPTY; slot = (slot + 1) & mask) {
      const home = slots[2 * slot]! & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      slots[2 * gap] = slots[2 * slot]!;
      slots[2 * gap + 1] = slots[2 * slot + 1]!;
      gap = slot;
    }
    slots[2 * gap + 1] = EMPTY;
  }

  #grow(): void {
    while (this.#old !== undefined) this.#moveSome();
    this.#old = this.#slots;
    this.#oldMask = this.#mask;
    this.#nextToMove = 0;
    this.#mask = 2 * this.#mask + 1;
    this.#slots = new Int32Array(2 * (this.#mask + 1));
  }

  #moveSome(): void {
    const old = this.#old;
    if (old === undefined) return;
    const end = Math.min(this.#nextToMove + MOVED_PER_CHANGE, this.#oldMask + 1);
    for (let slot = this.#nextToMove; slot < end; slot++) {
      const entry = old[2 * slot + 1]!;
      if (entry === EMPTY || entry === GONE) continue;
      this.#insert(old[2 * slot]!, entry - 1);
      old[2 * slot + 1] = GONE;
    }
    this.#nextToMove = end;
    if (end > this.#oldMask) this.#old = undefined;
  }
}

/** True if the key blocks at `a[i..]` and `b[j..]` have the same tenant, kind and address. */
export function equalKeys(a: Uint8Array, i: number, b: Uint8Array, j: number): boolean {
  // The end of an address differs most often.
  for (let at = KEY_BLOCK_LENGTH - 1; at >= 8; at--) if (a[i + at] !== b[j + at]) return false;
  for (let at = 4; at >= 0; at--) if (a[i + at] !== b[j + at]) return false;
  return true;
}
