import type { FlowStore } from './flow-store.js';
import type { MegaflowCache } from './megaflow-cache.js';
import type { FlowCacheLimits } from './options.js';
import type { Revalidation } from './revalidation.js';
import { COUNTER, type MaintainReport } from './stats.js';
import { SweepPace } from './sweep-pace.js';

/** Steps that a run of the slow path counts for. */
const SLOW_PATH_STEPS = 8;

/** What a sweeper works on, and what its owner does for it. */
export interface SweeperContext {
  readonly limits: FlowCacheLimits;
  readonly store: FlowStore<unknown>;
  readonly megaflows: MegaflowCache;
  readonly revalidation: Revalidation;
  readonly counters: Float64Array;
  /** Tells the owner of a megaflow's result of its packets. */
  readonly credit: (flow: number) => void;
  /** Asks the slow path about a megaflow that a change may concern. */
  readonly ask: (flow: number) => void;
}

/** Goes round all megaflows, some at a time. */
export class Sweeper {
  readonly pace: SweepPace;
  readonly #context: SweeperContext;
  #next = 0;

  /** Begins with the first record. */
  constructor(context: SweeperContext) {
    const { mode, maxStaleMs } = context.limits.revalidation;
    this.#context = context;
    // Half of the time is for those that come after.
    this.pace = new SweepPace(context.store, mode === 'eventual' ? maxStaleMs / 2 : Infinity);
  }

  /** Sees to some megaflows; see `FlowCache.maintain`. */
  sweep(nowMs: number): MaintainReport {
    const { limits, store, megaflows, counters, credit } = this.#context;
    const { owner, highWater } = store;
    const first = this.#next;
    let expired = 0;
    if (first === 0) this.pace.begin(nowMs);
    for (let steps = limits.megaflow.sweepFlows; steps > 0 && this.#next < highWater; steps--) {
      const flow = this.#next++;
      if (owner[flow]! < 0) continue;
      if (megaflows.isIdle(flow, nowMs)) {
        megaflows.expire(flow, nowMs);
        expired++;
      } else {
        credit(flow);
        steps -= this.#revalidate(flow, nowMs);
      }
    }
    counters[COUNTER.EXPIRED]! += expired;
    const visited = this.#next - first;
    const isRoundComplete = this.#next >= highWater;
    if (isRoundComplete) {
      this.#next = 0;
      this.pace.end(nowMs);
    }
    return { visited, expired, isRoundComplete };
  }

  /** Makes a megaflow current if that can be done now. Returns the steps that it took. */
  #revalidate(flow: number, nowMs: number): number {
    const { store, revalidation, counters, ask } = this.#context;
    const steps = revalidation.changes.testCost(store.generation(flow));
    const leaves = this.pace.leaves(flow, nowMs);
    if (revalidation.stamp(flow) || revalidation.grace === undefined) return steps;
    if (leaves) {
      counters[COUNTER.DEFERRED]!++;
      return steps;
    }
    ask(flow);
    return steps + SLOW_PATH_STEPS;
  }
}
