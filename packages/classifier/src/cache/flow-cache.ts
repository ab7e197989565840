import type { FlowKey } from '../key/flow-key.js';
import { FlowMask } from '../key/flow-mask.js';
import type { Match } from '../match/match.js';
import type { Schema } from '../schema/schema.js';
import { ChangeLog } from './change-log.js';
import { FlowStore } from './flow-store.js';
import { MegaflowCache } from './megaflow-cache.js';
import { MicroflowCache } from './microflow-cache.js';
import { type FlowCacheLimits, type FlowCacheOptions, readLimits } from './options.js';
import {
  COUNTER,
  type FlowCacheStats,
  type MaintainReport,
  type Megaflow,
  describeMegaflow,
  readStats,
} from './stats.js';
import { Xorshift } from './xorshift.js';

/** Constants of this module cost less to read than those of another. */
const { MICROFLOW_HITS, MEGAFLOW_HITS, MISSES, SPARED, CONFIRMED, REPLACED, INSERTED, EXPIRED } = COUNTER;

/**
 * Answers of a slow path, kept for the keys that would get the same ones.
 *
 * The slow path says which bits of a key its answer depends on. All keys equal in these bits form a *megaflow*, and get the
 * answer from here. In front of the megaflows stand whole keys and the megaflows they were found to be in, the *microflows*.
 *
 * The promise: what is answered is what the slow path would answer now. A megaflow remembers the generation of the rules it
 * was made under. After a change its next packet has to pass a test: no change since concerns its region, or the slow path,
 * asked again, gives the same answer for no more bits. Otherwise it is replaced by the new answer, before that packet is
 * answered. So a change costs nothing but a number, however much is cached. Everything that is approximate here errs to the
 * safe side: masks may be wider than they need be, filters may name subtables in vain, changes may look larger than they
 * were; each costs time only.
 *
 * Memory is bounded by options and reserved as it is used. A hit allocates nothing. Times are milliseconds from any origin
 * and must not be more than 24 days apart for a megaflow's idle time to be told right.
 */
export class FlowCache<Result> {
  readonly schema: Schema;
  readonly #options: FlowCacheOptions<Result>;
  readonly #limits: FlowCacheLimits;
  readonly #store: FlowStore<Result>;
  readonly #microflows: MicroflowCache;
  readonly #megaflows: MegaflowCache;
  readonly #changes: ChangeLog;
  readonly #counters = new Float64Array(Object.keys(COUNTER).length);
  readonly #value: Int32Array;
  readonly #region: Int32Array;
  /** The mask lent to the slow path; away while that runs, so that a call within a call takes another. */
  #mask: FlowMask | undefined;
  /** The time, in an array of doubles, where a new one takes no memory. */
  readonly #clock = new Float64Array(1);
  #next = 0;
  /** The result of a re-check that found no room. */
  #homeless: Result | undefined;

  /** An empty cache. @throws ClassifierError E_BAD_OPTION, E_UNKNOWN_FIELD */
  constructor(schema: Schema, options: FlowCacheOptions<Result>) {
    const limits = readLimits(schema, options);
    const random = new Xorshift(options.seed);
    this.schema = schema;
    this.#options = options;
    this.#limits = limits;
    this.#store = new FlowStore(limits.megaflow.maxFlows);
    this.#microflows = new MicroflowCache(schema, limits, this.#store, random);
    this.#megaflows = new MegaflowCache({ schema, limits, random }, this.#store, (flow) => this.#remove(flow));
    this.#changes = new ChangeLog(limits.changeLog);
    this.#value = new Int32Array(schema.words);
    this.#region = new Int32Array(schema.words);
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
    let flow = this.#microflows.find(key.words);
    if (flow >= 0) {
      this.#counters[MICROFLOW_HITS]!++;
    } else {
      flow = this.#megaflows.find(key.words);
      if (flow < 0) {
        this.#counters[MISSES]!++;
        return undefined;
      }
      this.#counters[MEGAFLOW_HITS]!++;
      this.#microflows.offer(key.words, flow);
    }
    const store = this.#store;
    if (store.generation(flow) !== this.#changes.generation) {
      flow = this.#recheck(flow, key);
      if (flow < 0) return this.#answerHomeless(octets);
    }
    store.touch(flow, octets, nowMs);
    return store.results[flow];
  }

