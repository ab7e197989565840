import type { Schema } from '../schema/schema.js';
import { wordsOf } from '../schema/field.js';
import { listSlices } from './dimension.js';
import type { FlowStore } from './flow-store.js';
import { MaskBudget } from './mask-budget.js';
import { MaskDamping } from './mask-damping.js';
import { makeSeeds } from './mix.js';
import type { FlowCacheLimits } from './options.js';
import type { Partition, PartitionContext } from './partition.js';
import { PartitionDirectory } from './partition-directory.js';
import type { Xorshift } from './xorshift.js';

/** Partitions that one call of `upkeep` sees to, and megaflows noted in their filters. */
const UPKEEP_PARTITIONS = 16;
const UPKEEP_STEPS = 2048;
const RANK_INTERVAL_MS = 1000;
/** The part of a partition that megaflows that drop may take, and of the time they may idle. */
const DROP_SHARE = 4;

/**
 * Regions of keys and their results, in partitions with limits of their own. Regions may overlap only where they agree,
 * so the first one found is as good as any.
 */
export class MegaflowCache {
  readonly directory: PartitionDirectory;
  readonly damping: MaskDamping;
  /** Megaflows that had to make room, and those that found none. */
  evictions = 0;
  refusals = 0;
  readonly #limits: FlowCacheLimits['megaflow'];
  readonly #store: FlowStore<unknown>;
  readonly #context: PartitionContext;
  readonly #budget: MaskBudget;
  readonly #release: (flow: number) => void;
  readonly #mask: Int32Array;
  readonly #widest: Int32Array;
  /** The partition that is being inserted into: it stays, even if it is empty for a moment. */
  #inserting = -1;
  #nextPartition = 0;

