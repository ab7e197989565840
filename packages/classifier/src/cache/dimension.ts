import { wordsOf } from '../schema/field.js';
import type { Schema } from '../schema/schema.js';

/** Narrower fields tell too few entries apart. */
const MIN_WIDTH = 16;
const MAX_DIMENSIONS = 3;
/** Lengths that are all noted if there are no more. */
const FEW_LENGTHS = 8;
/** Levels to choose from: few are fast, many tell more. */
const LEVELS: readonly (readonly number[])[] = [
  [12],
  [16],
  [24],
  [32],
  [8, 16],
  [12, 24],
  [16, 24],
  [16, 32],
  [4, 8, 12, 16],
  [8, 16, 24, 32],
  [4, 8, 12, 16, 20, 24, 28, 32],
];
const EXPANSIONS = [0, 4] as const;
/** What looking at a dimension and at a level of it costs, about, in nanoseconds. */
const DIMENSION_COST = 3;
const LEVEL_COST = 3;
/** Of rows of more than one word. */
const WIDE_LEVEL_COST = 6;
/** Of a subtable searched in vain: the search, and that the end of it was guessed wrong. */
const PROBE_COST = 30;

/** Part of a field within one word: `words[word] << left` begins with its `width` bits. */
export interface Slice {
  readonly word: number;
  readonly left: number;
  readonly width: number;
}

/** A slice by which subtables are told apart, and how. */
export interface Dimension extends Slice {
  /** Prefix lengths that are noted, ascending. */
  readonly levels: readonly number[];
  /**
   * How far up a prefix of another length is moved, in bits, by noting all prefixes of the next level that it covers: exact,
   * with more to note. Further from the next level it is cut to the level below, which is coarser.
   */
  readonly expansion: number;
}

/** An entry or a packet to judge by: its subtable, the size of that, and its mask and key. */
export interface Sample {
  readonly slot: number;
  readonly entries: number;
  readonly mask: Int32Array;
  readonly key: Int32Array;
}

/** Slices worth considering: those of addresses, ports, networks. */
export function listSlices(schema: Schema): readonly Slice[] {
  return schema.fields
    .filter((field) => field.within === undefined)
    .flatMap(wordsOf)
    .map(({ word, bits }) => ({ word, left: Math.clz32(bits), width: leadingOnes(bits << Math.clz32(bits)) }))
    .filter(({ width }) => width >= MIN_WIDTH);
}

/** Length of the prefix that a mask has in a slice: 0..width. */
export function prefixLength(mask: Int32Array, { word, left, width }: Slice): number {
  return Math.min(width, leadingOnes(mask[word]! << left));
}

/**
 * Dimensions by which few subtables would be searched in vain for packets like `packets`, if they are worth their cost.
 * `entries` are one of each subtable, or of some; `subtables` is the number of all; `lengthsOf` gives the prefix lengths in
 * use in a slice, ascending, without 0. Greedy; costs packets times entries for each way to use a slice.
 */
export function chooseDimensions(
  slices: readonly Slice[],
  samples: { readonly packets: readonly Sample[]; readonly entries: readonly Sample[]; readonly subtables: number },
  lengthsOf: (slice: Slice) => readonly number[],
  rows: number,
): Dimension[] {
  const { packets, entries, subtables } = samples;
  const choices = slices
    .flatMap((slice) => listChoices(slice, lengthsOf(slice)))
    .map((dimension) => ({ dimension, vain: entries.map((entry) => chanceInVain(dimension, entry, packets, rows)) }));
  const chosen: Dimension[] = [];
  let left: readonly number[] = entries.map(() => 1);
  const costOf = (vain: readonly number[]) =>
    (PROBE_COST * subtables * vain.reduce((sum, chance) => sum + chance, 0)) / entries.length;
  const levelCost = subtables > 32 ? WIDE_LEVEL_COST : LEVEL_COST;
  let cost = costOf(left);
  while (chosen.length < MAX_DIMENSIONS) {
    const costs = choices.map(({ dimension, vain }) =>
      // Of the same bits no more can be learned.
      chosen.some((other) => other.word === dimension.word && other.left === dimension.left)
        ? Infinity
        : DIMENSION_COST + levelCost * dimension.levels.length + costOf(vain.map((c, i) => c * left[i]!)),
    );
    const best = costs.indexOf(Math.min(...costs));
    if (best < 0 || costs[best]! >= cost) break;
    const { dimension, vain } = choices[best]!;
    chosen.push(dimension);
    left = left.map((chance, i) => chance * vain[i]!);
    cost = costOf(left);
  }
  return chosen;
}

/** Ways to use a slice: all its lengths if they are few, or some, rounding to these down or up. */
function listChoices(slice: Slice, lengths: readonly number[]): Dimension[] {
  if (lengths.length === 0) return [];
  const exact = lengths.length <= FEW_LENGTHS ? [{ ...slice, levels: lengths, expansion: 0 }] : [];
  const rounded = LEVELS.filter((levels) => levels.at(-1)! <= slice.width);
  return [...exact, ...rounded.flatMap((levels) => EXPANSIONS.map((expansion) => ({ ...slice, levels, expansion })))];
}

/** The chance that the subtable of `entry` is a candidate for a packet of another subtable. */
function chanceInVain(dimension: Dimension, entry: Sample, packets: readonly Sample[], rows: number): number {
  const { word, left, levels, expansion } = dimension;
  const length = prefixLength(entry.mask, dimension);
  const above = levels.find((level) => level >= length);
  const isExact = length > 0 && above !== undefined && above - length <= expansion;
  const noted = isExact ? length : (levels.filter((level) => level <= length).at(-1) ?? 0);
  if (noted === 0) return 1;
  const prefix = (-1 << (32 - noted)) >>> left;
  let sum = 0;
  let count = 0;
  for (const packet of packets) {
    if (packet.slot === entry.slot) continue;
    count++;
    const known = packet.mask[word]! & prefix;
    // Bits of the packet that its megaflow does not tell are as good as random.
    if (((packet.key[word]! ^ entry.key[word]!) & known) === 0) sum += 2 ** -countOnes(prefix & ~known);
  }
  const chance = sum === 0 ? 2 ** -noted : sum / count;
  const collision = isExact ? 2 ** (above - length) / rows : 1 / rows;
  return 1 - (1 - Math.min(1, chance + collision)) ** entry.entries;
}

function leadingOnes(bits: number): number {
  return Math.clz32(~bits);
}

function countOnes(word: number): number {
  let count = 0;
  for (let bits = word; bits !== 0; bits &= bits - 1) count++;
  return count;
}
