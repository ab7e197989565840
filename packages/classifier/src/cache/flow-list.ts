import type { FlowStore } from './flow-store.js';

/** How many megaflows get a second chance before one is evicted all the same: bounds what an insertion may cost. */
const SECOND_CHANCES = 64;

/** Megaflows of a partition, without gaps, with the hand of a clock that finds one to evict. */
export class FlowList {
  flows = new Int32Array(8);
  length = 0;
  #hand = 0;

  /** Appends a megaflow. */
  add(flow: number, store: FlowStore<unknown>): void {
    if (this.length === this.flows.length) {
      const longer = new Int32Array(2 * this.length);
      longer.set(this.flows);
      this.flows = longer;
    }
    store.position[flow] = this.length;
    this.flows[this.length++] = flow;
  }

  /** Takes a megaflow out; the last one moves to its place. */
  remove(flow: number, store: FlowStore<unknown>): void {
    const last = this.flows[--this.length]!;
    const position = store.position[flow]!;
    this.flows[position] = last;
    store.position[last] = position;
  }

  /** One that had no packet since the hand last passed, or nearly so. Precondition: not empty. */
  victim(store: FlowStore<unknown>): number {
    for (let chances = SECOND_CHANCES; ; chances--) {
      if (this.#hand >= this.length) this.#hand = 0;
      const flow = this.flows[this.#hand]!;
      const packets = store.packets(flow) | 0;
      if (packets === store.seen[flow] || chances === 0) return flow;
      store.seen[flow] = packets;
      this.#hand++;
    }
  }
}
