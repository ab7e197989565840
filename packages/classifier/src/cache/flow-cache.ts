import { FlowKey } from '../key/flow-key.js';
import type { FlowMask } from '../key/flow-mask.js';
import type { Match } from '../match/match.js';
import type { Schema } from '../schema/schema.js';
import { type PartitionDiagnosis, diagnosePartitions } from './cache-diagnosis.js';
import type { ChangeLog } from './change-log.js';
import { FlowStore } from './flow-store.js';
import { MegaflowCache } from './megaflow-cache.js';
import { MicroflowCache } from './microflow-cache.js';
import { type FlowCacheOptions, readLimits } from './options.js';
import { Revalidation } from './revalidation.js';
import {
  COUNTER,
  type FlowCacheStats,
  type MaintainReport,
  type Megaflow,
  listMegaflows,
  readStats,
  tellUse,
} from './stats.js';
import { SpareMask } from './spare-mask.js';
import { Sweeper } from './sweeper.js';
import { UpcallLimit } from './upcall-limit.js';
import { Xorshift } from './xorshift.js';

/** Constants of this module cost less to read than those of another. */
const { MEGAFLOW_HITS, MISSES, SPARED, CONFIRMED, REPLACED, INSERTED } = COUNTER;

/**
 * Answers of a slow path, kept for the keys that would get the same ones.
 *
 * The slow path says which bits of a key its answer depends on. All keys equal in these bits form a *megaflow*, and get the
 * answer from here. In front of the megaflows stand whole keys and the megaflows they were found to be in, the *microflows*.
 *
 * The promise: what is answered is what the slow path would answer now. A megaflow remembers the generation of the rules it
 * was made under. After a change its next packet has to pass a test: no change since concerns its region, or the slow path,
 * asked again, gives the same answer for no more bits. Otherwise it is replaced by the new answer, before that packet is
 * answered. So a change costs nothing but a number, however much is cached. (Mode `eventual` puts that test off, by half a
 * second unless told otherwise.) Everything that is approximate here errs to the safe side: masks may be wider than they need
 * be, filters may name subtables in vain, changes may look larger than they were; each costs time only.
 *
 * Memory is bounded by options and reserved as it is used. A hit allocates nothing. Times are milliseconds from any origin
 * and must not be more than 24 days apart for a megaflow's idle time to be told right.
 */
export class FlowCache<Result> {
  readonly schema: Schema;
  readonly #options: FlowCacheOptions<Result>;
  readonly #store: FlowStore<Result>;
  readonly #microflows: MicroflowCache;
  readonly #megaflows: MegaflowCache;
  readonly #revalidation: Revalidation;
  readonly #changes: ChangeLog;
  readonly #upcalls: UpcallLimit;
  readonly #sweeper: Sweeper;
  readonly #counters = new Float64Array(Object.keys(COUNTER).length);
  /** A key of a megaflow, for `maintain`. */
  readonly #sample: FlowKey;
  readonly #spare: SpareMask;
  /** The time, in an array of doubles, where a new one takes no memory. */
  readonly #clock = new Float64Array(1);
  /** The result of a re-check that found no room. */
  #homeless: Result | undefined;

