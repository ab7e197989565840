import { type Sample, type Slice, chooseDimensions, prefixLength } from './dimension.js';
import type { FlowList } from './flow-list.js';
import type { Partition } from './partition.js';
import { SubtableFilter, rowBitsFor } from './subtable-filter.js';
import type { Xorshift } from './xorshift.js';

/** Fewer subtables than this are searched faster without a filter. */
const MIN_SUBTABLES = 5;
/** Megaflows looked at to choose dimensions, and of these taken: one per subtable, and those with the most packets. */
const CONSIDERED = 256;
const MAX_ENTRIES = 32;
const MAX_PACKETS = 16;
/** More subtables searched per lookup than this call for another choice. */
const PATIENCE = 3;
/** Megaflows noted at once when a filter is begun, and with each insertion while it is built. */
const FIRST_STEP = 512;
const INSERT_STEP = 64;

/**
 * Keeps the filter of one partition: builds it in steps once there are enough subtables, and builds another when this one
 * has aged (megaflows removed, masks added, size doubled), or when too many subtables are searched per packet.
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
  #patience = PATIENCE;
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
    const isTooMuch = this.filter !== undefined && probesPerLookup > this.#patience;
    // If that does not help, it is not tried again before things get worse.
    if (isTooMuch) this.#patience = 2 * probesPerLookup;
    else if (4 * probesPerLookup < this.#patience) this.#patience = PATIENCE;
    const isAged = additions > this.#masksAtStart || 4 * this.#removed > this.#sizeAtStart;
    if (isTooMuch || isAged || this.filter === undefined) this.#begin();
  }

  #drop(): void {
    this.filter = undefined;
    this.#next = undefined;
    this.#sizeAtStart = 0;
    this.#patience = PATIENCE;
  }

  #begin(): void {
    const { flows, size, subtables, hashBits } = this.#partition;
    this.#sizeAtStart = size;
    this.#removed = 0;
    this.#masksAtStart = subtables.additions;
    const slotWords = subtables.live.length;
    const rowBits = rowBitsFor(size, subtables.count, slotWords);
    const lengthsOf = (slice: Slice) => this.#lengthsOf(slice);
    const dimensions = chooseDimensions(this.#slices, this.#takeSamples(), lengthsOf, 1 << rowBits);
    if (dimensions.length === 0) return;
    this.#next = new SubtableFilter({ dimensions, slotWords, rowBits, hashBits }, this.#random);
    this.#list = flows;
    this.#left = flows.length;
    this.build(FIRST_STEP);
  }

  #takeSamples(): { packets: Sample[]; entries: Sample[]; subtables: number } {
    const { flows, drops, size, subtables } = this.#partition;
    const count = Math.min(CONSIDERED, size);
    const considered = Array.from({ length: count }, (_, i) => {
      // By the golden ratio: even steps could meet the same few masks again and again.
      const at = Math.floor(((Math.imul(i, 0x9e37_79b1) >>> 0) / 2 ** 32) * size);
      return at < flows.length ? flows.flows[at]! : drops.flows[at - flows.length]!;
    });
    const bySlot = new Map(considered.map((flow) => [this.#partition.slotOf(flow), flow]));
    const packetsOf = (flow: number) => this.#partition.packetsOf(flow);
    const busiest = [...considered].sort((a, b) => packetsOf(b) - packetsOf(a)).slice(0, MAX_PACKETS);
    return {
      packets: busiest.map((flow) => this.#sample(flow)),
      entries: [...bySlot.values()].slice(0, MAX_ENTRIES).map((flow) => this.#sample(flow)),
      subtables: subtables.count,
    };
  }

  #sample(flow: number): Sample {
    const words = this.#key.length;
    const slot = this.#partition.slotOf(flow);
    const entries = this.#partition.subtables.entries[slot]!;
    const sample = { slot, entries, mask: new Int32Array(words), key: new Int32Array(words) };
    this.#partition.readRegion(flow, sample.key, sample.mask);
    return sample;
  }

  #lengthsOf(slice: Slice): number[] {
    const { subtables, key } = this.#partition;
    const lengths = new Set<number>();
    for (const slot of subtables.ranked()) {
      lengths.add(prefixLength(subtables.masks.subarray(slot * key.length, (slot + 1) * key.length), slice));
    }
    lengths.delete(0);
    return [...lengths].sort((a, b) => a - b);
  }

  /** Notes a megaflow; not that of a mask that came after the filter was made, which is a candidate always. */
  #register(flow: number, filter: SubtableFilter): void {
    const slot = this.#partition.slotOf(flow);
    if (slot >= 32 * filter.shape.slotWords) return;
    this.#partition.readRegion(flow, this.#key, this.#mask);
    filter.register(slot, this.#mask, this.#key);
  }
}
