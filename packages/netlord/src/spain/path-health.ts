/**
 * Which VLANs work towards which edge switch, told from what is heard alone: nobody reports a broken link, and nobody
 * needs to, because VLANs are undirected trees whose broken link both sides notice by silence.
 *
 * A slot, one (edge switch, VLAN), is up until it is silent while traffic wants it: for {@link SILENT_PERIODS} chirp periods
 * since it was last heard, or since traffic began to want it, whichever is later. Then it is down until something is heard.
 *
 * Choice: a slot of which nothing is known counts as up; the alternative, to send the first packets of everything over the
 * one tree, would load it most when most hosts start. And a slot that is down is not tried out with traffic: a
 * chirp asks for a sign of life instead (`chirp-schedule.ts`), so a long failure costs no flow a blackout every RETRY_MS.
 */
import { FLOW_IDLE_MS, SILENT_PERIODS } from './constants.js';
import type { ReachIndex } from './reach.js';

/** Health of all slots. Memory: 25 octets per slot. */
export class PathHealth {
  /** How many times a slot went down, and came up again. */
  wentDown = 0;
  cameUp = 0;
  readonly #index: ReachIndex;
  readonly #silenceMs: number;
  readonly #heardMs: Float64Array;
  readonly #wantedMs: Float64Array;
  readonly #wantedSinceMs: Float64Array;
  readonly #down: Uint8Array;

  /** All slots of `index` are up, and nothing was heard yet. */
  constructor(index: ReachIndex, chirpPeriodMs: number) {
    const slots = index.vlans.length;
    this.#index = index;
    this.#silenceMs = SILENT_PERIODS * chirpPeriodMs;
    this.#heardMs = new Float64Array(slots).fill(-Infinity);
    this.#wantedMs = new Float64Array(slots).fill(-Infinity);
    this.#wantedSinceMs = new Float64Array(slots).fill(-Infinity);
    this.#down = new Uint8Array(slots);
  }

  /** Notes that something came from the slot's edge switch over its VLAN. Returns whether nothing had for long: it is news. */
  heard(slot: number, nowMs: number): boolean {
    const isNews = nowMs - this.#heardMs[slot]! > this.#silenceMs;
    this.#heardMs[slot] = nowMs;
    if (this.#down[slot] === 1) {
      this.#down[slot] = 0;
      this.cameUp++;
    }
    return isNews;
  }

  /** Notes that a packet is sent to the slot's edge switch over its VLAN. */
  wanted(slot: number, nowMs: number): void {
    if (nowMs - this.#wantedMs[slot]! > FLOW_IDLE_MS) this.#wantedSinceMs[slot] = nowMs;
    this.#wantedMs[slot] = nowMs;
  }

  /** Whether the slot may be used now. A slot whose silence has just become too long goes down here. */
  isUp(slot: number, nowMs: number): boolean {
    if (this.#down[slot] === 1) return false;
    const isWanted = nowMs - this.#wantedMs[slot]! <= FLOW_IDLE_MS;
    const quietSinceMs = Math.max(this.#heardMs[slot]!, this.#wantedSinceMs[slot]!);
    if (!isWanted || nowMs - quietSinceMs <= this.#silenceMs) return true;
    this.#down[slot] = 1;
    this.wentDown++;
    return false;
  }

  /** Whether `vlan` is down towards any edge switch. O(edge switches). */
  isDownSomewhere(vlan: number): boolean {
    for (let edge = 0; edge < this.#index.edges; edge++) {
      const slot = this.#index.slotOf(edge, vlan);
      if (slot >= 0 && this.#down[slot] === 1) return true;
    }
    return false;
  }

  /** Looks at every slot, so that silence is noticed without a packet that asks. O(slots). */
  tick(nowMs: number): void {
    for (let slot = 0; slot < this.#down.length; slot++) this.isUp(slot, nowMs);
  }
}
