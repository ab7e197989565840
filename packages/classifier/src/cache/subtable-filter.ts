import { type Dimension, prefixLength } from './dimension.js';
import type { Xorshift } from './xorshift.js';

/** Lengths looked at per dimension, and rows per length. */
const MAX_LEVELS = 4;
/** A prefix is expanded to at most 128 rows. */
const MAX_EXPANSION_BITS = 7;
const MIN_ROW_BITS = 8;
const MAX_ROW_BITS = 12;
/** No filter is larger than this, in 32-bit words: 4 MiB. */
const MAX_WORDS = 1 << 20;

/** Words of a plan: for each dimension its word, its shift and the number of its levels, and for each level three more. */
export const DIMENSION_WORDS = 3;
/** Words of a level in a plan: shift, multiplier, first row. */
export const LEVEL_WORDS = 3;

/** How a filter is to be built. */
export interface FilterShape {
  readonly dimensions: readonly Dimension[];
  /** Bits per row, in words of 32: one bit for each subtable. */
  readonly slotWords: number;
  /** About how many megaflows it is for. */
  readonly flows: number;
  /** `truncate` notes a prefix at the level below, `expand` all it covers at the level above: exact, with more to note. */
  readonly rounding: 'truncate' | 'expand';
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
  readonly #levels: readonly (readonly number[])[];

  /** An empty filter; every entry must be registered before it is asked. */
  constructor(shape: FilterShape, random: Xorshift) {
    this.shape = shape;
    this.#levels = shape.dimensions.map(chooseLevels);
    const levels = this.#levels.reduce((sum, { length }) => sum + length, 0);
    let rowBits = Math.min(MAX_ROW_BITS, Math.max(MIN_ROW_BITS, 33 - Math.clz32(shape.flows)));
    while (rowBits > 1 && (levels * shape.slotWords) << rowBits > MAX_WORDS) rowBits--;
    this.rowShift = 32 - rowBits;
    this.rows = new Int32Array((levels * shape.slotWords) << rowBits);
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
    for (let d = 0; d < this.#levels.length; d++) {
      const dimension = this.shape.dimensions[d]!;
      at += DIMENSION_WORDS;
      this.#registerIn(d, at, prefixLength(mask, dimension), key[dimension.word]! << dimension.left, slot);
      at += LEVEL_WORDS * this.#levels[d]!.length;
    }
  }

  #registerIn(d: number, at: number, length: number, value: number, slot: number): void {
    const levels = this.#levels[d]!;
    let above = 0;
    while (above < levels.length && levels[above]! < length) above++;
    const level = levels[above] ?? 0;
    const isNotedAbove = level - length <= (this.shape.rounding === 'expand' ? MAX_EXPANSION_BITS : 0);
    if (length > 0 && level > 0 && isNotedAbove) {
      const first = value & (-1 << (32 - length));
      for (let i = 0; i < 1 << (level - length); i++) {
        this.#set(at + LEVEL_WORDS * above, first | (i << (32 - level)), slot);
      }
    } else if (above > 0) {
      this.#set(at + LEVEL_WORDS * (above - 1), value, slot);
    } else {
      this.always[d * this.shape.slotWords + (slot >>> 5)]! |= 1 << (slot & 31);
    }
  }

  #set(level: number, value: number, slot: number): void {
    const { plan } = this;
    const hash = Math.imul(value >> plan[level]!, plan[level + 1]!) & this.shape.hashBits;
    const row = plan[level + 2]! + (hash >>> this.rowShift);
    this.rows[row * this.shape.slotWords + (slot >>> 5)]! |= 1 << (slot & 31);
  }

  #makePlan(rowBits: number, random: Xorshift): Int32Array {
    const plan: number[] = [];
    let firstRow = 0;
    this.shape.dimensions.forEach(({ word, left }, d) => {
      plan.push(word, left, this.#levels[d]!.length);
      for (const level of this.#levels[d]!) {
        plan.push(32 - level, random.next() | 1, firstRow);
        firstRow += 1 << rowBits;
      }
    });
    return Int32Array.from(plan);
  }
}

/** The lengths in use if they are few, else every quarter. */
function chooseLevels({ lengths, width }: Dimension): readonly number[] {
  if (lengths.length <= MAX_LEVELS) return lengths;
  const step = Math.ceil(width / MAX_LEVELS);
  return Array.from({ length: MAX_LEVELS }, (_, i) => Math.min(width, (i + 1) * step));
}
