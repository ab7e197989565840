/** Datagrams that wait for a reply, by transaction id. */

/** One of them. */
export interface Awaited {
  readonly txidHi: number;
  readonly txidLo: number;
  /** What kind of datagram it is. */
  readonly kind: 'lookup' | 'update' | 'probe';
  /** True if the server of this number was asked. */
  readonly mayAnswer: (server: number) => boolean;
}

const HIGH_BITS = 0x1f_ffff;

/** The table. Its entries are removed by who made them. */
export class Outstanding {
  readonly #random32: () => number;
  readonly #byTxid = new Map<number, Awaited>();

  /** An empty table, which draws transaction ids from `random32`. */
  constructor(random32: () => number) {
    this.#random32 = random32;
  }

  /** Datagrams waiting. */
  get size(): number {
    return this.#byTxid.size;
  }

  /** Adds what `make` makes of a new random transaction id. */
  add<T extends Awaited>(make: (txidHi: number, txidLo: number) => T): T {
    const { txidHi, txidLo } = this.draw();
    const awaited = make(txidHi, txidLo);
    this.#byTxid.set(nameOf(txidHi, txidLo), awaited);
    return awaited;
  }

  /** A transaction id that nothing waits under. */
  draw(): { readonly txidHi: number; readonly txidLo: number } {
    for (;;) {
      const txidHi = this.#random32() >>> 0;
      const txidLo = this.#random32() >>> 0;
      if (!this.#byTxid.has(nameOf(txidHi, txidLo))) return { txidHi, txidLo };
    }
  }

  /** What waits for a reply with this transaction id from this server. */
  find(txidHi: number, txidLo: number, server: number): Awaited | undefined {
    const awaited = this.#byTxid.get(nameOf(txidHi, txidLo));
    if (awaited === undefined || awaited.txidHi !== txidHi || !awaited.mayAnswer(server)) return undefined;
    return awaited;
  }

  /** True if it still waits. */
  has(awaited: Awaited): boolean {
    return this.#byTxid.get(nameOf(awaited.txidHi, awaited.txidLo)) === awaited;
  }

  /** Removes an entry; false if it is gone already. */
  remove(awaited: Awaited): boolean {
    return this.#byTxid.delete(nameOf(awaited.txidHi, awaited.txidLo));
  }
}

/** 53 of the 64 bits, which a number holds; `find` compares the rest. */
function nameOf(txidHi: number, txidLo: number): number {
  return (txidHi & HIGH_BITS) * 0x1_0000_0000 + txidLo;
}
