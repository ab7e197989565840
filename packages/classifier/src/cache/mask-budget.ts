import { wordsOf } from '../schema/field.js';
import type { Schema } from '../schema/schema.js';
import { type Subtables, countBits } from './subtables.js';

/** A field as runs of bits within words, in order. */
interface FieldBits {
  /** Whether parts of it are worth keeping apart: prefixes of addresses. */
  readonly isAddress: boolean;
  readonly runs: readonly { readonly word: number; readonly bits: number; readonly width: number }[];
  readonly width: number;
}

/**
 * Keeps the masks of a partition few, by widening: a mask with more bits is right wherever one with fewer was. The first
 * half of the budget takes masks as they come. Then prefixes are rounded up to multiples of 4 bits, in the last quarter of 8,
 * and other fields count whole; or a mask that is there already and has the bits is used, if it adds fewer. When all is
 * spent, it is such a mask, or one of all fields anyone has looked at, for which a place is kept free.
 *
 * Rounding must begin before the budget is spent: a rounded mask that is not there yet would need a place of its own, and
 * one that is there would have been found without rounding.
 */
export class MaskBudget {
  readonly #maxMasks: number;
  readonly #fields: readonly FieldBits[];
  readonly #rounded: Int32Array;

  /** At most `maxMasks` masks per partition, at least 1. */
  constructor(maxMasks: number, schema: Schema) {
    this.#maxMasks = maxMasks;
    this.#rounded = new Int32Array(schema.words);
    this.#fields = schema.fields
      .filter(({ within }) => within === undefined)
      .map((field) => ({
        isAddress: field.format === 'ip' || field.format === 'mac',
        runs: wordsOf(field).map(({ word, bits }) => ({ word, bits, width: countOnes(bits) })),
        width: field.width,
      }));
  }

  /** The slot for `mask` or a wider one; -1 if only the mask of all fields will do, see `widest`. */
  fit(subtables: Subtables, widestSlot: number, mask: Int32Array): number {
    const same = subtables.find(mask);
    if (same >= 0) return same;
    const places = this.#maxMasks - 1;
    const used = subtables.count - (widestSlot < 0 ? 0 : 1);
    if (2 * used < places) return subtables.add(mask);
    const wider = subtables.narrowestAround(mask);
    if (used >= places) return wider;
    this.#round(mask, 4 * used < 3 * places ? 4 : 8);
    const rounded = subtables.find(this.#rounded);
    if (rounded >= 0) return rounded;
    const isNarrower = wider >= 0 && subtables.bitCounts[wider]! <= countBits(this.#rounded);
    return isNarrower ? wider : subtables.add(this.#rounded);
  }

  /** Makes `consulted` the mask of all fields that it has bits of. */
  widen(consulted: Int32Array): void {
    for (const { runs } of this.#fields) {
      if (!runs.some(({ word, bits }) => (consulted[word]! & bits) !== 0)) continue;
      for (const { word, bits } of runs) consulted[word]! |= bits;
    }
  }

  #round(mask: Int32Array, step: number): void {
    this.#rounded.set(mask);
    for (const { isAddress, runs, width } of this.#fields) {
      let length = lengthOf(mask, runs);
      if (length === 0) continue;
      length = isAddress ? Math.min(width, Math.ceil(length / step) * step) : width;
      for (const run of runs) {
        const taken = Math.min(length, run.width);
        // The first `taken` bits of the run.
        if (taken > 0) this.#rounded[run.word]! |= run.bits & ((-1 << (32 - taken)) >>> Math.clz32(run.bits));
        length -= taken;
      }
    }
  }
}

/** Bits of a field up to the last that the mask has, 0 if it has none. */
function lengthOf(mask: Int32Array, runs: FieldBits['runs']): number {
  let length = 0;
  let before = 0;
  for (const { word, bits, width } of runs) {
    const own = mask[word]! & bits;
    if (own !== 0) length = before + 32 - Math.clz32(bits) - trailingZeros(own);
    before += width;
  }
  return length;
}

function countOnes(word: number): number {
  let count = 0;
  for (let bits = word; bits !== 0; bits &= bits - 1) count++;
  return count;
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
