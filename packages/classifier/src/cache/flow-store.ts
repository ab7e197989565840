/** Octets left out in front: large allocations begin 16 octets into a page, and records shall begin with a cache line. */
export const ALIGNMENT = 48;

/** Words of a key that there is room for at first; twice as many when a mask has more. */
const LEAST_KEY_WORDS = 8;

/**
 * All megaflows. What every hit reads and writes stands in records of 32 octets:
 *
 *     word 0    how often the record was freed, its serial
 *          1    number of the last change that the megaflow was checked against, its generation
 *          2    slot of its mask
 *          3    when it last had a packet, milliseconds modulo 2^32
 *          4,5  packets, a double
 *          6,7  octets, a double
 *
 * Keys, which a hit of a microflow does not need, stand apart. All is reserved at once; systems commit such memory when it is
 * first used, and low records are used first.
 *
 * These numbers stand as such in the code below, and nowhere else but in `Partition`: a constant of a module costs several
 * instructions each time it is read, on a path of a few dozen.
 */
export class FlowStore<Result> {
  readonly records: Int32Array;
  /** The same buffer, for packets and octets. */
  readonly #counts: Float64Array;
  /** Words from one key to the next, a power of two. */
  keyStride = LEAST_KEY_WORDS;
  /** The words of each key that its mask has bits in, in order. Replaced when it grows. */
  keys: Int32Array;
  readonly results: (Result | undefined)[];
  /** Index of the partition, -1 for a free record. */
  readonly owner: Int32Array;
  /** Hash in the table of its partition. */
  readonly hash: Int32Array;
  /** Place in a list of its partition, and which list. */
  readonly position: Int32Array;
  readonly isDrop: Uint8Array;
  /** Packets when the clock last passed, modulo 2^32. */
  readonly seen: Int32Array;
  /** Packets and octets already told to the owner of the result. */
  readonly credited: Float64Array;
  readonly createdMs: Float64Array;
  /** Megaflows now, and one more than the highest record ever used. */
  size = 0;
  highWater = 0;
  readonly #free: Int32Array;
  #freed = 0;

  /** Room for `capacity` megaflows. */
  constructor(capacity: number) {
    const buffer = new ArrayBuffer(capacity * 32 + ALIGNMENT);
    this.records = new Int32Array(buffer, ALIGNMENT);
    this.#counts = new Float64Array(buffer, ALIGNMENT);
    this.keys = new Int32Array(capacity * this.keyStride);
    // Serials begin at 1, so that a microflow entry of zeros, which names record 0, is never alive.
    this.records[0] = 1;
    this.results = new Array<Result | undefined>(capacity).fill(undefined);
    this.owner = new Int32Array(capacity).fill(-1);
    this.hash = new Int32Array(capacity);
    this.position = new Int32Array(capacity);
    this.isDrop = new Uint8Array(capacity);
    this.seen = new Int32Array(capacity);
    this.credited = new Float64Array(2 * capacity);
    this.createdMs = new Float64Array(capacity);
    this.#free = new Int32Array(capacity);
  }

  /** Whether no record is free. */
  get full(): boolean {
    return this.size === this.owner.length;
  }

  /** Takes a free record, with all counts at zero. Precondition: not `full`. */
  allocate(): number {
    const flow = this.#freed > 0 ? this.#free[--this.#freed]! : this.highWater++;
    const record = flow << 3;
    if (this.records[record] === 0) this.records[record] = 1;
    this.records.fill(0, record + 4, record + 8);
    this.credited[2 * flow] = 0;
    this.credited[2 * flow + 1] = 0;
    this.seen[flow] = 0;
    this.size++;
    return flow;
  }

  /** Makes room for keys of so many words. Copies all keys if there was none, which happens three times at most. */
  reserveKeys(words: number): void {
    if (words <= this.keyStride) return;
    const { keys, keyStride } = this;
    this.keyStride = 1 << (32 - Math.clz32(words - 1));
    this.keys = new Int32Array(this.owner.length * this.keyStride);
    for (let flow = 0; flow < this.highWater; flow++) {
      const at = flow * keyStride;
      this.keys.set(keys.subarray(at, at + keyStride), flow * this.keyStride);
    }
  }

  /** Frees a record. Returns whether its serials have come round, after which an old one could be taken for a new one. */
  free(flow: number): boolean {
    const serial = (this.serial(flow) + 1) | 0;
    this.records[flow << 3] = serial || 1;
    this.results[flow] = undefined;
    this.owner[flow] = -1;
    this.#free[this.#freed++] = flow;
    this.size--;
    return serial === 0;
  }

  /** How often the record was freed; tells one megaflow from the next in the same record. */
  serial(flow: number): number {
    return this.records[flow << 3]!;
  }

  /** Number of the last change that the megaflow was checked against. */
  generation(flow: number): number {
    return this.records[(flow << 3) + 1]!;
  }

  /** Sets that number. */
  setGeneration(flow: number, generation: number): void {
    this.records[(flow << 3) + 1] = generation;
  }

  /** Slot of its mask. */
  slot(flow: number): number {
    return this.records[(flow << 3) + 2]!;
  }

  /** Sets that slot. */
  setSlot(flow: number, slot: number): void {
    this.records[(flow << 3) + 2] = slot;
  }

  /** When a megaflow last had a packet, modulo 2^32, signed. */
  usedMs(flow: number): number {
    return this.records[(flow << 3) + 3]!;
  }

  /** Sets that time. */
  setUsedMs(flow: number, nowMs: number): void {
    this.records[(flow << 3) + 3] = nowMs;
  }

  /** Packets of a megaflow since it was made. */
  packets(flow: number): number {
    return this.#counts[(flow << 2) + 2]!;
  }

  /** Octets of a megaflow since it was made. */
  octets(flow: number): number {
    return this.#counts[(flow << 2) + 3]!;
  }

  /** Counts a packet. */
  touch(flow: number, octets: number, nowMs: number): void {
    const counts = this.#counts;
    const at = flow << 2;
    this.records[(flow << 3) | 3] = nowMs;
    counts[at | 2]! += 1;
    counts[at | 3]! += octets;
  }
}
