/**
 * Which VLANs work towards which edge switch, told from what is heard alone: nobody reports a broken link, and nobody
 * needs to, because VLANs are undirected trees, whose broken link both sides notice by silence. Every edge switch chirps on all of
 * its VLANs, so a slot, one (edge switch, VLAN), that was silent for {@link SILENT_PERIODS} chirp periods is down, and up
 * again with the first thing heard.
 *
 * Choice: a slot of which nothing is known yet counts as up for that long; the alternative, to send the first packets of
 * everything over the one tree, would load it most when most hosts start.
 */
import { SILENT_PERIODS } from './constants.js';

/** Health of all slots. Memory: 9 octets per slot. */
export class PathHealth {
  /** How many times a slot was found down. */
  wentDown = 0;
  /** How many times one came up again. */
  cameUp = 0;
  readonly #silenceMs: number;
  // NaN: nothing yet. Comparisons with it are false, which is what is wanted below.
  readonly #heardMs: Float64Array;
  readonly #down: Uint8Array;

  /** `slots` slots, all up. */
  constructor(slots: number, chirpPeriodMs: number) {
    this.#silenceMs = SILENT_PERIODS * chirpPeriodMs;
    this.#heardMs = new Float64Array(slots).fill(NaN);
    this.#down = new Uint8Array(slots);
  }

  /** Notes that something came from the slot's edge switch over its VLAN. */
  heard(slot: number, nowMs: number): void {
    this.#heardMs[slot] = nowMs;
    this.cameUp += this.#down[slot]!;
    this.#down[slot] = 0;
  }

  /** Whether the slot may be used now. */
  isUp(slot: number, nowMs: number): boolean {
    return !(nowMs - this.#heardMs[slot]! > this.#silenceMs);
  }

  /** Lets time pass: silence counts from the first call on. O(slots). */
  tick(nowMs: number): void {
    for (let slot = 0; slot < this.#down.length; slot++) {
      if (Number.isNaN(this.#heardMs[slot])) this.#heardMs[slot] = nowMs;
      if (this.#down[slot] === 1 || this.isUp(slot, nowMs)) continue;
      this.#down[slot] = 1;
      this.wentDown++;
    }
  }
}
