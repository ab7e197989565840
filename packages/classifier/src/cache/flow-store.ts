/** Words of a record: how often it was freed, the rules it was checked against, its mask, when it was last used. */
export const SERIAL = 0;
export const GENERATION = 1;
export const SLOT = 2;
export const USED_MS = 3;
/** Doubles of a record, counted from its start: packets and octets. */
export const PACKETS = 2;
export const OCTETS = 3;
/** Where the key begins: the words its mask has bits in, in order. */
export const KEY = 8;

/**
 * All megaflows, as records of one buffer: what a hit reads and writes lies side by side. The whole is reserved at once;
 * systems commit such memory when it is first used, and low records are used first.
 */
export class FlowStore<Result> {
  /** Words from one record to the next, even. */
  readonly stride: number;
  readonly records: Int32Array;
  /** The same buffer, for counts. */
  readonly counts: Float64Array;
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

  /** Room for `capacity` megaflows of keys of `words` words. */
  constructor(capacity: number, words: number) {
    this.stride = KEY + words + (words & 1);
    const buffer = new ArrayBuffer(capacity * this.stride * 4);
    this.records = new Int32Array(buffer);
    this.counts = new Float64Array(buffer);
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
    const record = flow * this.stride;
    // Serials begin at 1, so that a microflow entry of zeros is never alive.
    if (this.records[record + SERIAL] === 0) this.records[record + SERIAL] = 1;
    this.counts[record / 2 + PACKETS] = 0;
    this.counts[record / 2 + OCTETS] = 0;
    this.credited[2 * flow] = 0;
    this.credited[2 * flow + 1] = 0;
    this.seen[flow] = 0;
    this.size++;
    return flow;
  }

  /** Frees a record. Returns whether its serials have come round, after which an old one could be taken for a new one. */
  free(flow: number): boolean {
    const at = flow * this.stride + SERIAL;
    const serial = (this.records[at]! + 1) | 0;
    this.records[at] = serial;
    this.results[flow] = undefined;
    this.owner[flow] = -1;
    this.#free[this.#freed++] = flow;
    this.size--;
    return serial === 0;
  }

  /** How often the record was freed; tells one megaflow from the next in the same record. */
  serial(flow: number): number {
    return this.records[flow * this.stride + SERIAL]!;
  }

  /** Number of the last change that the megaflow was checked against. */
  generation(flow: number): number {
    return this.records[flow * this.stride + GENERATION]!;
  }

  /** Packets of a megaflow since it was made. */
  packets(flow: number): number {
    return this.counts[(flow * this.stride) / 2 + PACKETS]!;
  }

  /** Octets of a megaflow since it was made. */
  octets(flow: number): number {
    return this.counts[(flow * this.stride) / 2 + OCTETS]!;
  }

  /** Counts a packet. */
  touch(flow: number, octets: number, nowMs: number): void {
    const record = flow * this.stride;
    this.records[record + USED_MS] = nowMs;
    this.counts[record / 2 + PACKETS]! += 1;
    this.counts[record / 2 + OCTETS]! += octets;
  }
}
