import type { Match } from '../match/match.js';
import { HashRegions, MASK, OFFSET, REGION_LENGTH } from './hash-regions.js';
import { Partition } from './partition.js';
import { PRIORITY } from './rule-record.js';
import type { SpaceContext } from './rule-space.js';
import { mixed } from './tuple-chains.js';

/** The partitions of the rules that fix the same of a table's partition fields, by the values that they fix them to. */
export class PartitionDirectory {
  /** The bits of these fields, and nothing else. */
  readonly known: Int32Array;
  /** No rule here has a higher priority. */
  bound = -1;
  /** Number of rules. */
  size = 0;
  readonly #context: SpaceContext;
  readonly #words: Int32Array;
  readonly #regions = new HashRegions();
  readonly #region = new Int32Array(REGION_LENGTH);
  /** By the index that the region has, plus one; partitions whose hashes are equal form a list. */
  readonly #partitions: (Partition | undefined)[] = [];
  readonly #next: number[] = [];
  readonly #free: number[] = [];
  /** Values of a key or match, for `#find`. */
  readonly #values: Int32Array;
  /** The one found last, or one without rules: packets of a tenant often come together. */
  #latest: Partition;

  /** No partitions yet. `known` are the bits of the fields. */
  constructor(context: SpaceContext, known: Int32Array) {
    this.#context = context;
    this.known = known;
    this.#words = Int32Array.from([...known.keys()].filter((word) => known[word] !== 0));
    this.#values = new Int32Array(this.#words.length);
    this.#latest = new Partition(context, known, this.#values.slice());
    this.#regions.create(this.#region, 0);
  }

  /** The partition that a key or the value of a match belongs to, if there is one. Does not allocate. */
  find(words: Int32Array): Partition | undefined {
    const { known } = this;
    const fixed = this.#words;
    const latest = this.#latest;
    let difference = 0;
    for (let i = 0; i < fixed.length; i++) {
      const value = words[fixed[i]!]! & known[fixed[i]!]!;
      this.#values[i] = value;
      difference |= value ^ latest.values[i]!;
    }
    if (difference === 0 && latest.space.size > 0) return latest;
    let hash = this.#context.seed;
    for (let i = 0; i < fixed.length; i++) hash = mixed(hash, this.#values[i]!);
    const { slots } = this.#regions;
    const wanted = hash & this.#context.hashBits;
    const offset = this.#region[OFFSET]!;
    const mask = this.#region[MASK]!;
    let index = wanted >>> Math.clz32(mask);
    while (slots[offset + 2 * index + 1] !== 0 && slots[offset + 2 * index] !== wanted) index = (index + 1) & mask;
    for (let at = slots[offset + 2 * index + 1]!; at !== 0; at = this.#next[at - 1]!) {
      const partition = this.#partitions[at - 1]!;
      if (this.#hasValues(partition)) return (this.#latest = partition);
    }
    return undefined;
  }

  /** Adds the partition fields to a mask. */
  consult(mask: Int32Array): void {
    const fixed = this.#words;
    for (let i = 0; i < fixed.length; i++) mask[fixed[i]!]! |= this.known[fixed[i]!]!;
  }

  /** Takes a rule in. */
  insert(record: number, match: Match): void {
    (this.find(match.value) ?? this.#create()).insert(record, match);
    this.bound = Math.max(this.bound, this.#context.store.arena[record + PRIORITY]!);
    this.size++;
  }

  /** Takes a rule out. */
  remove(record: number, match: Match): void {
    const partition = this.find(match.value)!;
    partition.remove(record, match);
    if (partition.space.size === 0) this.#destroy(partition);
    if (--this.size === 0) this.bound = -1;
  }

  /** All partitions. */
  *partitions(): Iterable<Partition> {
    for (const partition of this.#partitions) if (partition !== undefined) yield partition;
  }

  /** Makes the partition of the values that `find` did not find. */
  #create(): Partition {
    const index = this.#free.pop() ?? this.#partitions.length;
    const partition = new Partition(this.#context, this.known, this.#values.slice());
    const hash = this.#hashOf(partition);
    this.#partitions[index] = partition;
    this.#next[index] = this.#regions.get(this.#region, 0, hash);
    this.#regions.set(this.#region, 0, hash, index + 1);
    return partition;
  }

  #destroy(partition: Partition): void {
    const index = this.#partitions.indexOf(partition);
    const hash = this.#hashOf(partition);
    const first = this.#regions.get(this.#region, 0, hash);
    this.#partitions[index] = undefined;
    this.#free.push(index);
    if (first !== index + 1) {
      let before = first - 1;
      while (this.#next[before] !== index + 1) before = this.#next[before]! - 1;
      this.#next[before] = this.#next[index]!;
    } else if (this.#next[index] === 0) this.#regions.delete(this.#region, 0, hash);
    else this.#regions.set(this.#region, 0, hash, this.#next[index]!);
  }

  #hashOf({ values }: Partition): number {
    return values.reduce(mixed, this.#context.seed) & this.#context.hashBits;
  }

  #hasValues({ values }: Partition): boolean {
    for (let i = 0; i < values.length; i++) if (values[i] !== this.#values[i]) return false;
    return true;
  }
}
