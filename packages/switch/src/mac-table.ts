import { readInt32, write16, write32 } from '@overlane/wire';

/**
 * A table of MAC addresses with ageing: which port, or which endpoint, each was last seen behind.
 *
 * Open addressing with linear probing over typed arrays, deletion by shifting back, so a look-up touches one or two
 * cache lines and nothing is allocated but on growth. It doubles up to `capacity` addresses and then refuses new ones:
 * a tenant that floods source addresses fills its own table and gets its frames flooded, nothing more. One table per
 * network keeps tenants apart. Memory: 2 x capacity x (16 + 4 x valueWords) octets at most.
 */

/** Size and ageing of a table. */
export interface MacTableOptions {
  /** Most addresses held, at least 1. Default 4,096. */
  readonly capacity?: number;
  /** Milliseconds after which an address that was not seen is forgotten. Default 300,000 (IEEE 802.1D §7.9.2). */
  readonly ageingMs?: number;
}

/** Defaults of `MacTableOptions`. */
export const MAC_TABLE_DEFAULTS = { capacity: 4096, ageingMs: 300_000 } as const;

/** What `learn` did: a new entry, a refresh of one that was there, or nothing because the table is full. */
export type LearnOutcome = 'added' | 'refreshed' | 'full';

const EMPTY = -1;
const SLOTS_MIN = 16;

/** MAC addresses to values of `valueWords` 32-bit words. */
export class MacTable {
  /** Words of the value in slot s: `values[s * valueWords ...]`. Valid until the table changes. */
  values: Int32Array;
  /** Slot that the last `learn` filled or refreshed. */
  learned = 0;
  /** 32-bit words per value. */
  readonly valueWords: number;
  readonly #capacity: number;
  readonly #ageingMs: number;
  #mask: number;
  #size = 0;
  // Upper 16 bits of the address, or EMPTY.
  #high: Int32Array;
  #low: Int32Array;
  #seenMs: Float64Array;

  /** An empty table. */
  constructor(valueWords: number, options: MacTableOptions = {}) {
    this.valueWords = valueWords;
    this.#capacity = options.capacity ?? MAC_TABLE_DEFAULTS.capacity;
    this.#ageingMs = options.ageingMs ?? MAC_TABLE_DEFAULTS.ageingMs;
    this.#mask = SLOTS_MIN - 1;
    this.#high = new Int32Array(SLOTS_MIN).fill(EMPTY);
    this.#low = new Int32Array(SLOTS_MIN);
    this.#seenMs = new Float64Array(SLOTS_MIN);
    this.values = new Int32Array(SLOTS_MIN * valueWords);
  }

  /** Addresses held, those that have aged but not been swept included. */
  get size(): number {
    return this.#size;
  }

  /** Slot of the MAC at `bytes[offset..]`, or -1 if it is unknown. One that has aged is known until the next `expire`. */
  find(bytes: Uint8Array, offset: number): number {
    const slot = this.#probe(highOf(bytes, offset), lowOf(bytes, offset));
    return this.#high[slot] === EMPTY ? -1 : slot;
  }

