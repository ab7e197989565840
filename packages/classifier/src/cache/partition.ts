import { FilterKeeper } from './filter-keeper.js';
import type { Slice } from './dimension.js';
import { FlowList } from './flow-list.js';
import type { FlowStore } from './flow-store.js';
import { PairTable } from './pair-table.js';
import type { SubtableFilter } from './subtable-filter.js';
import { Subtables } from './subtables.js';
import type { Xorshift } from './xorshift.js';

/** Lookups after which subtables are ranked anew and the filter is judged. */
const UPKEEP_LOOKUPS = 65_536;
/** Megaflows noted in a filter being built at that time. */
const UPKEEP_STEPS = 1024;
/** Places in a row that may be taken by chance. With more, keys must agree in the words that are hashed: then all words are. */
const LONGEST_RUN = 64;

/** What partitions of one cache share. */
export interface PartitionContext {
  readonly store: FlowStore<unknown>;
  readonly seeds: Int32Array;
  /** Words of a key, the most telling first. */
  readonly telling: readonly number[];
  /** Bits of a key that say which partition it belongs to. */
  readonly given: Int32Array;
  readonly slices: readonly Slice[];
  readonly random: Xorshift;
  readonly hashBits: number;
}

/**
 * The megaflows of one partition. One hash table serves all subtables: each adds its own number to the hash. Places are
 * pairs (hash, megaflow), so a probe that fails touches one cache line, and at most half of them are taken.
 *
 * The code below has `mix` and the numbers of records and plans written out: a call or a constant of another module costs
 * several instructions each time, which made a hit twice as slow.
 */
export class Partition {
  /** The bits that all its keys share, elsewhere 0. */
  readonly key: Int32Array;
  readonly subtables: Subtables;
  /** Its megaflows, apart from those that drop. */
  readonly flows = new FlowList();
  readonly drops = new FlowList();
  readonly keeper: FilterKeeper;
  readonly hashBits: number;
  /** The slot of the mask of all fields, see `MaskBudget`, or -1. */
  widestSlot = -1;
  /** When it was last ranked. */
  rankedMs = 0;
  readonly #store: FlowStore<unknown>;
  readonly #table = new PairTable();
  #lookups = 0;
  #probes = 0;
  #earlierProbes = 0;

  /** An empty partition for keys with these `given` bits. */
  constructor(key: Int32Array, context: PartitionContext) {
    this.key = key;
    this.#store = context.store;
    this.hashBits = context.hashBits;
    this.subtables = new Subtables(context.seeds, context.telling, context.given, context.random);
    this.keeper = new FilterKeeper(this, context.slices, context.random);
  }

  /** Megaflows now. */
  get size(): number {
    return this.flows.length + this.drops.length;
  }

  /** Subtables searched since the partition was made. */
  get probes(): number {
    return this.#earlierProbes + this.#probes;
  }

  /** Octets held, apart from the megaflows' own records. */
  get memory(): number {
    const lists = 4 * (this.flows.flows.length + this.drops.flows.length);
    return this.#table.memory + lists + this.subtables.memory + this.keeper.memory;
  }

  /** The megaflow of a key, or -1. */
  find(words: Int32Array): number {
    if (++this.#lookups === UPKEEP_LOOKUPS) this.upkeep();
    const { filter } = this.keeper;
    const { count, favourites } = this.subtables;
    const flow = this.#scan(words, filter === undefined ? count : favourites);
    return flow >= 0 || filter === undefined ? flow : this.#findAmongCandidates(words, filter);
  }

  /** The megaflow of subtable `slot` that holds this key, or -1. */
  findIn(slot: number, words: Int32Array): number {
    return this.#probe(slot, words);
  }

  /** Makes record `flow` the megaflow of subtable `slot` that holds this key. */
  add(flow: number, slot: number, words: Int32Array): void {
    const store = this.#store;
    const { plans, planStride } = this.subtables;
    const start = slot * planStride;
    store.setSlot(flow, slot);
    store.reserveKeys(plans[start + 2]! / 2);
    let to = flow * store.keyStride;
    for (let at = start + 3, end = at + plans[start + 2]!; at < end; at += 2) {
      store.keys[to++] = words[plans[at]! & 63]! & plans[at + 1]!;
    }
    store.hash[flow] = this.subtables.hash(slot, words) & this.hashBits;
    this.subtables.entries[slot]!++;
    (store.isDrop[flow] === 1 ? this.drops : this.flows).add(flow, store);
    if (this.#table.add(store.hash[flow]!, flow) > LONGEST_RUN && this.subtables.hashAll()) this.#rehash();
    this.keeper.added(flow);
  }

  /** Takes a megaflow out, and its mask if it was the last with it. */
  remove(flow: number): void {
    const store = this.#store;
    const slot = this.slotOf(flow);
    this.#table.remove(store.hash[flow]!, flow);
    (store.isDrop[flow] === 1 ? this.drops : this.flows).remove(flow, store);
    this.release(slot);
    this.keeper.removed();
  }

  /** One use less of a mask; without uses it goes. */
  release(slot: number): void {
    if (--this.subtables.entries[slot]! > 0) return;
    this.subtables.remove(slot);
    if (slot === this.widestSlot) this.widestSlot = -1;
  }

  /** The megaflows of a slot, as a new array. Costs the size of the partition. */
  flowsIn(slot: number): number[] {
    const all = [
      ...this.flows.flows.subarray(0, this.flows.length),
      ...this.drops.flows.subarray(0, this.drops.length),
    ];
    return all.filter((flow) => this.slotOf(flow) === slot);
  }

  /** The slot of the mask of a megaflow. */
  slotOf(flow: number): number {
    return this.#store.slot(flow);
  }

  /** Packets of a megaflow so far. */
  packetsOf(flow: number): number {
    return this.#store.packets(flow);
  }

  /** Writes the region of a megaflow: its mask, and the bits under it. */
  readRegion(flow: number, key: Int32Array, mask: Int32Array): void {
    const { keys, keyStride } = this.#store;
    const { plans, planStride, masks } = this.subtables;
    const slot = this.slotOf(flow);
    for (let i = 0; i < mask.length; i++) {
      mask[i] = masks[slot * mask.length + i]!;
      key[i] = this.key[i]!;
    }
    const start = slot * planStride;
    let from = flow * keyStride;
    for (let at = start + 3, end = at + plans[start + 2]!; at < end; at += 2) key[plans[at]! & 63]! |= keys[from++]!;
  }

  /** Ranks the subtables by hits of late and sees to the filter. */
  upkeep(): void {
    if (this.#lookups > 0) this.keeper.judge(this.#probes / this.#lookups);
    this.keeper.build(UPKEEP_STEPS);
    this.subtables.rank();
    this.#earlierProbes += this.#probes;
    this.#lookups = 0;
    this.#probes = 0;
  }

  /** Notes a hit in a subtable, which was the `probes`th that was searched. */
  #hit(slot: number, probes: number, flow: number): number {
    this.#probes += probes;
    this.subtables.hits[slot]!++;
    return flow;
  }

  #scan(words: Int32Array, end: number): number {
    const { order } = this.subtables;
    for (let i = 0; i < end; i++) {
      const flow = this.#probe(order[i]!, words);
      if (flow >= 0) return this.#hit(order[i]!, i + 1, flow);
    }
    this.#probes += end;
    return -1;
  }

  #findAmongCandidates(words: Int32Array, filter: SubtableFilter): number {
    const { live, candidates } = this.subtables;
    filter.select(words, live, candidates);
    let probes = 0;
    for (let word = 0; word < candidates.length; word++) {
      for (let left = candidates[word]!; left !== 0; left &= left - 1) {
        const slot = 32 * word + 31 - Math.clz32(left & -left);
        const flow = this.#probe(slot, words);
        probes++;
        if (flow >= 0) return this.#hit(slot, probes, flow);
      }
    }
    this.#probes += probes;
    return -1;
  }

