/**
 * A rule as lookups see it: one run of integers in an arena, so that looking at a rule touches one or two cache lines.
 *
 *     next  priority  seq  index  tuple  level  words  ranges | (word mask value)* | (word shift ones lo hi)*
 *
 * `words` and `ranges` are the lengths of the two lists, in integers. A record is named by its offset; 0 is none.
 */

/** The next record of its chain. */
export const NEXT = 0;
export const PRIORITY = 1;
/** Of rules with equal priority the one with the lower number wins: it was added first. */
export const SEQ = 2;
/** The rule's index. */
export const INDEX = 3;
/** Where the search that owns the record keeps it. */
export const TUPLE = 4;
export const LEVEL = 5;
export const WORDS = 6;
export const RANGES = 7;
export const RECORD_HEADER = 8;
export const WORD_STRIDE = 3;
export const RANGE_STRIDE = 5;

/** Whether the record `a` wins over `b`. */
export function beats(arena: Int32Array, a: number, b: number): boolean {
  const difference = arena[a + PRIORITY]! - arena[b + PRIORITY]!;
  return difference > 0 || (difference === 0 && arena[a + SEQ]! < arena[b + SEQ]!);
}

/** Whether a key matches a record. */
export function matchesRecord(arena: Int32Array, record: number, key: Int32Array): boolean {
  let at = record + 8;
  for (const end = at + arena[record + 6]!; at < end; at += 3) {
    if ((key[arena[at]!]! & arena[at + 1]!) !== arena[at + 2]!) return false;
  }
  for (const end = at + arena[record + 7]!; at < end; at += 5) {
    const value = (key[arena[at]!]! >>> arena[at + 1]!) & arena[at + 2]!;
    if (value < arena[at + 3]! || value > arena[at + 4]!) return false;
  }
  return true;
}

/**
 * The same, and adds to `mask` what proves it. If the key matches: all bits of the rule, and of each range the widest
 * aligned block around the value inside it. If not: the bits of one thing that differs, the one that adds the fewest;
 * nothing if the bits already there prove it. `proofs` is of {@link proofBits}.
 */
export function matchesRecordTracked(
  arena: Int32Array,
  record: number,
  key: Int32Array,
  mask: Int32Array,
  proofs: Int32Array,
): boolean {
  const start = record + 8;
  const wordsEnd = start + arena[record + 6]!;
  const end = wordsEnd + arena[record + 7]!;
  let cost = 33;
  let failedWord = 0;
  let failedBits = 0;
  for (let at = start; at < wordsEnd; at += 3) {
    const word = arena[at]!;
    const differing = (key[word]! & arena[at + 1]!) ^ arena[at + 2]!;
    if (differing === 0) continue;
    const known = mask[word]!;
    if ((differing & known) !== 0) return false;
    const bits = proofs[(word << 5) | Math.clz32(differing)]!;
    const added = countBits(bits & ~known);
    if (added < cost) {
      cost = added;
      failedWord = word;
      failedBits = bits;
    }
  }
  for (let at = wordsEnd; at < end; at += 5) {
    const word = arena[at]!;
    const shift = arena[at + 1]!;
    const ones = arena[at + 2]!;
    const value = (key[word]! >>> shift) & ones;
    const lo = arena[at + 3]!;
    const hi = arena[at + 4]!;
    if (value >= lo && value <= hi) continue;
    const bits = (ones & blockApart(value, value < lo ? lo : hi)) << shift;
    const added = countBits(bits & ~mask[word]!);
    if (added === 0) return false;
    if (added < cost) {
      cost = added;
      failedWord = word;
      failedBits = bits;
    }
  }
  if (cost < 33) {
    mask[failedWord]! |= failedBits;
    return false;
  }
  for (let at = start; at < wordsEnd; at += 3) mask[arena[at]!]! |= arena[at + 1]!;
  for (let at = wordsEnd; at < end; at += 5) {
    const shift = arena[at + 1]!;
    const ones = arena[at + 2]!;
    const value = (key[arena[at]!]! >>> shift) & ones;
    mask[arena[at]!]! |= blockInside(value, arena[at + 3]!, arena[at + 4]!, ones) << shift;
  }
  return true;
}

/** The mask of the widest aligned block of 2^n values around `value` that `other` is not in; the two differ. */
export function blockApart(value: number, other: number): number {
  return -0x8000_0000 >> Math.clz32(value ^ other);
}

/** The mask, within `ones`, of the widest aligned block of 2^n values around `value` inside `lo..hi`. */
export function blockInside(value: number, lo: number, hi: number, ones: number): number {
  const below = lo === 0 ? 0 : blockApart(value, lo - 1);
  const above = hi === ones ? 0 : blockApart(value, hi + 1);
  return (below | above) & ones;
}

/** Number of ones. */
export function countBits(word: number): number {
  let pairs = word - ((word >>> 1) & 0x5555_5555);
  pairs = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((pairs + (pairs >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}
