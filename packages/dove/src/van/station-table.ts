import { read16, readInt32 } from '@overlane/wire';

const NONE = -1;
const SLOTS_MIN = 16;

/**
 * Stations by (instance, MAC), each in a slot whose number stays the same while it is there: what tables of VMs have in
 * common. A subclass keeps its own columns, arrays indexed by slot, and enlarges them in `resize`.
 *
 * Chained hashing over typed arrays; finding, adding and removing cost O(1) and allocate nothing but on growth, which
 * doubles up to `capacity`. The hash is seeded, because tenants choose the MACs. Memory here: 28 octets per slot.
 */
export abstract class StationTable {
  /** Most stations held. */
  readonly capacity: number;
  readonly #seed: number;
  #size = 0;
  #used = 0;
  #free = NONE;
  #slots = SLOTS_MIN;
  #heads = new Int32Array(SLOTS_MIN).fill(NONE);
  #next = new Int32Array(SLOTS_MIN);
  #network = new Float64Array(SLOTS_MIN);
  #high = new Int32Array(SLOTS_MIN);
  #low = new Int32Array(SLOTS_MIN);

  /** An empty table for at most `capacity` stations. `seed`: any 32 bits. */
  constructor(capacity: number, seed: number) {
    this.capacity = capacity;
    this.#seed = seed;
  }

  /** Stations held. */
  get size(): number {
    return this.#size;
  }

  /** Slots allocated so far, which columns start with. */
  get slots(): number {
    return this.#slots;
  }

  /** Instance of the station in `slot`. */
  networkOf(slot: number): number {
    return this.#network[slot]!;
  }

  /** Upper 16 bits of the MAC in `slot`. */
  highOf(slot: number): number {
    return this.#high[slot]!;
  }

  /** Lower 32 bits of the MAC in `slot`, signed. */
  lowOf(slot: number): number {
    return this.#low[slot]!;
  }

  /** Slot of the station, or -1. */
  find(network: number, high: number, low: number): number {
    let slot = this.#heads[this.#hash(network, high, low)]!;
    while (slot !== NONE && (this.#low[slot] !== low || this.#high[slot] !== high || this.#network[slot] !== network)) {
      slot = this.#next[slot]!;
    }
    return slot;
  }

  /** Slot of the station whose MAC is at `bytes[offset..]`, or -1. */
  findAt(network: number, bytes: Uint8Array, offset: number): number {
    return this.find(network, readHigh(bytes, offset), readLow(bytes, offset));
  }

  /** A slot for a station that is not here yet, or -1 if the table is full. Its columns hold what was there before. */
  add(network: number, high: number, low: number): number {
    if (this.#size >= this.capacity) return NONE;
    let slot = this.#free;
    if (slot === NONE) {
      if (this.#used === this.#slots) this.#grow();
      slot = this.#used++;
    } else {
      this.#free = this.#next[slot]!;
    }
    this.#size++;
    this.#network[slot] = network;
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#link(slot);
    return slot;
  }

  /** Frees a slot that is in use. */
  remove(slot: number): void {
    const head = this.#hash(this.#network[slot]!, this.#high[slot]!, this.#low[slot]!);
    let at = this.#heads[head]!;
    if (at === slot) {
      this.#heads[head] = this.#next[slot]!;
    } else {
      while (this.#next[at] !== slot) at = this.#next[at]!;
      this.#next[at] = this.#next[slot]!;
    }
    this.#next[slot] = this.#free;
    this.#free = slot;
    this.#size--;
  }

  /** Makes room for `slots` slots in the subclass's columns. */
  protected abstract resize(slots: number): void;

  #link(slot: number): void {
    const head = this.#hash(this.#network[slot]!, this.#high[slot]!, this.#low[slot]!);
    this.#next[slot] = this.#heads[head]!;
    this.#heads[head] = slot;
  }

  // Called when all slots are in use, so every one of them is linked anew.
  #grow(): void {
    this.#slots *= 2;
    this.#heads = new Int32Array(this.#slots).fill(NONE);
    this.#next = enlarged(this.#next, this.#slots);
    this.#high = enlarged(this.#high, this.#slots);
    this.#low = enlarged(this.#low, this.#slots);
    this.#network = enlarged(this.#network, this.#slots);
    for (let slot = 0; slot < this.#used; slot++) this.#link(slot);
    this.resize(this.#slots);
  }

  #hash(network: number, high: number, low: number): number {
    let h = Math.imul(low ^ this.#seed, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15) ^ high, 0xc2b2ae35);
    h = Math.imul(h ^ (h >>> 13) ^ network, 0x27d4eb2f);
    return (h ^ (h >>> 15)) & (this.#slots - 1);
  }
}

/** Upper 16 bits of the MAC at `bytes[offset..]`. */
export function readHigh(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset);
}

/** Lower 32 bits of the MAC at `bytes[offset..]`, signed. */
export function readLow(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + 2);
}

/** The same column with room for `slots`, in new memory. */
export function enlarged<T extends Uint8Array | Int32Array | Float64Array>(column: T, slots: number): T {
  const larger = new (column.constructor as new (length: number) => T)(slots);
  larger.set(column);
  return larger;
}
