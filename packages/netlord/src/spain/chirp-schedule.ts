/**
 * When to chirp. A chirp is a broadcast on one VLAN that tells all other edge switches that the VLAN works, and keeps our
 * edge switch's MAC in the tables of the switches on it.
 *
 * Of all NLAs behind one edge switch one is enough: each waits for a random time around the period, and one that hears another's
 * starts waiting again, so whoever comes first speaks for all. Chirps go out on VLANs in use: those that data was sent
 * or received on lately. Choice: a VLAN that is down but not in use is chirped on every RETRY_MS, and whoever hears a chirp out of
 * long silence answers with its own soon; that is how a VLAN comes up again.
 */
import { CHIRP_JITTER, FLOW_IDLE_MS, RETRY_MS } from './constants.js';
import type { PathHealth } from './path-health.js';

/** The timers of all VLANs. */
export class ChirpSchedule {
  /** Chirps that were due and asked for. */
  sent = 0;
  readonly #vlans: readonly number[];
  readonly #health: PathHealth;
  readonly #periodMs: number;
  readonly #random32: () => number;
  readonly #position = new Map<number, number>();
  readonly #usedMs: Float64Array;
  readonly #dueMs: Float64Array;

  /** Timers for `vlans`, none of which is in use yet. `random32` gives 32 bits, signed or not. */
  constructor(vlans: readonly number[], health: PathHealth, periodMs: number, random32: () => number) {
    this.#vlans = vlans;
    this.#health = health;
    this.#periodMs = periodMs;
    this.#random32 = random32;
    vlans.forEach((vlan, i) => this.#position.set(vlan, i));
    this.#usedMs = new Float64Array(vlans.length).fill(-Infinity);
    this.#dueMs = new Float64Array(vlans.length).fill(Infinity);
  }

  /** Data was sent or received on `vlan`: it is in use. */
  used(vlan: number, nowMs: number): void {
    const i = this.#position.get(vlan);
    if (i === undefined) return;
    this.#usedMs[i] = nowMs;
    // Also instead of a retry far ahead.
    if (this.#dueMs[i]! > nowMs + this.#periodMs * (1 + CHIRP_JITTER)) this.soon(vlan, nowMs);
  }

  /** Somebody waits for a sign of life on `vlan`: a chirp follows within CHIRP_JITTER periods. */
  soon(vlan: number, nowMs: number): void {
    const i = this.#position.get(vlan);
    if (i === undefined) return;
    this.#dueMs[i] = Math.min(this.#dueMs[i]!, nowMs + this.#periodMs * CHIRP_JITTER * this.#random());
  }

  /** Another NLA of our own edge switch has chirped on `vlan`: ours can wait. */
  heardOwn(vlan: number, nowMs: number): void {
    const i = this.#position.get(vlan);
    if (i !== undefined && this.#dueMs[i] !== Infinity) this.#dueMs[i] = this.#nextMs(i, nowMs);
  }

  /** A VLAN to chirp on now, or 0 if there is none. Ask until it is 0. O(VLANs). */
  next(nowMs: number): number {
    for (let i = 0; i < this.#vlans.length; i++) {
      if (this.#dueMs[i]! > nowMs) continue;
      this.#dueMs[i] = this.#nextMs(i, nowMs);
      this.sent++;
      return this.#vlans[i]!;
    }
    return 0;
  }

  /** Sees to it that VLANs that went down are asked about again. O(slots). */
  tick(nowMs: number): void {
    this.#vlans.forEach((vlan, i) => {
      if (this.#dueMs[i] === Infinity && this.#health.isDownSomewhere(vlan)) this.#dueMs[i] = this.#nextMs(i, nowMs);
    });
  }

  #nextMs(i: number, nowMs: number): number {
    const jitter = 1 - CHIRP_JITTER + 2 * CHIRP_JITTER * this.#random();
    if (nowMs - this.#usedMs[i]! <= FLOW_IDLE_MS) return nowMs + this.#periodMs * jitter;
    return this.#health.isDownSomewhere(this.#vlans[i]!) ? nowMs + RETRY_MS * jitter : Infinity;
  }

  /** In 0..1, 1 excluded. */
  #random(): number {
    return (this.#random32() >>> 0) / 0x1_0000_0000;
  }
}