  /** Looks in one subtable. */
  #probe(slot: number, words: Int32Array): number {
    const { plans, planStride } = this.subtables;
    const start = slot * planStride;
    const seedA = plans[start + 3]!;
    const seedB = plans[start + 5]!;
    const seedC = plans[start + 7]!;
    const seedD = plans[start + 9]!;
    const wordA = words[seedA & 63]! & plans[start + 4]!;
    const wordB = words[seedB & 63]! & plans[start + 6]!;
    const wordC = words[seedC & 63]! & plans[start + 8]!;
    const wordD = words[seedD & 63]! & plans[start + 10]!;
    const a = Math.imul(wordA ^ seedA, 0x9e37_79b1);
    const b = Math.imul(wordB ^ seedB, 0x9e37_79b1);
    const c = Math.imul(wordC ^ seedC, 0x9e37_79b1);
    const d = Math.imul(wordD ^ seedD, 0x9e37_79b1);
    let hash = (plans[start]! + Math.imul(a ^ (a >>> 15), seedA | 1)) | 0;
    hash = (hash + Math.imul(b ^ (b >>> 15), seedB | 1)) | 0;
    hash = (hash + Math.imul(c ^ (c >>> 15), seedC | 1)) | 0;
    hash = (hash + Math.imul(d ^ (d >>> 15), seedD | 1)) | 0;
    const rest = start + 11;
    for (let at = rest, end = start + 3 + plans[start + 1]!; at < end; at += 2) {
      const seed = plans[at]!;
      const product = Math.imul((words[seed & 63]! & plans[at + 1]!) ^ seed, 0x9e37_79b1);
      hash = (hash + Math.imul(product ^ (product >>> 15), seed | 1)) | 0;
    }
    hash &= this.hashBits;
    const { pairs, shift, wrap } = this.#table;
    const { records, keys, keyStride } = this.#store;
    for (let place = (hash >>> shift) << 1; ; place = (place + 2) & wrap) {
      const flow = pairs[place + 1]!;
      if (flow < 0) return -1;
      if (pairs[place] !== hash) continue;
      let from = flow * keyStride;
      let difference = records[(flow << 3) + 2]! ^ slot;
      difference |= (wordA ^ keys[from]!) | (wordB ^ keys[from + 1]!);
      difference |= (wordC ^ keys[from + 2]!) | (wordD ^ keys[from + 3]!);
      for (let at = rest, end = start + 3 + plans[start + 2]!; at < end; at += 4) {
        from += 2;
        difference |= (words[plans[at]! & 63]! & plans[at + 1]!) ^ keys[from + 2]!;
        difference |= (words[plans[at + 2]! & 63]! & plans[at + 3]!) ^ keys[from + 3]!;
      }
      if (difference === 0) return flow;
    }
  }

  /** Hashes have changed. Costs the megaflows. */
  #rehash(): void {
    const store = this.#store;
    const key = new Int32Array(this.key.length);
    const mask = new Int32Array(this.key.length);
    this.#table.clear();
    for (const { flows, length } of [this.flows, this.drops]) {
      for (const flow of flows.subarray(0, length)) {
        this.readRegion(flow, key, mask);
        store.hash[flow] = this.subtables.hash(this.slotOf(flow), key) & this.hashBits;
        this.#table.add(store.hash[flow]!, flow);
      }
    }
  }
}
