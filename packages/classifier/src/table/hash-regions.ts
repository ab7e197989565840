/** Fields of a region's descriptor, relative to where it stands. */
export const OFFSET = 0;
export const MASK = 1;
export const USED = 2;
export const REGION_LENGTH = 3;
const SLOTS_MIN = 4;

/**
 * Many small hash tables in one array: each is a region of slots `hash value`, open addressing with linear probing, at most
 * a quarter full. A value of 0 is an empty slot. The high bits of a hash say where to begin: the low ones of a product know
 * nothing of a prefix. Who owns a region keeps its descriptor (offset, capacity - 1 and number of slots in use) in an array of
 * his own, and looks up hashes himself:
 *
 *     slot = offset + 2 * (hash >>> Math.clz32(mask))
 */
export class HashRegions {
  /** The slots of all regions. Replaced when it grows. */
  slots = new Int32Array(64);
  #end = 0;
  /** Free regions, by the logarithm of their capacity. */
  readonly #free: number[][] = [];

  /** Octets of all slots. */
  get octets(): number {
    return this.slots.byteLength;
  }

  /** Makes an empty region and writes its descriptor to `table[at..at + 3)`. */
  create(table: Int32Array, at: number): void {
    table[at] = this.#allocate(SLOTS_MIN);
    table[at + MASK] = SLOTS_MIN - 1;
    table[at + USED] = 0;
  }

  /** Gives the slots of a region back. */
  destroy(table: Int32Array, at: number): void {
    this.#release(table[at]!, table[at + MASK]! + 1);
  }

  /** The value at a hash, 0 if there is none. */
  get(table: Int32Array, at: number, hash: number): number {
    return this.slots[this.#find(table[at]!, table[at + MASK]!, hash) + 1]!;
  }

  /** Puts a value other than 0 at a hash; what was there goes. */
  set(table: Int32Array, at: number, hash: number, value: number): void {
    let slot = this.#find(table[at]!, table[at + MASK]!, hash);
    if (this.slots[slot + 1] === 0) {
      if (4 * (table[at + USED]! + 1) > table[at + MASK]! + 1) {
        this.#grow(table, at);
        slot = this.#find(table[at]!, table[at + MASK]!, hash);
      }
      table[at + USED]!++;
      this.slots[slot] = hash;
    }
    this.slots[slot + 1] = value;
  }

  /** Empties the slot of a hash. The slots behind it that it kept from their place move up, so nothing is left behind. */
  delete(table: Int32Array, at: number, hash: number): void {
    const { slots } = this;
    const offset = table[at]!;
    const mask = table[at + MASK]!;
    let hole = (this.#find(offset, mask, hash) - offset) >> 1;
    if (slots[offset + 2 * hole + 1] === 0) return;
    table[at + USED]!--;
    for (let next = (hole + 1) & mask; slots[offset + 2 * next + 1] !== 0; next = (next + 1) & mask) {
      const home = slots[offset + 2 * next]! >>> Math.clz32(mask);
      // It may move if its home is not between the hole and it.
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      slots[offset + 2 * hole] = slots[offset + 2 * next]!;
      slots[offset + 2 * hole + 1] = slots[offset + 2 * next + 1]!;
      hole = next;
    }
    slots[offset + 2 * hole + 1] = 0;
  }

  /** The slot of a hash, or the empty one where it belongs. */
  #find(offset: number, mask: number, hash: number): number {
    const { slots } = this;
    let index = hash >>> Math.clz32(mask);
    while (slots[offset + 2 * index + 1] !== 0 && slots[offset + 2 * index] !== hash) index = (index + 1) & mask;
    return offset + 2 * index;
  }

  #grow(table: Int32Array, at: number): void {
    const from = table[at]!;
    const capacity = table[at + MASK]! + 1;
    const to = this.#allocate(2 * capacity);
    const { slots } = this;
    for (let slot = from; slot < from + 2 * capacity; slot += 2) {
      if (slots[slot + 1] === 0) continue;
      const place = this.#find(to, 2 * capacity - 1, slots[slot]!);
      slots[place] = slots[slot]!;
      slots[place + 1] = slots[slot + 1]!;
    }
    this.#release(from, capacity);
    table[at] = to;
    table[at + MASK] = 2 * capacity - 1;
  }

  #allocate(capacity: number): number {
    const free = this.#free[31 - Math.clz32(capacity)]?.pop();
    if (free !== undefined) return free;
    const offset = this.#end;
    this.#end += 2 * capacity;
    if (this.#end > this.slots.length) {
      const larger = new Int32Array(2 * this.#end);
      larger.set(this.slots);
      this.slots = larger;
    }
    return offset;
  }

  #release(offset: number, capacity: number): void {
    this.slots.fill(0, offset, offset + 2 * capacity);
    (this.#free[31 - Math.clz32(capacity)] ??= []).push(offset);
  }
}
