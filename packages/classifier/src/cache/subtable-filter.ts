import { type Dimension, prefixLength } from './dimension.js';
import type { Xorshift } from './xorshift.js';

/** No filter is larger than this, in 32-bit words: 4 MiB; and no level. */
const MAX_WORDS = 1 << 20;
const MAX_LEVEL_WORDS = 1 << 14;
const MIN_ROW_BITS = 8;

/** Words of a plan: for each dimension its word, its shift and the number of its levels, and for each level three more. */
const DIMENSION_WORDS = 3;
/** Words of a level in a plan: shift, multiplier, first row. */
const LEVEL_WORDS = 3;
/**
 * The high bits of multipliers are those of the golden ratio, which spreads prefixes that follow each other evenly over the
 * rows; the low ones are random.
 */
const GOLDEN = 0x9e37_0001;
const RANDOM_BITS = 0xfffe;

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
  readonly hashBits: number;

  /** An empty filter; every entry must be registered before it is asked. */
  constructor(shape: FilterShape, random: Xorshift) {
    this.shape = shape;
    this.slotWords = shape.slotWords;
    this.hashBits = shape.hashBits;
    const levels = shape.dimensions.reduce((sum, dimension) => sum + dimension.levels.length, 0);
    let { rowBits } = shape;
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

  /**
   * Writes into `candidates` which of the subtables whose bits are set in `live` could have an entry for a key. All that came
   * after the filter was made are candidates.
   */
  select(words: Int32Array, live: Int32Array, candidates: Int32Array): void {
    const { slotWords } = this;
    if (slotWords === 1) candidates[0] = live[0]! & this.#selectFew(words);
    else for (let word = 0; word < slotWords; word += 4) this.#selectMany(words, word, live, candidates);
    for (let word = slotWords; word < live.length; word++) candidates[word] = live[word]!;
  }

  /** With rows of one word. Levels go by two, for each step costs as much as one. */
  #selectFew(words: Int32Array): number {
    const { plan, rows, always, rowShift, hashBits } = this;
    let candidates = -1;
    for (let at = 0, d = 0; at < plan.length; d++) {
      const value = words[plan[at]!]! << plan[at + 1]!;
      const end = at + 3 + 3 * plan[at + 2]!;
      let union = always[d]!;
      for (at += 3; at + 3 < end; at += 6) {
        const hash = Math.imul(value >> plan[at]!, plan[at + 1]!) & hashBits;
        const next = Math.imul(value >> plan[at + 3]!, plan[at + 4]!) & hashBits;
        union |= rows[plan[at + 2]! + (hash >>> rowShift)]! | rows[plan[at + 5]! + (next >>> rowShift)]!;
      }
      if (at < end) {
        const hash = Math.imul(value >> plan[at]!, plan[at + 1]!) & hashBits;
        union |= rows[plan[at + 2]! + (hash >>> rowShift)]!;
        at += 3;
      }
      candidates &= union;
    }
    return candidates;
  }

  /** Four words of the rows, from `word` on. */
  #selectMany(words: Int32Array, word: number, live: Int32Array, candidates: Int32Array): void {
    const { plan, rows, always, rowShift, hashBits, slotWords } = this;
    let a = live[word]!;
    let b = live[word + 1]!;
    let c = live[word + 2]!;
    let d = live[word + 3]!;
    for (let at = 0, first = word; at < plan.length; first += slotWords) {
      const value = words[plan[at]!]! << plan[at + 1]!;
      const end = at + 3 + 3 * plan[at + 2]!;
      let ua = always[first]!;
      let ub = always[first + 1]!;
      let uc = always[first + 2]!;
      let ud = always[first + 3]!;
      for (at += 3; at < end; at += 3) {
        const hash = Math.imul(value >> plan[at]!, plan[at + 1]!) & hashBits;
        const row = (plan[at + 2]! + (hash >>> rowShift)) * slotWords + word;
        ua |= rows[row]!;
        ub |= rows[row + 1]!;
        uc |= rows[row + 2]!;
        ud |= rows[row + 3]!;
      }
      a &= ua;
      b &= ub;
      c &= uc;
      d &= ud;
    }
    candidates[word] = a;
    candidates[word + 1] = b;
    candidates[word + 2] = c;
    candidates[word + 3] = d;
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
      at += LEVEL_WORDS * dimension.levels.length;
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
    let firstRow = 0;
    for (const { word, left, levels } of this.shape.dimensions) {
      plan.push(word, left, levels.length);
      for (const level of levels) {
        plan.push(32 - level, GOLDEN | (random.next() & RANDOM_BITS), firstRow);
        firstRow += 1 << rowBits;
      }
    }
    return Int32Array.from(plan);
  }
}

/** Bits of a row's number so that about one row in sixty-four of a level has the bit of a subtable of average size. */
export function rowBitsFor(flows: number, subtables: number, slotWords: number): number {
  const wanted = 38 - Math.clz32(Math.ceil(flows / subtables));
  return Math.max(MIN_ROW_BITS, Math.min(wanted, 31 - Math.clz32(MAX_LEVEL_WORDS / slotWords)));
}