  /**
   * Notes that the MAC at `bytes[offset..]` was seen, and leaves its slot in `learned`, where the caller writes the
   * value. Amortized O(1): the table doubles as it fills.
   */
  learn(bytes: Uint8Array, offset: number, nowMs: number): LearnOutcome {
    const high = highOf(bytes, offset);
    const low = lowOf(bytes, offset);
    let slot = this.#probe(high, low);
    let outcome: LearnOutcome = 'refreshed';
    if (this.#high[slot] === EMPTY) {
      if (this.#size >= this.#capacity) return 'full';
      if ((this.#size + 1) * 2 > this.#mask + 1) {
        this.#grow();
        slot = this.#probe(high, low);
      }
      this.#high[slot] = high;
      this.#low[slot] = low;
      this.#size++;
      outcome = 'added';
    }
    this.#seenMs[slot] = nowMs;
    this.learned = slot;
    return outcome;
  }

  /** Writes the MAC in `slot` to `bytes[offset..]`. Precondition: the slot is taken. */
  writeMac(slot: number, bytes: Uint8Array, offset: number): void {
    write16(bytes, offset, this.#high[slot]!);
    write32(bytes, offset + 2, this.#low[slot]!);
  }

  /** Forgets the MAC at `bytes[offset..]`; false if it was not there. */
  forget(bytes: Uint8Array, offset: number): boolean {
    const slot = this.#probe(highOf(bytes, offset), lowOf(bytes, offset));
    if (this.#high[slot] === EMPTY) return false;
    this.#remove(slot);
    return true;
  }

  /** Forgets every address for which `unwanted(slot)` is true. Costs a pass over the table. */
  forgetWhere(unwanted: (slot: number) => boolean): void {
    // Backwards from an empty slot (half of them are): removal shifts only entries that were looked at already.
    let empty = 0;
    while (this.#high[empty] !== EMPTY) empty++;
    for (let back = 1; back <= this.#mask; back++) {
      const slot = (empty - back) & this.#mask;
      if (this.#high[slot] !== EMPTY && unwanted(slot)) this.#remove(slot);
    }
  }

  /** Forgets what has aged, and returns how much. Costs a pass over the table: call it about once a second. */
  expire(nowMs: number): number {
    const before = this.#size;
    if (before > 0) this.forgetWhere((slot) => this.hasAged(slot, nowMs));
    return before - this.#size;
  }

  /** Whether the address in `slot` was not seen for too long. Precondition: the slot is taken. */
  hasAged(slot: number, nowMs: number): boolean {
    return nowMs - this.#seenMs[slot]! > this.#ageingMs;
  }

  /** The slot that holds the address, or the empty one where it would go. */
  #probe(high: number, low: number): number {
    let slot = hash(high, low) & this.#mask;
    while (this.#high[slot] !== EMPTY && (this.#high[slot] !== high || this.#low[slot] !== low)) {
      slot = (slot + 1) & this.#mask;
    }
    return slot;
  }

  /** Empties a slot and closes the gap, so that every probe still finds what lies behind it. */
  #remove(slot: number): void {
    let gap = slot;
    for (let next = (gap + 1) & this.#mask; this.#high[next] !== EMPTY; next = (next + 1) & this.#mask) {
      const home = hash(this.#high[next]!, this.#low[next]!) & this.#mask;
      // Entries whose home lies behind the gap, cyclically, stay.
      if (((next - home) & this.#mask) < ((next - gap) & this.#mask)) continue;
      this.#move(next, gap);
      gap = next;
    }
    this.#high[gap] = EMPTY;
    this.#size--;
  }

  #grow(): void {
    const old = { high: this.#high, low: this.#low, seenMs: this.#seenMs, values: this.values };
    const slots = (this.#mask + 1) * 2;
    this.#mask = slots - 1;
    this.#high = new Int32Array(slots).fill(EMPTY);
    this.#low = new Int32Array(slots);
    this.#seenMs = new Float64Array(slots);
    this.values = new Int32Array(slots * this.valueWords);
    for (let from = 0; from < old.high.length; from++) {
      if (old.high[from] === EMPTY) continue;
      const to = this.#probe(old.high[from]!, old.low[from]!);
      this.#high[to] = old.high[from]!;
      this.#low[to] = old.low[from]!;
      this.#seenMs[to] = old.seenMs[from]!;
      this.#copyValue(old.values, from, to);
    }
  }

  #move(from: number, to: number): void {
    this.#high[to] = this.#high[from]!;
    this.#low[to] = this.#low[from]!;
    this.#seenMs[to] = this.#seenMs[from]!;
    this.#copyValue(this.values, from, to);
  }

  #copyValue(source: Int32Array, from: number, to: number): void {
    for (let i = 0; i < this.valueWords; i++) {
      this.values[to * this.valueWords + i] = source[from * this.valueWords + i]!;
    }
  }
}

function highOf(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

function lowOf(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + 2);
}

function hash(high: number, low: number): number {
  let h = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0xc2b2ae35);
  h ^= h >>> 15;
  return Math.imul(h, 0x27d4eb2f) >>> 8;
}
