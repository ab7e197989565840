import type { FlowMask } from '../key/flow-mask.js';
import type { Match } from '../match/match.js';
import type { Schema } from '../schema/schema.js';
import { ChangeLog } from './change-log.js';
import type { FlowStore } from './flow-store.js';
import { Grace } from './grace.js';
import type { MegaflowCache } from './megaflow-cache.js';
import type { FlowCacheLimits } from './options.js';

/** Tells whether megaflows from before a change still hold. */
export class Revalidation {
  readonly changes: ChangeLog;
  /** Mode `eventual`: until when megaflows may answer unchecked. */
  readonly grace: Grace | undefined;
  readonly #store: FlowStore<unknown>;
  readonly #megaflows: MegaflowCache;
  readonly #logLength: number;
  readonly #value: Int32Array;
  readonly #mask: Int32Array;

  /** Without changes so far. */
  constructor(schema: Schema, limits: FlowCacheLimits, store: FlowStore<unknown>, megaflows: MegaflowCache) {
    const { mode, maxStaleMs } = limits.revalidation;
    this.changes = new ChangeLog(limits.changeLog);
    this.grace = mode === 'eventual' ? new Grace(maxStaleMs) : undefined;
    this.#store = store;
    this.#megaflows = megaflows;
    this.#logLength = limits.changeLog;
    this.#value = new Int32Array(schema.words);
    this.#mask = new Int32Array(schema.words);
  }

  /** Notes changes for keys that match, or for all keys if there are no matches. Returns false if the numbers begin anew. */
  invalidate(changed: readonly Match[], nowMs: number): boolean {
    const { changes, grace } = this;
    grace?.noteChanges(changes.generation, nowMs);
    let goesOn = true;
    if (changed.length === 0 || changed.length > this.#logLength) goesOn = changes.addEverything();
    else for (const match of changed) goesOn = changes.add(match) && goesOn;
    if (!goesOn) grace?.end(changes.generation);
    return goesOn;
  }

  /** Whether a megaflow may answer though a change since may concern it. */
  mayAnswer(flow: number, nowMs: number): boolean {
    return this.grace?.allows(this.#store.generation(flow), this.changes.generation, nowMs) === true;
  }

  /** Makes a megaflow current if no change since its generation concerns it. Returns whether it is current. */
  stamp(flow: number): boolean {
    const { generation } = this.changes;
    const before = this.#store.generation(flow);
    if (before === generation) return true;
    this.#read(flow);
    if (!this.changes.sparesRegion(before, this.#value, this.#mask)) return false;
    this.#store.setGeneration(flow, generation);
    return true;
  }

  /** Whether the mask of a megaflow has all bits of `mask`. */
  covers(flow: number, mask: FlowMask): boolean {
    this.#read(flow);
    return this.#mask.every((bits, word) => (mask.words[word]! & ~bits) === 0);
  }

  /** The bits of a megaflow's mask; good until the next call. */
  maskOf(flow: number): Int32Array {
    this.#read(flow);
    return this.#mask;
  }

  /** A key of a megaflow, zero outside its mask; good until the next call. */
  keyOf(flow: number): Int32Array {
    this.#read(flow);
    return this.#value;
  }

  #read(flow: number): void {
    this.#megaflows.readRegion(flow, this.#value, this.#mask);
  }
}
