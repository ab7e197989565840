/**
 * Timers of a few fixed lengths, for items with small integer names. Items of one length are due in the order in which they
 * were set, so each length is a list: setting, clearing and taking cost O(1) and nobody scans or sorts. Memory: 16 octets
 * per item.
 */

const NONE = -1;

/** The timers. Time must not go back. */
export class Timers {
  readonly #lengthsMs: readonly number[];
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  // Which list an item is in, or NONE.
  readonly #list: Int8Array;
  readonly #dueMs: Float64Array;

  /** No timer is set. `items` bounds their names: 0..items-1. At most 127 lengths. */
  constructor(items: number, lengthsMs: readonly number[]) {
    this.#lengthsMs = lengthsMs;
    this.#first = new Int32Array(lengthsMs.length).fill(NONE);
    this.#last = new Int32Array(lengthsMs.length).fill(NONE);
    this.#next = new Int32Array(items);
    this.#previous = new Int32Array(items);
    this.#list = new Int8Array(items).fill(NONE);
    this.#dueMs = new Float64Array(items);
  }

  /** Sets the timer of `item` to the length number `which`, in place of the one that it had. */
  set(item: number, which: number, nowMs: number): void {
    this.clear(item);
    const last = this.#last[which]!;
    this.#dueMs[item] = nowMs + this.#lengthsMs[which]!;
    this.#list[item] = which;
    this.#next[item] = NONE;
    this.#previous[item] = last;
    if (last === NONE) this.#first[which] = item;
    else this.#next[last] = item;
    this.#last[which] = item;
  }

  /** Clears the timer of `item`, if it has one. */
  clear(item: number): void {
    const which = this.#list[item]!;
    if (which === NONE) return;
    const next = this.#next[item]!;
    const previous = this.#previous[item]!;
    if (previous === NONE) this.#first[which] = next;
    else this.#next[previous] = next;
    if (next === NONE) this.#last[which] = previous;
    else this.#previous[next] = previous;
    this.#list[item] = NONE;
  }

  /** An item that is due, whose timer is cleared; -1 if there is none. */
  take(nowMs: number): number {
    const item = this.#earliest();
    if (item === NONE || this.#dueMs[item]! > nowMs) return NONE;
    this.clear(item);
    return item;
  }

  /** When the next item is due, or Infinity. */
  get nextMs(): number {
    const item = this.#earliest();
    return item === NONE ? Infinity : this.#dueMs[item]!;
  }

  #earliest(): number {
    let earliest = NONE;
    for (const item of this.#first) {
      if (item !== NONE && (earliest === NONE || this.#dueMs[item]! < this.#dueMs[earliest]!)) earliest = item;
    }
    return earliest;
  }
}