  /** `release` is called for a megaflow that must go; it calls `remove`. */
  constructor(
    { schema, limits, random }: { schema: Schema; limits: FlowCacheLimits; random: Xorshift },
    store: FlowStore<unknown>,
    release: (flow: number) => void,
  ) {
    const given = new Int32Array(schema.words);
    for (const name of limits.megaflow.partitionBy) {
      for (const { word, bits } of wordsOf(schema.field(name))) given[word]! |= bits;
    }
    const seeds = makeSeeds(schema.words, () => random.next());
    this.#limits = limits.megaflow;
    this.#store = store;
    const slices = listSlices(schema);
    const telling = schema.hashWords;
    this.#context = { store, seeds, telling, given, slices, random, hashBits: limits.hashBits };
    this.#budget = new MaskBudget(limits.megaflow.maxMasks, schema);
    this.damping = new MaskDamping(seeds, limits.megaflow);
    this.#release = release;
    this.#mask = new Int32Array(schema.words);
    this.#widest = new Int32Array(schema.words);
    this.directory = new PartitionDirectory(this.#context, limits.megaflow.maxPartitions);
  }

  /** The megaflow of a key, or -1. */
  find(words: Int32Array): number {
    const index = this.directory.indexOf(words);
    return index < 0 ? -1 : this.directory.partitions[index]!.find(words);
  }

  /**
   * Makes a megaflow for this key whose mask has all bits of `mask`, and perhaps more; one with the same region goes. The
   * caller gives it a result. -1 if there is no room in its partition and nothing that may go.
   */
  insert(words: Int32Array, mask: Int32Array, isDrop: 0 | 1, nowMs: number): number {
    const index = this.#openPartition(words);
    if (index < 0) {
      this.refusals++;
      return -1;
    }
    this.#inserting = index;
    const partition = this.directory.partitions[index]!;
    for (let i = 0; i < mask.length; i++) this.#mask[i] = mask[i]! | this.#context.given[i]!;
    const slot = this.#fit(partition, nowMs);
    // Held, so that making room does not take the mask away.
    partition.subtables.entries[slot]!++;
    const same = partition.findIn(slot, words);
    if (same >= 0) this.#release(same);
    let flow = -1;
    if (this.#makeRoom(partition, isDrop, nowMs)) {
      flow = this.#store.allocate();
      this.#store.owner[flow] = index;
      this.#store.isDrop[flow] = isDrop;
      partition.add(flow, slot, words);
    } else this.refusals++;
    partition.release(slot);
    this.#inserting = -1;
    this.#closePartition(index);
    return flow;
  }

  /** Takes a megaflow out. Returns whether its record's serials have come round. */
  remove(flow: number): boolean {
    const index = this.#store.owner[flow]!;
    this.directory.partitions[index]!.remove(flow);
    this.#closePartition(index);
    return this.#store.free(flow);
  }

  /** Lets go of a megaflow that no packet asks for any more. */
  expire(flow: number, nowMs: number): void {
    const partition = this.directory.partitions[this.#store.owner[flow]!]!;
    const slot = partition.slotOf(flow);
    if (slot !== partition.widestSlot) {
      const { masks } = partition.subtables;
      const start = slot * this.#mask.length;
      const packets = this.#store.packets(flow);
      this.damping.noteGone(this.directory.hashOf(partition.key), masks, start, packets, nowMs);
    }
    this.#release(flow);
  }

  /** Writes the region of a megaflow: its mask, and the bits under it. */
  readRegion(flow: number, value: Int32Array, mask: Int32Array): void {
    this.directory.partitions[this.#store.owner[flow]!]!.readRegion(flow, value, mask);
  }

  /** Whether a megaflow had no packet for so long that it should go. */
  isIdle(flow: number, nowMs: number): boolean {
    const { idleMs, pressureIdleMs } = this.#limits;
    const idle = (nowMs - this.#store.usedMs(flow)) | 0;
    const limit = this.#store.isDrop[flow] === 1 ? idleMs / DROP_SHARE : idleMs;
    return idle > limit || (idle > pressureIdleMs && this.#isUnderPressure(flow));
  }

  /** Ranks and prunes some partitions whose time has come, and goes on with their filters. */
  upkeep(nowMs: number): void {
    const { partitions } = this.directory;
    let steps = UPKEEP_STEPS;
    for (let i = Math.min(UPKEEP_PARTITIONS, partitions.length); i > 0 && steps > 0; i--) {
      if (this.#nextPartition >= partitions.length) this.#nextPartition = 0;
      const partition = partitions[this.#nextPartition++];
      if (partition === undefined) continue;
      if (Math.abs(nowMs - partition.rankedMs) >= RANK_INTERVAL_MS) {
        partition.rankedMs = nowMs;
        partition.upkeep();
      }
      steps -= partition.keeper.build(steps);
    }
  }

  /** Whether the megaflow's partition, or the whole, is more than nine tenths full. */
  #isUnderPressure(flow: number): boolean {
    const { size } = this.directory.partitions[this.#store.owner[flow]!]!;
    return 10 * this.#store.size > 9 * this.#limits.maxFlows || 10 * size > 9 * this.#limits.maxFlowsPerPartition;
  }

  #openPartition(words: Int32Array): number {
    const index = this.directory.indexOf(words);
    return index >= 0 ? index : this.directory.add(words);
  }

  #closePartition(index: number): void {
    if (index !== this.#inserting && this.directory.partitions[index]!.size === 0) this.directory.remove(index);
  }

  /** The slot for `#mask` in a partition. */
  #fit(partition: Partition, nowMs: number): number {
    const { subtables } = partition;
    if (this.#isDemoted(partition, this.#mask, 0, nowMs)) return this.#fitWidest(partition);
    const slot = this.#budget.fit(subtables, partition.widestSlot, this.#mask);
    if (slot < 0) return this.#useWidest(partition);
    // A mask that was rounded to a demoted one.
    if (
      slot === partition.widestSlot ||
      !this.#isDemoted(partition, subtables.masks, slot * this.#mask.length, nowMs)
    ) {
      return slot;
    }
    if (subtables.entries[slot] === 0) subtables.remove(slot);
    return this.#fitWidest(partition);
  }

  #isDemoted(partition: Partition, masks: Int32Array, start: number, nowMs: number): boolean {
    return this.damping.isDemoted(this.directory.hashOf(partition.key), masks, start, nowMs);
  }

  /** The widest slot for `#mask`, whose own mask is demoted. */
  #fitWidest(partition: Partition): number {
    const { subtables, widestSlot } = partition;
    const start = widestSlot * this.#mask.length;
    this.damping.damped++;
    const isWideEnough = this.#mask.every((bits, word) => (bits & ~subtables.masks[start + word]!) === 0);
    return widestSlot >= 0 && isWideEnough ? widestSlot : this.#useWidest(partition);
  }

  /** The mask of all fields looked at so far takes the place of the one that was all fields until now. */
  #useWidest(partition: Partition): number {
    const { subtables, widestSlot } = partition;
    this.#widest.set(this.#mask);
    for (const slot of subtables.ranked()) subtables.addTo(this.#widest, slot);
    this.#budget.widen(this.#widest);
    if (widestSlot >= 0) for (const flow of partition.flowsIn(widestSlot)) this.#release(flow);
    partition.widestSlot = subtables.add(this.#widest);
    return partition.widestSlot;
  }

  #makeRoom(partition: Partition, isDrop: 0 | 1, nowMs: number): boolean {
    const { flows, drops } = partition;
    const { maxFlowsPerPartition } = this.#limits;
    if (isDrop === 1 && drops.length > 0 && (drops.length + 1) * DROP_SHARE > maxFlowsPerPartition) {
      this.#evict(drops.victim(this.#store), nowMs);
    }
    if (partition.size < maxFlowsPerPartition && !this.#store.full) return true;
    if (partition.size === 0) return false;
    this.#evict((flows.length > 0 ? flows : drops).victim(this.#store), nowMs);
    return true;
  }

  #evict(flow: number, nowMs: number): void {
    this.evictions++;
    this.expire(flow, nowMs);
  }
}
