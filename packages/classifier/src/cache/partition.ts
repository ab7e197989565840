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

/** What partitions of one cache share. */
export interface PartitionContext {
  readonly store: FlowStore<unknown>;
  readonly seeds: Int32Array;
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
 * The loops below have `mix` and the numbers of records and plans written out: a call or a constant of another module costs
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
    this.subtables = new Subtables(context.seeds, context.given, context.random);
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
    const { program, sharedEnd, favouritesEnd, programEnd } = this.subtables;
    let base = 0;
    for (let at = 0; at < sharedEnd; at += 4) {
      const seed = program[at]!;
      const other = program[at + 2]!;
      const product = Math.imul((words[seed & 63]! & program[at + 1]!) ^ seed, 0x9e37_79b1);
      const second = Math.imul((words[other & 63]! & program[at + 3]!) ^ other, 0x9e37_79b1);
      base = (base + Math.imul(product ^ (product >>> 15), seed | 1)) | 0;
      base = (base + Math.imul(second ^ (second >>> 15), other | 1)) | 0;
    }
    const { filter } = this.keeper;
    const flow = this.#scan(words, base, filter === undefined ? programEnd : favouritesEnd);
    if (flow >= 0 || filter === undefined) return flow;
    return this.subtables.live.length === 1
      ? this.#findAmongFew(words, base, filter)
      : this.#findAmongMany(words, base, filter);
  }

  /** The megaflow of subtable `slot` that holds this key, or -1. */
  findIn(slot: number, words: Int32Array): number {
    const hash = this.subtables.hash(slot, words) & this.hashBits;
    return this.#search(slot, hash, words);
  }

  /** Makes record `flow` the megaflow of subtable `slot` that holds this key. */
  add(flow: number, slot: number, words: Int32Array): void {
    const store = this.#store;
    const { lists, listStride } = this.subtables;
    const start = slot * listStride;
    store.setSlot(flow, slot);
    store.reserveKeys(lists[start]!);
    let to = flow * store.keyStride;
    for (let at = start + 1, end = at + 2 * lists[start]!; at < end; at += 2) {
      store.keys[to++] = words[lists[at]!]! & lists[at + 1]!;
    }
    store.hash[flow] = this.subtables.hash(slot, words) & this.hashBits;
    this.subtables.entries[slot]!++;
    (store.isDrop[flow] === 1 ? this.drops : this.flows).add(flow, store);
    this.#table.add(store.hash[flow]!, flow);
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
    const { lists, listStride, masks } = this.subtables;
    const slot = this.slotOf(flow);
    for (let i = 0; i < mask.length; i++) {
      mask[i] = masks[slot * mask.length + i]!;
      key[i] = this.key[i]!;
    }
    const start = slot * listStride;
    let from = flow * keyStride;
    for (let at = start + 1, end = at + 2 * lists[start]!; at < end; at += 2) key[lists[at]!]! |= keys[from++]!;
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

  #scan(words: Int32Array, base: number, end: number): number {
    const { program, sharedEnd } = this.subtables;
    for (let start = sharedEnd; start < end;) {
      const slot = program[start]!;
      const flow = this.#probe(slot, base, words);
      if (flow >= 0) return flow;
      start = program[start + 2]!;
    }
    return -1;
  }

  /** With at most 32 subtables: all candidates are bits of one word. Levels go by two, for each step costs as much as one. */
  #findAmongFew(words: Int32Array, base: number, filter: SubtableFilter): number {
    const { plan, rows, always, rowShift } = filter;
    let candidates = this.subtables.live[0]!;
    for (let at = 0, d = 0; at < plan.length; d++) {
      const value = words[plan[at]!]! << plan[at + 1]!;
      const end = at + 3 + 3 * plan[at + 2]!;
      let union = always[d]!;
      for (at += 3; at < end; at += 6) {
        const hash = Math.imul(value >> plan[at]!, plan[at + 1]!) & this.hashBits;
        const next = Math.imul(value >> plan[at + 3]!, plan[at + 4]!) & this.hashBits;
        union |= rows[plan[at + 2]! + (hash >>> rowShift)]! | rows[plan[at + 5]! + (next >>> rowShift)]!;
      }
      candidates &= union;
    }
    return this.#findAmong(candidates, 0, words, base);
  }

  /** The same by four words at once. */
  #findAmongMany(words: Int32Array, base: number, filter: SubtableFilter): number {
    const { plan, rows, always, rowShift, slotWords } = filter;
    const { live } = this.subtables;
    for (let word = 0; word < live.length; word += 4) {
      let a = live[word]!;
      let b = live[word + 1]!;
      let c = live[word + 2]!;
      let d = live[word + 3]!;
      // Subtables that came after the filter was built are candidates all.
      for (let at = 0, first = word; at < plan.length && word < slotWords; first += slotWords) {
        const value = words[plan[at]!]! << plan[at + 1]!;
        const end = at + 3 + 3 * plan[at + 2]!;
        let ua = always[first]!;
        let ub = always[first + 1]!;
        let uc = always[first + 2]!;
        let ud = always[first + 3]!;
        for (at += 3; at < end; at += 3) {
          const hash = Math.imul(value >> plan[at]!, plan[at + 1]!) & this.hashBits;
          const row = (plan[at + 2]! + (hash >>> rowShift)) * slotWords + word;
          ua |= rows[row]!;
          ub |= rows[row + 1]!;
          uc |= rows[row + 2]!;
          ud |= rows[row + 3]!;
        }
        a &= ua;
        b &= ub;
        c &= uc;
        d &= ud;
      }
      let flow = this.#findAmong(a, 32 * word, words, base);
      if (flow < 0) flow = this.#findAmong(b, 32 * word + 32, words, base);
      if (flow < 0) flow = this.#findAmong(c, 32 * word + 64, words, base);
      if (flow < 0) flow = this.#findAmong(d, 32 * word + 96, words, base);
      if (flow >= 0) return flow;
    }
    return -1;
  }

  /** Looks in the subtables whose bits are set in a word, the first of which stands for slot `first`. */
  #findAmong(candidates: number, first: number, words: Int32Array, base: number): number {
    for (let left = candidates; left !== 0; left &= left - 1) {
      const flow = this.#probe(first + 31 - Math.clz32(left & -left), base, words);
      if (flow >= 0) return flow;
    }
    return -1;
  }

  /** Looks in one subtable; `base` is the hash of what all have in common. */
  #probe(slot: number, base: number, words: Int32Array): number {
    const { program, starts } = this.subtables;
    const start = starts[slot]!;
    let hash = ((base | 0) + program[start + 1]!) | 0;
    for (let at = start + 3, end = program[start + 2]!; at < end; at += 4) {
      const seed = program[at]!;
      const other = program[at + 2]!;
      const product = Math.imul((words[seed & 63]! & program[at + 1]!) ^ seed, 0x9e37_79b1);
      const second = Math.imul((words[other & 63]! & program[at + 3]!) ^ other, 0x9e37_79b1);
      hash = (hash + Math.imul(product ^ (product >>> 15), seed | 1)) | 0;
      hash = (hash + Math.imul(second ^ (second >>> 15), other | 1)) | 0;
    }
    this.#probes++;
    const flow = this.#search(slot, hash & this.hashBits, words);
    if (flow >= 0) this.subtables.hits[slot]!++;
    return flow;
  }

  #search(slot: number, hash: number, words: Int32Array): number {
    const { pairs, shift, wrap } = this.#table;
    for (let at = (hash >>> shift) << 1; ; at = (at + 2) & wrap) {
      const flow = pairs[at + 1]!;
      if (flow < 0) return -1;
      if (pairs[at] === hash && this.#holds(flow, slot, words)) return flow;
    }
  }

  #holds(flow: number, slot: number, words: Int32Array): boolean {
    const { records, keys, keyStride } = this.#store;
    const { lists, listStride } = this.subtables;
    const start = slot * listStride;
    let difference = records[(flow << 3) + 2]! ^ slot;
    let from = flow * keyStride;
    for (let at = start + 1, end = at + 2 * lists[start]!; at < end; at += 4) {
      difference |= (words[lists[at]!]! & lists[at + 1]!) ^ keys[from]!;
      difference |= (words[lists[at + 2]!]! & lists[at + 3]!) ^ keys[from + 1]!;
      from += 2;
    }
    return difference === 0;
  }
}
