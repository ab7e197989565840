/**
 * Refuses an authenticated datagram that comes a second time. Its time must be within the window of the server's clock, and
 * its (key id, transaction id) must not have been seen since: one seen is remembered until its time leaves the window.
 *
 * A table of four words per datagram, where each has 32 places to choose from. If all are taken by others that are still
 * remembered the datagram is refused: forgetting one would let it in again. Transaction ids are random, so that happens only
 * when the table is nearly full; whoever picks them to collide fills 32 places of his own.
 */

/** Why a datagram is refused. */
export type ReplayFault = 'E_OLD_CLOCK_SKEW' | 'E_OLD_REPLAYED' | 'E_OLD_REPLAY_WINDOW_FULL';

/** Bounds of a window. */
export interface ReplayWindowOptions {
  /** How far a sender's clock may be off, in seconds. Default 30. */
  readonly skewSeconds?: number;
  /** Datagrams remembered at once, rounded up to a power of two. Default 131,072: 2 MB. */
  readonly capacity?: number;
}

const WORDS = 4;
const PLACES = 32;

/** The window; `admit` allocates nothing. */
export class ReplayWindow {
  readonly #skewSeconds: number;
  readonly #mask: number;
  readonly #table: Uint32Array;

  /** An empty window. */
  constructor({ skewSeconds = 30, capacity = 131_072 }: ReplayWindowOptions = {}) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(capacity, PLACES)));
    this.#skewSeconds = skewSeconds;
    this.#mask = size - 1;
    this.#table = new Uint32Array(size * WORDS);
  }

  /**
   * Remembers a datagram sent at `time` by its sender's clock, or says why not. Both times are Unix seconds modulo 2^32.
   * Call it only once the tag is verified.
   */
  admit(keyId: number, txidHi: number, txidLo: number, time: number, nowSeconds: number): ReplayFault | undefined {
    // The difference modulo 2^32 as a signed number: right across the turn of the year 2106.
    const ahead = (time - nowSeconds) | 0;
    if (Math.abs(ahead) > this.#skewSeconds) return 'E_OLD_CLOCK_SKEW';
    let free = -1;
    const home = (txidLo ^ Math.imul(txidHi, 0x9e37_79b1) ^ keyId) & this.#mask;
    for (let i = 0; i < PLACES; i++) {
      const at = ((home + i) & this.#mask) * WORDS;
      if (this.#isForgotten(at, nowSeconds)) {
        if (free < 0) free = at;
      } else if (this.#holds(at, keyId, txidHi, txidLo)) return 'E_OLD_REPLAYED';
    }
    if (free < 0) return 'E_OLD_REPLAY_WINDOW_FULL';
    this.#table[free] = keyId;
    this.#table[free + 1] = txidHi;
    this.#table[free + 2] = txidLo;
    // Never 0, which marks a place that was never taken.
    this.#table[free + 3] = (time + this.#skewSeconds) >>> 0 || 1;
    return undefined;
  }

  #isForgotten(at: number, nowSeconds: number): boolean {
    const until = this.#table[at + 3]!;
    return until === 0 || ((until - nowSeconds) | 0) < 0;
  }

  #holds(at: number, keyId: number, txidHi: number, txidLo: number): boolean {
    return this.#table[at + 2] === txidLo && this.#table[at + 1] === txidHi && this.#table[at] === keyId;
  }
}
