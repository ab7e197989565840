import { wordsOf } from '../schema/field.js';
import type { Schema } from '../schema/schema.js';

/** Narrower fields tell too few entries apart. */
const MIN_WIDTH = 16;

/** Part of a field within one word: `words[word] << left` begins with its `width` bits. */
export interface Slice {
  readonly word: number;
  readonly left: number;
  readonly width: number;
}

/** A slice by which subtables are told apart, with the prefix lengths that their masks have there, ascending. */
export interface Dimension extends Slice {
  readonly lengths: readonly number[];
}

/** An entry taken to judge slices by: its mask and key, all words. */
export interface Sample {
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

/** Up to `count` slices that together tell most entries from most others. Greedy; costs slices * samples^2 per choice. */
export function chooseSlices(slices: readonly Slice[], samples: readonly Sample[], count: number): Slice[] {
  let pairs = samples.flatMap((packet) => samples.map((entry) => ({ packet, entry })));
  const chosen: Slice[] = [];
  while (chosen.length < count) {
    const left = slices.map((slice) => pairs.filter(({ packet, entry }) => !tellsApart(slice, packet, entry)));
    const best = left.reduce((least, { length }, i) => (length < left[least]!.length ? i : least), 0);
    if (left[best] === undefined || left[best].length === pairs.length) break;
    pairs = left[best];
    chosen.push(slices[best]!);
  }
  return chosen;
}

/** Whether the prefix of `entry` is surely not that of the packets that gave `packet`. */
function tellsApart(slice: Slice, packet: Sample, entry: Sample): boolean {
  const { word } = slice;
  const length = prefixLength(entry.mask, slice);
  const prefix = length === 0 ? 0 : (-1 << (32 - length)) >>> slice.left;
  return ((packet.key[word]! ^ entry.key[word]!) & packet.mask[word]! & prefix) !== 0;
}

function leadingOnes(bits: number): number {
  return Math.clz32(~bits);
}
