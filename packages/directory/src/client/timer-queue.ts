/** Timers as a binary heap: the next one is known at once, adding and firing cost the logarithm of their number. */

interface Timer {
  readonly atMs: number;
  readonly fire: (nowMs: number) => void;
}

/** Pending timers. There is no way to cancel one: whoever fires must look whether it still matters. */
export class TimerQueue {
  readonly #heap: Timer[] = [];

  /** Number of timers that have not fired. */
  get size(): number {
    return this.#heap.length;
  }

  /** When the next timer is due, in ms; Infinity if there is none. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Infinity;
  }

  /** Has `fire` called by the first `run` at or after `atMs`. */
  add(atMs: number, fire: (nowMs: number) => void): void {
    const heap = this.#heap;
    let i = heap.length;
    while (i > 0) {
      const parent = (i - 1) >>> 1;
      if (heap[parent]!.atMs <= atMs) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = { atMs, fire };
  }

  /** Fires all that are due, in the order of their times; those that firing adds, too. */
  run(nowMs: number): void {
    while (this.nextMs <= nowMs) this.#take().fire(nowMs);
  }

  #take(): Timer {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.atMs < heap[child]!.atMs) child++;
      if (heap[child]!.atMs >= last.atMs) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}
