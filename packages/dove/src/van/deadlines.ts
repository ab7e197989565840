/**
 * When the next thing is due, for items with small integer names such as table slots: a binary heap that knows where
 * each item is, so one can be moved or taken out. Setting, moving and taking cost O(log n), the next O(1); nobody scans.
 * Memory: 16 octets per item name, which double as names grow.
 */
export class Deadlines {
  #dueMs = new Float64Array(16);
  #heap = new Int32Array(16);
  // Place in the heap plus one, by item; 0: not in it.
  #places = new Int32Array(16);
  #size = 0;

  /** Items with a deadline. */
  get size(): number {
    return this.#size;
  }

  /** Gives `item`, an integer from 0 on, the deadline `dueMs`, in place of the one that it had. */
  set(item: number, dueMs: number): void {
    if (item >= this.#places.length) this.#grow(item);
    this.#dueMs[item] = dueMs;
    let place = this.#places[item]! - 1;
    if (place < 0) {
      place = this.#size++;
      this.#put(place, item);
    }
    this.#raise(place);
    this.#sink(this.#places[item]! - 1);
  }

  /** Takes out the deadline of `item`, if it has one. */
  clear(item: number): void {
    const place = (this.#places[item] ?? 0) - 1;
    if (place < 0) return;
    this.#places[item] = 0;
    const last = this.#heap[--this.#size]!;
    if (last === item) return;
    this.#put(place, last);
    this.#raise(place);
    this.#sink(this.#places[last]! - 1);
  }

  /** An item that is due at `nowMs`, the most overdue first, taken out; or -1. */
  take(nowMs: number): number {
    if (this.#size === 0) return -1;
    const item = this.#heap[0]!;
    if (this.#dueMs[item]! > nowMs) return -1;
    this.clear(item);
    return item;
  }

  /** When the first item is due, or Infinity. */
  get nextMs(): number {
    return this.#size === 0 ? Infinity : this.#dueMs[this.#heap[0]!]!;
  }

  #put(place: number, item: number): void {
    this.#heap[place] = item;
    this.#places[item] = place + 1;
  }

  #isBefore(a: number, b: number): boolean {
    return this.#dueMs[a]! < this.#dueMs[b]!;
  }

  #raise(from: number): void {
    let place = from;
    const item = this.#heap[place]!;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#heap[parent]!;
      if (!this.#isBefore(item, above)) break;
      this.#put(place, above);
      place = parent;
    }
    this.#put(place, item);
  }

  #sink(from: number): void {
    let place = from;
    const item = this.#heap[place]!;
    for (let child = 2 * place + 1; child < this.#size; child = 2 * place + 1) {
      if (child + 1 < this.#size && this.#isBefore(this.#heap[child + 1]!, this.#heap[child]!)) child++;
      const below = this.#heap[child]!;
      if (!this.#isBefore(below, item)) break;
      this.#put(place, below);
      place = child;
    }
    this.#put(place, item);
  }

  #grow(item: number): void {
    let length = this.#places.length;
    while (length <= item) length *= 2;
    this.#dueMs = grown(this.#dueMs, new Float64Array(length));
    this.#heap = grown(this.#heap, new Int32Array(length));
    this.#places = grown(this.#places, new Int32Array(length));
  }
}

function grown<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
