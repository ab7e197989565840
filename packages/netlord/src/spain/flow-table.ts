/**
 * Which VLAN each flow took. Open memory of a fixed size: four places per bucket, and a flow that finds its bucket full takes
 * the place of the one that was used longest ago. The loser picks a VLAN anew with its next packet, which may reorder
 * a few of its packets; nothing else depends on the table.
 *
 * Choice: a flow is known by 32 bits and its egress edge switch. Two flows with the same bits share a path, which is
 * harmless; two switches must not be mixed up, because a VLAN of one may not reach the other.
 */

const WAYS = 4;

/** The flow table. */
export class FlowTable {
  /** Places in the table. */
  readonly capacity: number;
  /** Flows that lost their place to another while they were alive. */
  evictions = 0;
  readonly #keys: Int32Array;
  readonly #slots: Int32Array;
  readonly #usedMs: Float64Array;
  readonly #edges: Int32Array;
  readonly #bucketMask: number;

  /** A table for `capacity` flows, rounded up to a power of two from 4 on; 20 octets each. @throws RangeError as typed arrays do */
  constructor(capacity: number) {
    const buckets = 1 << Math.max(0, Math.ceil(Math.log2(Math.max(1, capacity / WAYS))));
    this.capacity = buckets * WAYS;
    this.#bucketMask = buckets - 1;
    this.#keys = new Int32Array(this.capacity);
    this.#slots = new Int32Array(this.capacity);
    this.#edges = new Int32Array(this.capacity).fill(-1);
    this.#usedMs = new Float64Array(this.capacity).fill(-Infinity);
  }

  /** The place of the flow `key` towards `edge`, or -1. O(1), never allocates. */
  find(edge: number, key: number): number {
    const start = this.#bucket(edge, key);
    for (let place = start; place < start + WAYS; place++) {
      if (this.#keys[place] === key && this.#edges[place] === edge) return place;
    }
    return -1;
  }

  /** What {@link put} stored at `place`. */
  slotAt(place: number): number {
    return this.#slots[place]!;
  }

  /** When the flow at `place` was last used. */
  usedMs(place: number): number {
    return this.#usedMs[place]!;
  }

  /** Notes that the flow at `place` is used now. */
  touch(place: number, nowMs: number): void {
    this.#usedMs[place] = nowMs;
  }

  /** Stores `slot` for a flow. A flow used after `aliveSinceMs` that has to go counts as evicted. */
  put(edge: number, key: number, slot: number, nowMs: number, aliveSinceMs: number): void {
    let place = this.find(edge, key);
    if (place < 0) {
      place = this.#oldest(this.#bucket(edge, key));
      if (this.#usedMs[place]! >= aliveSinceMs) this.evictions++;
    }
    this.#keys[place] = key;
    this.#edges[place] = edge;
    this.#slots[place] = slot;
    this.#usedMs[place] = nowMs;
  }

  #oldest(start: number): number {
    let oldest = start;
    for (let place = start + 1; place < start + WAYS; place++) {
      if (this.#usedMs[place]! < this.#usedMs[oldest]!) oldest = place;
    }
    return oldest;
  }

  #bucket(edge: number, key: number): number {
    // The bits are a hash already; the edge is a small number, so it is spread first.
    return ((key ^ Math.imul(edge, 0x9e3779b1)) & this.#bucketMask) * WAYS;
  }
}
