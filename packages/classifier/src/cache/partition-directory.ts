import { mix } from './mix.js';
import { PairTable } from './pair-table.js';
import { Partition, type PartitionContext } from './partition.js';

/** The partitions that have megaflows, found by the words of a key that say which one it belongs to. */
export class PartitionDirectory {
  /** Partitions by number; a number is used again when its partition has gone. */
  readonly partitions: (Partition | undefined)[] = [];
  size = 0;
  /** The bits of a key that say which partition it belongs to. */
  readonly given: Int32Array;
  readonly #context: PartitionContext;
  readonly #most: number;
  /** Word and bits of each word looked at. */
  readonly #given: Int32Array;
  readonly #table = new PairTable();
  readonly #free: number[] = [];
  /** The one found last: packets of a port often come together. */
  #latest = 0;
  /** Of partitions that have gone. */
  #earlierProbes = 0;

  /** At most `most` partitions. */
  constructor(context: PartitionContext, most: number) {
    this.#context = context;
    this.#most = most;
    this.given = context.given;
    this.#given = Int32Array.from([...context.given].flatMap((bits, word) => (bits === 0 ? [] : [word, bits])));
  }

  /** Octets held. */
  get memory(): number {
    return this.partitions.reduce((sum, partition) => sum + (partition?.memory ?? 0), this.#table.memory);
  }

  /** Subtables searched so far. */
  get probes(): number {
    return this.partitions.reduce((sum, partition) => sum + (partition?.probes ?? 0), this.#earlierProbes);
  }

  /** The number of the partition of a key, or -1. */
  indexOf(words: Int32Array): number {
    const latest = this.partitions[this.#latest];
    if (latest !== undefined && this.#isOf(latest, words)) return this.#latest;
    const { pairs, shift, wrap } = this.#table;
    const hash = this.hashOf(words);
    for (let at = (hash >>> shift) << 1; ; at = (at + 2) & wrap) {
      const index = pairs[at + 1]!;
      if (index < 0) return -1;
      if (pairs[at] === hash && this.#isOf(this.partitions[index]!, words)) {
        this.#latest = index;
        return index;
      }
    }
  }

  /** Makes a partition for a key that has none. Returns its number, or -1 if there are too many. */
  add(words: Int32Array): number {
    if (this.size === this.#most) return -1;
    const index = this.#free.pop() ?? this.partitions.length;
    this.partitions[index] = new Partition(
      words.map((value, word) => value & this.#context.given[word]!),
      this.#context,
    );
    this.size++;
    this.#table.add(this.hashOf(words), index);
    return index;
  }

  /** Takes out a partition without megaflows. */
  remove(index: number): void {
    this.#table.remove(this.hashOf(this.partitions[index]!.key), index);
    this.#earlierProbes += this.partitions[index]!.probes;
    this.partitions[index] = undefined;
    this.#free.push(index);
    this.size--;
  }

  /** Hash of the partition that a key belongs to, whether it is there or not. */
  hashOf(words: Int32Array): number {
    const given = this.#given;
    const { seeds, hashBits } = this.#context;
    let hash = 0;
    for (let i = 0; i < given.length; i += 2) {
      hash = (hash + mix(words[given[i]!]! & given[i + 1]!, seeds[given[i]!]!)) | 0;
    }
    return hash & hashBits;
  }

  #isOf({ key }: Partition, words: Int32Array): boolean {
    const given = this.#given;
    let difference = 0;
    for (let i = 0; i < given.length; i += 2) {
      difference |= (words[given[i]!]! & given[i + 1]!) ^ key[given[i]!]!;
    }
    return difference === 0;
  }
}
