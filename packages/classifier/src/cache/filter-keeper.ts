import { type Dimension, type Sample, type Slice, chooseSlices, prefixLength } from './dimension.js';
import type { FlowList } from './flow-list.js';
import type { Partition } from './partition.js';
import { SubtableFilter } from './subtable-filter.js';
import type { Xorshift } from './xorshift.js';

/** Fewer subtables than this are searched faster without a filter. */
const MIN_SUBTABLES = 5;
const MAX_SAMPLES = 32;
/** Dimensions of a filter, and of one under pressure, where exactness is worth more. */
const DIMENSIONS = 2;
const DIMENSIONS_UNDER_PRESSURE = 3;
/** Megaflows noted at once when a filter is begun, and with each insertion while it is built. */
const FIRST_STEP = 512;
const INSERT_STEP = 64;

/**
 * Keeps the filter of one partition: builds it in steps once there are enough subtables, builds another when this one has
 * aged (megaflows removed, masks added, size doubled), and a more exact one while too many subtables are searched per packet.
 */
export class FilterKeeper {
  /** The filter to ask, if there is one. */
  filter: SubtableFilter | undefined;
  readonly #partition: Partition;
  readonly #slices: readonly Slice[];
  readonly #random: Xorshift;
  #next: SubtableFilter | undefined;
  /** Where building is: the list, and how many of its megaflows are left. */
  #list: FlowList;
  #left = 0;
  #sizeAtStart = 0;
  #removed = 0;
  #masksAtStart = 0;
  #rounding: 'truncate' | 'expand' = 'truncate';
  /** Probes per lookup that call for the more exact filter. */
  #patience = 4;
  #probesBefore = 0;
  readonly #mask: Int32Array;
  readonly #key: Int32Array;

  /** No filter yet. */
  constructor(partition: Partition, slices: readonly Slice[], random: Xorshift) {
    this.#partition = partition;
    this.#slices = slices;
    this.#random = random;
    this.#list = partition.flows;
    this.#mask = new Int32Array(partition.key.length);
    this.#key = new Int32Array(partition.key.length);
  }

  /** Octets held. */
  get memory(): number {
    return (this.filter?.memory ?? 0) + (this.#next?.memory ?? 0);
  }

  /** Whether a filter is being built. */
  get isBuilding(): boolean {
    return this.#next !== undefined;
  }

  /** To be called when a megaflow has been added, before it can be searched for. */
  added(flow: number): void {
    const { size, subtables } = this.#partition;
    if (this.filter !== undefined) this.#register(flow, this.filter);
    if (this.#next !== undefined) this.#register(flow, this.#next);
    if (this.#next !== undefined) this.build(INSERT_STEP);
    else if (subtables.count >= MIN_SUBTABLES && size > 2 * this.#sizeAtStart) this.#begin();
  }

  /** To be called when a megaflow has been removed: what was noted of it stays. */
  removed(): void {
    this.#removed++;
  }

  /** Goes on building; returns how many megaflows were noted, at most `steps`. */
  build(steps: number): number {
    const { flows, drops } = this.#partition;
    let done = 0;
    while (this.#next !== undefined && done < steps) {
      // The list may have become shorter; what moved within it has been noted, or will be.
      this.#left = Math.min(this.#left, this.#list.length);
      if (this.#left > 0) {
        this.#register(this.#list.flows[--this.#left]!, this.#next);
        done++;
      } else if (this.#list === flows) {
        this.#list = drops;
        this.#left = drops.length;
      } else {
        this.filter = this.#next;
        this.#next = undefined;
      }
    }
    return done;
  }

  /** Judges the filter by the probes per lookup of late. */
  judge(probesPerLookup: number): void {
    const { count, additions } = this.#partition.subtables;
    if (count < MIN_SUBTABLES) {
      this.#drop();
      return;
    }
    if (this.#next !== undefined) return;
    if (this.filter !== undefined && this.#rounding === 'truncate' && probesPerLookup > this.#patience) {
      this.#rounding = 'expand';
      this.#probesBefore = probesPerLookup;
      this.#begin();
    } else if (this.#rounding === 'expand' && probesPerLookup > this.#probesBefore) {
      this.#rounding = 'truncate';
      this.#patience *= 2;
      this.#begin();
    } else if (this.filter === undefined || additions > this.#masksAtStart || 4 * this.#removed > this.#sizeAtStart) {
      this.#begin();
    }
  }

  #drop(): void {
    this.filter = undefined;
    this.#next = undefined;
    this.#sizeAtStart = 0;
    this.#rounding = 'truncate';
    this.#patience = 4;
  }

  #begin(): void {
    const { flows, size, subtables } = this.#partition;
    this.#sizeAtStart = size;
    this.#removed = 0;
    this.#masksAtStart = subtables.additions;
    const most = this.#rounding === 'expand' ? DIMENSIONS_UNDER_PRESSURE : DIMENSIONS;
    const dimensions = chooseSlices(this.#slices, this.#samples(), most).map((slice) => this.#withLengths(slice));
    if (dimensions.length === 0) return;
    const { hashBits } = this.#partition;
    const shape = { dimensions, slotWords: subtables.live.length, flows: size, rounding: this.#rounding, hashBits };
    this.#next = new SubtableFilter(shape, this.#random);
    this.#list = flows;
    this.#left = flows.length;
    this.build(FIRST_STEP);
  }

  #samples(): Sample[] {
    const { flows, drops, size, key } = this.#partition;
    const count = Math.min(MAX_SAMPLES, size);
    return Array.from({ length: count }, (_, i) => {
      const at = Math.floor((i * size) / count);
      const flow = at < flows.length ? flows.flows[at]! : drops.flows[at - flows.length]!;
      const sample = { mask: new Int32Array(key.length), key: new Int32Array(key.length) };
      this.#partition.readRegion(flow, sample.key, sample.mask);
      return sample;
    });
  }

  #withLengths(slice: Slice): Dimension {
    const { subtables, key } = this.#partition;
    const lengths = new Set<number>();
    for (const slot of subtables.ranked()) {
      lengths.add(prefixLength(subtables.masks.subarray(slot * key.length, (slot + 1) * key.length), slice));
    }
    lengths.delete(0);
    return { ...slice, lengths: [...lengths].sort((a, b) => a - b) };
  }

  /** Notes a megaflow; not that of a mask that came after the filter was made, which is a candidate always. */
  #register(flow: number, filter: SubtableFilter): void {
    const slot = this.#partition.slotOf(flow);
    if (slot >= 32 * filter.shape.slotWords) return;
    this.#partition.readRegion(flow, this.#key, this.#mask);
    filter.register(slot, this.#mask, this.#key);
  }
}
