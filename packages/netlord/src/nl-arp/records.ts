/** A bounded pool of records about NICs, by small numbers, each with the NIC's name: what questions and local NICs have in common. */
export class Records {
  /** Tenants, by record. */
  readonly tenants: Int32Array;
  /** Address spaces, signed. */
  readonly macAsIds: Int32Array;
  /** Upper 16 bits of the MACs. */
  readonly highs: Int32Array;
  /** Lower 32 bits of the MACs, signed. */
  readonly lows: Int32Array;
  readonly #free: Int32Array;
  #freeCount: number;

  /** No record is in use. Memory: 20 octets each. */
  constructor(capacity: number) {
    this.tenants = new Int32Array(capacity);
    this.macAsIds = new Int32Array(capacity);
    this.highs = new Int32Array(capacity);
    this.lows = new Int32Array(capacity);
    this.#free = Int32Array.from({ length: capacity }, (_, at) => capacity - 1 - at);
    this.#freeCount = capacity;
  }

  /** Most records in use. */
  get capacity(): number {
    return this.#free.length;
  }

  /** Records in use. */
  get size(): number {
    return this.#free.length - this.#freeCount;
  }

  /** A record for a NIC, or -1 if all are in use. */
  take(tenant: number, macAsId: number, high: number, low: number): number {
    if (this.#freeCount === 0) return -1;
    const record = this.#free[--this.#freeCount]!;
    this.tenants[record] = tenant;
    this.macAsIds[record] = macAsId;
    this.highs[record] = high;
    this.lows[record] = low;
    return record;
  }

  /** Gives a record back. */
  release(record: number): void {
    this.#free[this.#freeCount++] = record;
  }
}
