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
  /** The words that `known` has bits in, and the bits of each. */
  readonly #words: Int32Array;
  readonly #bits: Int32Array;
  readonly #regions = new HashRegions();
  readonly #region = new Int32Array(REGION_LENGTH);
  /** By the index that the region has, plus one; partitions whose hashes are equal form a list. */
  readonly #partitions: (Partition | undefined)[] = [];
  readonly #next: number[] = [];
  readonly #free: number[] = [];
  /** The one found last: packets of a tenant often come together. */
  #latest: Partition | undefined;

  /** No partitions yet. `known` are the bits of the fields. */
  constructor(context: SpaceContext, known: Int32Array) {
    this.#context = context;
    this.known = known;
    this.#words = Int32Array.from([...known.keys()].filter((word) => known[word] !== 0));
    this.#bits = this.#words.map((word) => known[word]!);
    this.#regions.create(this.#region, 0);
  }

  /** The partition that a key or the value of a match belongs to, if there is one. Does not allocate. */
  find(words: Int32Array): Partition | undefined {
    const latest = this.#latest;
    return latest !== undefined && this.#isOf(latest, words) ? latest : this.#search(words);
  }

  /** Adds the partition fields to a mask. */
  consult(mask: Int32Array): void {
    for (let i = 0; i < this.#words.length; i++) mask[this.#words[i]!]! |= this.#bits[i]!;
  }

  /** Takes a rule in. */
  insert(record: number, match: Match): void {
    (this.find(match.value) ?? this.#create(match.value)).insert(record, match);
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

  #search(words: Int32Array): Partition | undefined {
    let hash = this.#context.seed;
    for (let i = 0; i < this.#words.length; i++) hash = mixed(hash, words[this.#words[i]!]! & this.#bits[i]!);
    const { slots } = this.#regions;
    const wanted = hash & this.#context.hashBits;
    const offset = this.#region[OFFSET]!;
    const mask = this.#region[MASK]!;
    let index = wanted >>> Math.clz32(mask);
    while (slots[offset + 2 * index + 1] !== 0 && slots[offset + 2 * index] !== wanted) index = (index + 1) & mask;
    for (let at = slots[offset + 2 * index + 1]!; at !== 0; at = this.#next[at - 1]!) {
      const partition = this.#partitions[at - 1]!;
      if (this.#isOf(partition, words)) return (this.#latest = partition);
    }
    return undefined;
  }

  /** Makes the partition of a key that `find` did not find. */
  #create(words: Int32Array): Partition {
    const index = this.#free.pop() ?? this.#partitions.length;
    const values = this.#words.map((word, i) => words[word]! & this.#bits[i]!);
    const partition = new Partition(this.#context, this.known, values);
    const hash = this.#hashOf(partition);
    this.#partitions[index] = partition;
    this.#next[index] = this.#regions.get(this.#region, 0, hash);
    this.#regions.set(this.#region, 0, hash, index + 1);
    return partition;
  }

  #destroy(partition: Partition): void {
    if (this.#latest === partition) this.#latest = undefined;
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

  #isOf({ values }: Partition, words: Int32Array): boolean {
    let difference = 0;
    for (let i = 0; i < values.length; i++) difference |= (words[this.#words[i]!]! & this.#bits[i]!) ^ values[i]!;
    return difference === 0;
  }
}
