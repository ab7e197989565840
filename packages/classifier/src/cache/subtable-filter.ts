import { type Dimension, prefixLength } from './dimension.js';
import type { Xorshift } from './xorshift.js';

/** No filter is larger than this, in 32-bit words: 4 MiB; and no level. */
const MAX_WORDS = 1 << 20;
const MAX_LEVEL_WORDS = 1 << 14;
const MIN_ROW_BITS = 8;

/**
 * Words of a plan: for each dimension its word, its shift and the number of its levels, an even one, and for each level three
 * more. A level too many leads to a row without bits.
 */
export const DIMENSION_WORDS = 3;
/** Words of a level in a plan: shift, multiplier, first row. */
export const LEVEL_WORDS = 3;

/** How a filter is to be built. */
export interface FilterShape {
  readonly dimensions: readonly Dimension[];
  /** Bits per row, in words of 32: one bit for each subtable. */
  readonly slotWords: number;
  /** See `rowBitsFor`. */
  readonly rowBits: number;
  readonly hashBits: number;
}

/**
 * Which subtables could have an entry for a key. For some fields (dimensions) and some prefix lengths (levels) there are
 * hashed rows with a bit per subtable: the bit is set if the subtable has an entry whose prefix leads to the row. A
 * subtable is a candidate if in every dimension some row of the key, or the set of those that do not care, has its bit.
 *
 * It may name a subtable in vain, never hide one: bits are set before an entry can be found and stay until the filter is
 * built anew.
 */
export class SubtableFilter {
  readonly shape: FilterShape;
  /** How to find the rows of a key, flat: see the constants above. */
  readonly plan: Int32Array;
  /** Bits of all rows. */
  readonly rows: Int32Array;
  /** For each dimension, the subtables that it does not tell anything about. */
  readonly always: Int32Array;
  /** Hashes are shifted right by this to give a row. */
  readonly rowShift: number;
  /** As in `shape`. */
  readonly slotWords: number;
  /** An empty filter; every entry must be registered before it is asked. */
  constructor(shape: FilterShape, random: Xorshift) {
    this.shape = shape;
    this.slotWords = shape.slotWords;
    const levels = shape.dimensions.reduce((sum, dimension) => sum + dimension.levels.length, 0);
    let { rowBits } = shape;
    while (rowBits > 1 && (levels * shape.slotWords) << rowBits > MAX_WORDS) rowBits--;
    this.rowShift = 32 - rowBits;
    this.rows = new Int32Array(((levels << rowBits) + 1) * shape.slotWords);
    this.always = new Int32Array(shape.dimensions.length * shape.slotWords);
    this.plan = this.#makePlan(rowBits, random);
  }

  /** Octets held: at most 4 MiB and a little. */
  get memory(): number {
    return 4 * (this.rows.length + this.always.length);
  }

  /** Notes an entry of subtable `slot` with that mask and key, all words of them. */
  register(slot: number, mask: Int32Array, key: Int32Array): void {
    let at = 0;
    this.shape.dimensions.forEach((dimension, d) => {
      at += DIMENSION_WORDS;
      const value = key[dimension.word]! << dimension.left;
      if (!this.#note(dimension, at, prefixLength(mask, dimension), value, slot)) {
        this.always[d * this.shape.slotWords + (slot >>> 5)]! |= 1 << (slot & 31);
      }
      at += LEVEL_WORDS * evenly(dimension.levels.length);
    });
  }

  /** Returns false if the prefix is too short for all levels. */
  #note({ levels, expansion }: Dimension, at: number, length: number, value: number, slot: number): boolean {
    if (length === 0) return false;
    let above = 0;
    while (above < levels.length && levels[above]! < length) above++;
    const level = levels[above];
    if (level !== undefined && level - length <= expansion) {
      const first = value & (-1 << (32 - length));
      for (let i = 0; i < 1 << (level - length); i++) {
        this.#set(at + LEVEL_WORDS * above, first | (i << (32 - level)), slot);
      }
      return true;
    }
    if (above === 0) return false;
    this.#set(at + LEVEL_WORDS * (above - 1), value, slot);
    return true;
  }

  #set(level: number, value: number, slot: number): void {
    const { plan } = this;
    const hash = Math.imul(value >> plan[level]!, plan[level + 1]!) & this.shape.hashBits;
    const row = plan[level + 2]! + (hash >>> this.rowShift);
    this.rows[row * this.shape.slotWords + (slot >>> 5)]! |= 1 << (slot & 31);
  }

  #makePlan(rowBits: number, random: Xorshift): Int32Array {
    const plan: number[] = [];
    const emptyRow = this.rows.length / this.shape.slotWords - 1;
    let firstRow = 0;
    for (const { word, left, levels } of this.shape.dimensions) {
      plan.push(word, left, evenly(levels.length));
      for (const level of levels) {
        plan.push(32 - level, random.next() | 1, firstRow);
        firstRow += 1 << rowBits;
      }
      if (levels.length % 2 === 1) plan.push(0, 0, emptyRow);
    }
    return Int32Array.from(plan);
  }
}

/** Bits of a row's number so that about one row in sixteen of a level has the bit of a subtable of average size. */
export function rowBitsFor(flows: number, subtables: number, slotWords: number): number {
  const wanted = 36 - Math.clz32(Math.ceil(flows / subtables));
  return Math.max(MIN_ROW_BITS, Math.min(wanted, 31 - Math.clz32(MAX_LEVEL_WORDS / slotWords)));
}

function evenly(levels: number): number {
  return levels + (levels & 1);
}
