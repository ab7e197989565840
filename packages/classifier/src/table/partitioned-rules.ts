import type { Match } from '../match/match.js';
import { wordsOf } from '../schema/field.js';
import type { Partition } from './partition.js';
import { PartitionDirectory } from './partition-directory.js';
import { PRIORITY } from './rule-record.js';
import type { SpaceContext } from './rule-space.js';

/**
 * The rules of a table, kept apart by the partition fields that they fix as a whole: a directory for each set of such
 * fields that is in use, in it a partition for each set of their values. A lookup asks each directory once, so rules of
 * one tenant cost the others nothing, neither time nor mask bits.
 */
export class PartitionedRules {
  readonly #context: SpaceContext;
  /** The words of each partition field. */
  readonly #fields: readonly (readonly { readonly word: number; readonly bits: number }[])[];
  /** By the set of fields, as bits. */
  readonly #directories = new Map<number, PartitionDirectory>();
  /** Those with rules, the highest bound first. */
  #inUse: PartitionDirectory[] = [];

  /** No rules. */
  constructor(context: SpaceContext, partitionBy: readonly string[]) {
    this.#context = context;
    this.#fields = partitionBy.map((name) => wordsOf(context.schema.field(name)));
  }

  /** The record of the rule that a key gets, 0 if none. Does not allocate. */
  lookup(key: Int32Array): number {
    const { arena } = this.#context.store;
    let best = 0;
    for (let i = 0; i < this.#inUse.length; i++) {
      const directory = this.#inUse[i]!;
      if (best !== 0 && directory.bound < arena[best + PRIORITY]!) break;
      const partition = directory.find(key);
      if (partition !== undefined) best = partition.space.lookup(key, best);
    }
    return best;
  }

  /** The same; adds to `mask` the bits that decided. */
  lookupTracked(key: Int32Array, mask: Int32Array): number {
    const { arena } = this.#context.store;
    let best = 0;
    for (let i = 0; i < this.#inUse.length; i++) {
      const directory = this.#inUse[i]!;
      if (best !== 0 && directory.bound < arena[best + PRIORITY]!) break;
      directory.consult(mask);
      const partition = directory.find(key);
      if (partition !== undefined) best = partition.space.lookupTracked(key, best, mask);
    }
    return best;
  }

  /** The bits that a rule's directory knows; what its record leaves out. */
  knownOf(match: Match): Int32Array {
    return this.#directoryOf(match).known;
  }

  /** Takes a rule in. */
  insert(record: number, match: Match): void {
    this.#directoryOf(match).insert(record, match);
    this.#arrange();
  }

  /** Takes a rule out. */
  remove(record: number, match: Match): void {
    this.#directoryOf(match).remove(record, match);
    this.#arrange();
  }

  /** The record with that priority and an equal match, 0 if there is none. */
  find(priority: number, match: Match): number {
    return this.#directoryOf(match).find(match.value)?.space.find(priority, match) ?? 0;
  }

  /** Calls `visit` with each rule that a key matches, in no order. */
  forEachMatch(key: Int32Array, visit: (record: number) => void): void {
    for (const directory of this.#inUse) directory.find(key)?.space.forEachMatch(key, visit);
  }

  /** All partitions of all directories. */
  *partitions(): Iterable<Partition> {
    for (const directory of this.#inUse) yield* directory.partitions();
  }

  #directoryOf(match: Match): PartitionDirectory {
    let fields = 0;
    this.#fields.forEach((words, i) => {
      if (words.every(({ word, bits }) => (match.mask[word]! & bits) === bits)) fields |= 1 << i;
    });
    let directory = this.#directories.get(fields);
    if (directory === undefined) {
      const known = new Int32Array(this.#context.schema.words);
      this.#fields.forEach((words, i) => {
        if ((fields & (1 << i)) !== 0) for (const { word, bits } of words) known[word]! |= bits;
      });
      directory = new PartitionDirectory(this.#context, known);
      this.#directories.set(fields, directory);
    }
    return directory;
  }

  #arrange(): void {
    this.#inUse = [...this.#directories.values()].filter(({ size }) => size > 0).sort((a, b) => b.bound - a.bound);
  }
}