  /** An empty cache. @throws ClassifierError E_BAD_OPTION, E_UNKNOWN_FIELD */
  constructor(schema: Schema, options: FlowCacheOptions<Result>) {
    const limits = readLimits(schema, options);
    const random = new Xorshift(options.seed);
    this.schema = schema;
    this.#options = options;
    this.#store = new FlowStore(limits.megaflow.maxFlows);
    this.#microflows = new MicroflowCache(schema, limits, this.#store, random);
    this.#megaflows = new MegaflowCache({ schema, limits, random }, this.#store, (flow) => this.#remove(flow));
    this.#revalidation = new Revalidation(schema, limits, this.#store, this.#megaflows);
    this.#changes = this.#revalidation.changes;
    this.#upcalls = new UpcallLimit(limits);
    this.#sweeper = new Sweeper({
      limits,
      store: this.#store,
      megaflows: this.#megaflows,
      revalidation: this.#revalidation,
      counters: this.#counters,
      credit: (flow) => this.#credit(flow),
      ask: (flow) => this.#sweep(flow),
    });
    this.#sample = new FlowKey(schema);
    this.#spare = new SpareMask(schema);
  }

  /** Number of the latest change; goes with a result that is inserted later than it was computed. */
  get generation(): number {
    return this.#changes.generation;
  }

  /**
   * The answer for a key, or undefined if none is cached. Counts a packet of that many octets. `nowMs` is by default
   * the time of the last call that gave one. Calls the slow path if the megaflow is from before a change that may concern it.
   */
  lookup(key: FlowKey, octets = 0, nowMs = this.#clock[0]!): Result | undefined {
    this.#clock[0] = nowMs;
    let flow = this.#microflows.bypassed ? -1 : this.#microflows.find(key.words);
    if (flow < 0) {
      flow = this.#findRegion(key.words);
      if (flow < 0) return undefined;
    }
    const store = this.#store;
    if (store.generation(flow) !== this.#changes.generation) {
      flow = this.#recheck(flow, key);
      if (flow < 0) return this.#answerHomeless(octets);
    }
    store.touch(flow, octets, nowMs);
    return store.results[flow];
  }

  /**
   * The answer for a key: from the cache, else from the slow path, and then cached, unless its partition had too many of
   * those. Counts a packet.
   */
  classify(key: FlowKey, octets = 0, nowMs = this.#clock[0]!): Result {
    const cached = this.lookup(key, octets, nowMs);
    if (cached !== undefined) return cached;
    const { generation } = this.#changes;
    const mask = this.#spare.take();
    const isAdmitted = this.#upcalls.admits(this.#megaflows.directory.hashOf(key.words), nowMs);
    const result = this.#options.slowPath(key, mask);
    if (!isAdmitted) this.#counters[COUNTER.UNCACHED]!++;
    const flow = isAdmitted ? this.#insert(key, mask, result, generation) : -1;
    this.#spare.giveBack(mask);
    if (flow >= 0) this.#store.touch(flow, octets, nowMs);
    else this.#options.credit?.(result, 1, octets);
    return result;
  }

  /**
   * Caches a result for all keys that equal `key` in the bits of `mask`, which is copied; `generation` is that of the cache
   * before the result was computed, if rules may have changed since. Counts no packet. Returns false if there was no room.
   */
  insert(key: FlowKey, mask: FlowMask, result: Result, generation = this.#changes.generation): boolean {
    return this.#insert(key, mask, result, generation) >= 0;
  }

  /**
   * To be called after every change to what the slow path answers, before the next packet: from then on no answer from
   * before is given without a test. `changed` are the keys whose answers may have changed, such as the matches of rules that
   * were added or removed; none given means all keys. Costs nothing per megaflow.
   */
  invalidate(...changed: readonly Match[]): void {
    // After a thousand million changes numbers begin anew, and nothing from before may be taken for current.
    if (!this.#revalidation.invalidate(changed, this.#clock[0]!)) this.clear();
  }

  /**
   * Sees to some megaflows, in turn: credits their packets, lets go of those idle too long, and stamps those that no change
   * concerns. In mode `eventual` the slow path is asked about the others, for keys in them that are zero outside their masks;
   * once a round has taken longer than half of `maxStaleMs`, those of under five packets a second are left to their next one.
   * Also ranks subtables and builds filters. To be called a few times per second, or more often with many megaflows; one call
   * costs at most `sweepFlows` steps, of which a run of the slow path is eight.
   */
  maintain(nowMs: number): MaintainReport {
    this.#clock[0] = nowMs;
    const report = this.#sweeper.sweep(nowMs);
    this.#megaflows.upkeep(nowMs);
    return report;
  }

  /** Credits the packets of all megaflows at once. Costs their number. */
  flush(): void {
    for (let flow = 0; flow < this.#store.highWater; flow++) if (this.#store.owner[flow]! >= 0) this.#credit(flow);
  }

  /** Forgets all megaflows, after crediting their packets. */
  clear(): void {
    for (let flow = 0; flow < this.#store.highWater; flow++) if (this.#store.owner[flow]! >= 0) this.#remove(flow);
    this.#microflows.clear();
  }

  /** All megaflows, for people; in no particular order. Don't change the cache between. */
  megaflows(): IterableIterator<Megaflow<Result>> {
    return listMegaflows(this.schema, this.#store, this.#megaflows, this.#changes.generation);
  }

  /**
   * The partitions with the most masks, at most `most`, and which combinations of fields make these; what rules can lead to
   * them is told by `RuleTable.diagnose`. Costs the megaflows and masks there are.
   */
  diagnose(most = 10): PartitionDiagnosis[] {
    return diagnosePartitions(this.schema, this.#megaflows.directory, most);
  }

  /** Counters since the cache was made, and what it holds. Costs the number of partitions. */
  stats(): FlowCacheStats {
    return readStats(this.#counters, this.#store, this.#microflows, this.#megaflows, this.#sweeper.pace.roundMs);
  }

  /** The megaflow of a key that no microflow has, or -1. */
  #findRegion(words: Int32Array): number {
    const flow = this.#megaflows.find(words);
    if (flow < 0) this.#counters[MISSES]!++;
    else {
      this.#counters[MEGAFLOW_HITS]!++;
      this.#microflows.offer(words, flow);
    }
    return flow;
  }

  #insert(key: FlowKey, mask: FlowMask, result: Result, generation: number): number {
    const isDrop = this.#options.isDrop?.(result) === true ? 1 : 0;
    const flow = this.#megaflows.insert(key.words, mask.words, isDrop, this.#clock[0]!);
    if (flow < 0) return -1;
    this.#microflows.cover(this.#revalidation.maskOf(flow));
    const store = this.#store;
    store.results[flow] = result;
    store.setGeneration(flow, generation);
    store.setUsedMs(flow, this.#clock[0]!);
    store.createdMs[flow] = this.#clock[0]!;
    this.#counters[INSERTED]!++;
    return flow;
  }

  /**
   * Makes a megaflow from before a change current, by proof or by replacing it, unless it may still answer as it is. Returns
   * the megaflow that answers `key`, or -1 if its new answer found no room; then `#homeless` is the answer.
   */
  #recheck(flow: number, key: FlowKey): number {
    if (this.#revalidation.mayAnswer(flow, this.#clock[0]!)) {
      this.#counters[COUNTER.STALE]!++;
      return flow;
    }
    if (this.#revalidation.stamp(flow)) {
      this.#counters[SPARED]!++;
      return flow;
    }
    const { generation } = this.#changes;
    const serial = this.#store.serial(flow);
    const mask = this.#spare.take();
    const result = this.#ask(flow, key, mask);
    const isConfirmed = serial === this.#store.serial(flow);
    this.#counters[isConfirmed ? CONFIRMED : REPLACED]!++;
    const fresh = isConfirmed ? flow : this.#insert(key, mask, result, generation);
    this.#spare.giveBack(mask);
    if (fresh < 0) this.#homeless = result;
    return fresh;
  }

  /** Asks the slow path about a megaflow that a change may concern, for `maintain`. */
  #sweep(flow: number): void {
    const serial = this.#store.serial(flow);
    const mask = this.#spare.take();
    this.#sample.words.set(this.#revalidation.keyOf(flow));
    this.#ask(flow, this.#sample, mask);
    this.#spare.giveBack(mask);
    this.#counters[COUNTER.SWEPT]!++;
    if (serial !== this.#store.serial(flow)) this.#counters[COUNTER.WITHDRAWN]!++;
  }

  /** What the slow path says of a key in a megaflow from before a change: that becomes current if it still holds, else it goes. */
  #ask(flow: number, key: FlowKey, mask: FlowMask): Result {
    const store = this.#store;
    const { sameResult = Object.is, slowPath } = this.#options;
    const { generation } = this.#changes;
    const serial = store.serial(flow);
    const result = slowPath(key, mask);
    // The slow path may have called the cache, and the megaflow may be another by now.
    if (serial !== store.serial(flow)) return result;
    const holds = this.#revalidation.covers(flow, mask) && sameResult(store.results[flow]!, result);
    if (holds) store.setGeneration(flow, generation);
    else this.#remove(flow);
    return result;
  }

  #answerHomeless(octets: number): Result | undefined {
    const result = this.#homeless!;
    this.#homeless = undefined;
    this.#options.credit?.(result, 1, octets);
    return result;
  }

  #credit(flow: number): void {
    tellUse(this.#store, flow, this.#options.credit);
  }

  #remove(flow: number): void {
    this.#credit(flow);
    // An old microflow could find its megaflow alive again.
    if (this.#megaflows.remove(flow)) this.#microflows.clear();
  }
}
