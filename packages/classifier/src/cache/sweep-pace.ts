import type { FlowStore } from './flow-store.js';

/** Megaflows with fewer packets a second may be left to their next packet. */
const BUSY_RATE = 5;

/**
 * How fast `maintain` comes round all megaflows, and which it does not ask the slow path about when that is too slow.
 *
 * While it asks about one that has few packets, busier ones wait, until their packets have to be kept waiting for the
 * answer. One with few packets loses nothing when it is left alone: it stays, and its next packet asks.
 */
export class SweepPace {
  /** From the first to the last call of the latest complete round. */
  roundMs = 0;
  readonly #store: FlowStore<unknown>;
  readonly #lateMs: number;
  /** Packets of each megaflow when `maintain` last passed, modulo 2^32. */
  readonly #packets: Int32Array;
  #startMs = -Infinity;
  /** From the start of the round before to that of this one, and so about as long since a megaflow was last passed. */
  #intervalMs = Infinity;

  /** A round is late when it has taken so long, and more. */
  constructor(store: FlowStore<unknown>, lateMs: number) {
    this.#store = store;
    this.#lateMs = lateMs;
    this.#packets = new Int32Array(Number.isFinite(lateMs) ? store.owner.length : 0);
  }

  /** A round begins. */
  begin(nowMs: number): void {
    this.#intervalMs = nowMs - this.#startMs;
    this.#startMs = nowMs;
  }

  /** It has come to its end. */
  end(nowMs: number): void {
    this.roundMs = nowMs - this.#startMs;
  }

  /** Passes a megaflow. Returns whether it is to be left to its next packet, if the slow path would have to be asked about it. */
  leaves(flow: number, nowMs: number): boolean {
    if (this.#packets.length === 0) return false;
    const now = this.#store.packets(flow) | 0;
    const ageMs = nowMs - this.#store.createdMs[flow]!;
    // A record may have had another megaflow at the time: what this one had by then is none.
    const before = ageMs < this.#intervalMs ? 0 : this.#packets[flow]!;
    this.#packets[flow] = now;
    if (nowMs - this.#startMs <= this.#lateMs) return false;
    return ((now - before) >>> 0) * 1000 < BUSY_RATE * Math.min(ageMs, this.#intervalMs);
  }
}
