/**
 * When to chirp. A chirp is a broadcast on one VLAN that tells all other edge switches that the VLAN works, and keeps our
 * edge switch's MAC in the tables of the switches on it, so that nothing is ever flooded for want of an entry.
 *
 * Of all NLAs behind one edge switch one is enough: each waits for a random time around the period, and one that hears
 * another's starts waiting again, so whoever comes first speaks for all.
 *
 * Choice: chirps go out on every VLAN of the edge switch, used or not. A flow that has to move then moves to a VLAN that is known
 * to work, and a VLAN that was mended is known within a period, without traffic being tried on it. The price is small: 180 edge
 * switches on 16 VLANs send 1,152 chirps a second, 0.7 % of the broadcasts that NetLord allows for.
 */
import { CHIRP_JITTER } from './constants.js';

/** The timers of all VLANs. */
export class ChirpSchedule {
  /** Chirps that were due and asked for. */
  sent = 0;
  readonly #vlans: readonly number[];
  readonly #periodMs: number;
  readonly #random32: () => number;
  readonly #position = new Map<number, number>();
  /** NaN before the first question. */
  readonly #dueMs: Float64Array;

  /** Timers for `vlans`. `random32` gives 32 bits, signed or not. */
  constructor(vlans: readonly number[], periodMs: number, random32: () => number) {
    this.#vlans = vlans;
    this.#periodMs = periodMs;
    this.#random32 = random32;
    vlans.forEach((vlan, i) => this.#position.set(vlan, i));
    this.#dueMs = new Float64Array(vlans.length).fill(NaN);
  }

  /** Another NLA of our own edge switch has chirped on `vlan` (any integer): ours can wait. */
  heardOwn(vlan: number, nowMs: number): void {
    const i = this.#position.get(vlan);
    if (i !== undefined) this.#dueMs[i] = nowMs + this.#wait();
  }

  /** A VLAN to chirp on now, or 0 if there is none. Ask until it is 0. The first ones are due within a fifth of a period. O(VLANs). */
  next(nowMs: number): number {
    for (let i = 0; i < this.#vlans.length; i++) {
      if (Number.isNaN(this.#dueMs[i])) this.#dueMs[i] = nowMs + this.#periodMs * CHIRP_JITTER * this.#random();
      if (this.#dueMs[i]! > nowMs) continue;
      this.#dueMs[i] = nowMs + this.#wait();
      this.sent++;
      return this.#vlans[i]!;
    }
    return 0;
  }

  #wait(): number {
    return this.#periodMs * (1 - CHIRP_JITTER + 2 * CHIRP_JITTER * this.#random());
  }

  /** In 0..1, 1 excluded. */
  #random(): number {
    return (this.#random32() >>> 0) / 0x1_0000_0000;
  }
}