  /** The answer for a key: from the cache, else from the slow path, and then cached. Counts a packet. */
  classify(key: FlowKey, octets = 0, nowMs = this.#clock[0]!): Result {
    const cached = this.lookup(key, octets, nowMs);
    if (cached !== undefined) return cached;
    const { generation } = this.#changes;
    const mask = this.#takeMask();
    const result = this.#options.slowPath(key, mask);
    const flow = this.#insert(key, mask, result, generation);
    this.#mask = mask;
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
    const changes = this.#changes;
    let goesOn = true;
    if (changed.length === 0 || changed.length > this.#limits.changeLog) goesOn = changes.addEverything();
    else for (const match of changed) goesOn = changes.add(match) && goesOn;
    // After a thousand million changes numbers begin anew, and nothing from before may be taken for current.
    if (!goesOn) this.clear();
  }

  /**
   * Sees to some megaflows, in turn: credits their packets, lets go of those idle too long, and stamps those that no change
   * concerns. Also ranks subtables and builds filters. To be called a few times per second, or more often with many megaflows;
   * one call costs at most `sweepFlows` steps.
   */
  maintain(nowMs: number): MaintainReport {
    this.#clock[0] = nowMs;
    const { owner, highWater } = this.#store;
    const first = this.#next;
    let expired = 0;
    for (let steps = this.#limits.megaflow.sweepFlows; steps > 0 && this.#next < highWater; steps--) {
      const flow = this.#next++;
      if (owner[flow]! < 0) continue;
      if (this.#megaflows.isIdle(flow, nowMs)) {
        this.#remove(flow);
        expired++;
      } else {
        this.#credit(flow);
        steps -= this.#changes.testCost(this.#store.generation(flow));
        this.#stamp(flow);
      }
    }
    this.#counters[EXPIRED]! += expired;
    const visited = this.#next - first;
    const isRoundComplete = this.#next >= highWater;
    if (isRoundComplete) this.#next = 0;
    this.#megaflows.upkeep(nowMs);
    return { visited, expired, isRoundComplete };
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
  *megaflows(): IterableIterator<Megaflow<Result>> {
    const { schema } = this;
    for (let flow = 0; flow < this.#store.highWater; flow++) {
      if (this.#store.owner[flow]! < 0) continue;
      const value = new Int32Array(schema.words);
      const mask = new Int32Array(schema.words);
      this.#readRegion(flow, value, mask);
      const isCurrent = this.#store.generation(flow) === this.#changes.generation;
      yield describeMegaflow(this.#store, flow, { schema, value, mask, isCurrent });
    }
  }

  /** Counters since the cache was made, and what it holds. Costs the number of partitions. */
  stats(): FlowCacheStats {
    return readStats(this.#counters, this.#store, this.#microflows, this.#megaflows);
  }

  #insert(key: FlowKey, mask: FlowMask, result: Result, generation: number): number {
    const isDrop = this.#options.isDrop?.(result) === true ? 1 : 0;
    const flow = this.#megaflows.insert(key.words, mask.words, isDrop);
    if (flow < 0) return -1;
    this.#readRegion(flow, this.#value, this.#region);
    this.#microflows.cover(this.#region);
    const store = this.#store;
    store.results[flow] = result;
    store.setGeneration(flow, generation);
    store.setUsedMs(flow, this.#clock[0]!);
    store.createdMs[flow] = this.#clock[0]!;
    this.#counters[INSERTED]!++;
    return flow;
  }

  /**
   * Makes a megaflow from before a change current, by proof or by replacing it. Returns the megaflow that answers `key`, or -1
   * if its new answer found no room; then `#homeless` is the answer.
   */
  #recheck(flow: number, key: FlowKey): number {
    const store = this.#store;
    if (this.#stamp(flow)) {
      this.#counters[SPARED]!++;
      return flow;
    }
    const { sameResult = Object.is, slowPath } = this.#options;
    const { generation } = this.#changes;
    const serial = store.serial(flow);
    const mask = this.#takeMask();
    const result = slowPath(key, mask);
    // The slow path may have called the cache, and the megaflow may be another by now.
    if (serial === store.serial(flow)) {
      if (this.#covers(flow, mask) && sameResult(store.results[flow]!, result)) {
        store.setGeneration(flow, generation);
        this.#mask = mask;
        this.#counters[CONFIRMED]!++;
        return flow;
      }
      this.#remove(flow);
    }
    this.#counters[REPLACED]!++;
    const fresh = this.#insert(key, mask, result, generation);
    this.#mask = mask;
    if (fresh < 0) this.#homeless = result;
    return fresh;
  }

  #answerHomeless(octets: number): Result | undefined {
    const result = this.#homeless!;
    this.#homeless = undefined;
    this.#options.credit?.(result, 1, octets);
    return result;
  }

  /** Makes a megaflow current if no change since its generation concerns it. Returns whether it is current. */
  #stamp(flow: number): boolean {
    const { generation } = this.#changes;
    const before = this.#store.generation(flow);
    if (before === generation) return true;
    this.#readRegion(flow, this.#value, this.#region);
    if (!this.#changes.sparesRegion(before, this.#value, this.#region)) return false;
    this.#store.setGeneration(flow, generation);
    return true;
  }

  /** Whether the mask of a megaflow has all bits of `mask`. */
  #covers(flow: number, mask: FlowMask): boolean {
    this.#readRegion(flow, this.#value, this.#region);
    return this.#region.every((bits, word) => (mask.words[word]! & ~bits) === 0);
  }

  #readRegion(flow: number, value: Int32Array, mask: Int32Array): void {
    this.#megaflows.directory.partitions[this.#store.owner[flow]!]!.readRegion(flow, value, mask);
  }

  #credit(flow: number): void {
    const { credit } = this.#options;
    const { credited, results } = this.#store;
    const packets = this.#store.packets(flow);
    const octets = this.#store.octets(flow);
    if (packets === credited[2 * flow]) return;
    const newPackets = packets - credited[2 * flow]!;
    const newOctets = octets - credited[2 * flow + 1]!;
    credited[2 * flow] = packets;
    credited[2 * flow + 1] = octets;
    credit?.(results[flow]!, newPackets, newOctets);
  }

  #remove(flow: number): void {
    this.#credit(flow);
    // An old microflow could find its megaflow alive again.
    if (this.#megaflows.remove(flow)) this.#microflows.clear();
  }

  #takeMask(): FlowMask {
    const mask = this.#mask ?? new FlowMask(this.schema);
    this.#mask = undefined;
    mask.clear();
    return mask;
  }
}
