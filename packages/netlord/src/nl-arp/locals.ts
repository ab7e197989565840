/** The NICs of this agent: their announcements, and who else claims them. */
import type { NlArpLimits, Placement } from './options.js';
import { Records } from './records.js';
import { Timers } from './timers.js';

/** Raises of a generation after one arrival: enough to pass whoever kept an old one, and no duel of two agents. */
const RAISES_MAX = 3;

/** Local NICs by number. */
export class Locals {
  /** Which NIC it is. */
  readonly records: Records;
  // The place that a later placement was last claimed for, a port of 0 meaning none; and that placement.
  readonly #rivalPorts: Uint8Array;
  readonly #rivalEdgeHighs: Int32Array;
  readonly #rivalEdgeLows: Int32Array;
  readonly #rivalGenerations: Int32Array;
  readonly #settleMs: number;
  readonly #timers: Timers;
  readonly #repeats: number;
  readonly #repeated: Uint8Array;
  readonly #raises: Uint8Array;
  readonly #arrivedMs: Float64Array;

  /** No NICs. */
  constructor({ locals, repeatsMs, settleMs }: NlArpLimits) {
    this.records = new Records(locals);
    this.#rivalPorts = new Uint8Array(locals);
    this.#rivalEdgeHighs = new Int32Array(locals);
    this.#rivalEdgeLows = new Int32Array(locals);
    this.#rivalGenerations = new Int32Array(locals);
    this.#settleMs = settleMs;
    // Each repeat counts from the one before.
    this.#timers = new Timers(
      locals,
      repeatsMs.map((ms, at) => ms - (repeatsMs[at - 1] ?? 0)),
    );
    this.#repeats = repeatsMs.length;
    this.#repeated = new Uint8Array(locals);
    this.#raises = new Uint8Array(locals);
    this.#arrivedMs = new Float64Array(locals);
  }

  /** When the next repeat is due, or Infinity. */
  get nextMs(): number {
    return this.#timers.nextMs;
  }

  /** A number for a NIC that arrives now, or -1. */
  arrive(tenant: number, macAsId: number, high: number, low: number, nowMs: number): number {
    const local = this.records.take(tenant, macAsId, high, low);
    if (local < 0) return local;
    this.#rivalPorts[local] = 0;
    this.#raises[local] = 0;
    this.#arrivedMs[local] = nowMs;
    this.announced(local, nowMs);
    return local;
  }

  /** It was announced, and will be again. */
  announced(local: number, nowMs: number): void {
    this.#repeated[local] = 0;
    if (this.#repeats > 0) this.#timers.set(local, 0, nowMs);
  }

  /** A NIC to be announced again now, or -1. */
  due(nowMs: number): number {
    const local = this.#timers.take(nowMs);
    if (local < 0) return local;
    const repeated = ++this.#repeated[local]!;
    if (repeated < this.#repeats) this.#timers.set(local, repeated, nowMs);
    return local;
  }

  /** Whether the NIC has come so lately that it overrules a later placement elsewhere; counts as done. */
  mayRaise(local: number, nowMs: number): boolean {
    if (nowMs - this.#arrivedMs[local]! >= this.#settleMs || this.#raises[local]! >= RAISES_MAX) return false;
    this.#raises[local]!++;
    return true;
  }

  /** Notes that somebody else claims a later placement of it. */
  noteRival(local: number, { port, edgeHigh, edgeLow, generation }: Placement): void {
    this.#rivalPorts[local] = port;
    this.#rivalEdgeHighs[local] = edgeHigh;
    this.#rivalEdgeLows[local] = edgeLow;
    this.#rivalGenerations[local] = generation;
  }

  /** Who claims a later placement of it, in new memory; `undefined`: nobody. */
  rivalOf(local: number): Placement | undefined {
    const port = this.#rivalPorts[local]!;
    if (port === 0) return undefined;
    const edgeHigh = this.#rivalEdgeHighs[local]!;
    const edgeLow = this.#rivalEdgeLows[local]!;
    return { port, edgeHigh, edgeLow, generation: this.#rivalGenerations[local]! };
  }

  /** The NIC has left. */
  leave(local: number): void {
    this.#timers.clear(local);
    this.records.release(local);
  }
}
