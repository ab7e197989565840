import { wordsOf } from '../schema/field.js';
import type { Schema } from '../schema/schema.js';
import { formatMatch } from '../text/format.js';
import type { Partition } from './partition.js';
import type { PartitionDirectory } from './partition-directory.js';

/** A partition of a cache, and what its masks are made of. */
export interface PartitionDiagnosis {
  /** The fields that tell it from others, as rule text. */
  readonly text: string;
  readonly flows: number;
  readonly masks: number;
  /** Most masks first. */
  readonly combinations: readonly MaskCombination[];
}

/** Masks that look at the same fields, if at different bits of them. */
export interface MaskCombination {
  /** In the order of the schema, without those that tell the partition. */
  readonly fields: readonly string[];
  readonly masks: number;
  readonly flows: number;
}

/** The partitions with the most masks, at most `most`. Costs their number, and the masks of those that are told. */
export function diagnosePartitions(schema: Schema, directory: PartitionDirectory, most: number): PartitionDiagnosis[] {
  return directory.partitions
    .filter((partition) => partition !== undefined)
    .sort((a, b) => b.subtables.count - a.subtables.count)
    .slice(0, most)
    .map((partition) => ({
      text: formatMatch({ value: partition.key, mask: directory.given, ranges: [] }, schema),
      flows: partition.size,
      masks: partition.subtables.count,
      combinations: combinationsOf(schema, partition, directory.given),
    }));
}

function combinationsOf(schema: Schema, { subtables }: Partition, given: Int32Array): MaskCombination[] {
  const combinations = new Map<string, { fields: string[]; masks: number; flows: number }>();
  const fields = schema.fields
    .filter(({ within }) => within === undefined)
    .map((field) => ({ name: field.name, parts: wordsOf(field) }));
  for (const slot of subtables.ranked()) {
    const looksAt = (word: number, bits: number): boolean =>
      (subtables.masks[slot * schema.words + word]! & ~given[word]! & bits) !== 0;
    const names = fields
      .filter(({ parts }) => parts.some(({ word, bits }) => looksAt(word, bits)))
      .map(({ name }) => name);
    const combination = combinations.get(names.join()) ?? { fields: names, masks: 0, flows: 0 };
    combination.masks++;
    combination.flows += subtables.entries[slot]!;
    combinations.set(names.join(), combination);
  }
  return [...combinations.values()].sort((a, b) => b.masks - a.masks || b.flows - a.flows);
}
