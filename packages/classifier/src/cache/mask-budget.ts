import { wordsOf } from '../schema/field.js';
import type { Schema } from '../schema/schema.js';
import { type Subtables, countBits } from './subtables.js';

/** The bits of a field within one word. */
interface FieldRun {
  readonly word: number;
  readonly bits: number;
  readonly width: number;
  /** Whether parts of the field are worth keeping apart: prefixes of addresses. */
  readonly isAddress: boolean;
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
  readonly #runs: readonly FieldRun[];
  readonly #rounded: Int32Array;

  /** At most `maxMasks` masks per partition, at least 1. */
  constructor(maxMasks: number, schema: Schema) {
    this.#maxMasks = maxMasks;
    this.#rounded = new Int32Array(schema.words);
    this.#runs = schema.fields
      .filter(({ within }) => within === undefined)
      .flatMap((field) => {
        const isAddress = field.format === 'ip' || field.format === 'mac';
        return wordsOf(field).map(({ word, bits }) => ({ word, bits, width: countOnes(bits), isAddress }));
      });
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

  /**
   * Makes `consulted` the mask of all fields that it has bits of, but for their words that it has none of: an IPv4 address is
   * the last of four words, and the others would cost every search and every microflow time.
   */
  widen(consulted: Int32Array): void {
    for (const { word, bits } of this.#runs) if ((consulted[word]! & bits) !== 0) consulted[word]! |= bits;
  }

  /** Words are 32 bits, so rounding each for itself is rounding the prefix. */
  #round(mask: Int32Array, step: number): void {
    this.#rounded.set(mask);
    for (const { word, bits, width, isAddress } of this.#runs) {
      const own = mask[word]! & bits;
      if (own === 0) continue;
      const length = 32 - Math.clz32(bits) - trailingZeros(own);
      const taken = isAddress ? Math.min(width, Math.ceil(length / step) * step) : width;
      // The first `taken` bits of the run.
      this.#rounded[word]! |= bits & ((-1 << (32 - taken)) >>> Math.clz32(bits));
    }
  }
}

function countOnes(word: number): number {
  let count = 0;
  for (let bits = word; bits !== 0; bits &= bits - 1) count++;
  return count;
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}
