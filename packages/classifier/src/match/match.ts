import { type Field, readField } from '../schema/field.js';

/**
 * Which keys a rule matches: those with `key & mask === value` in every word, and every range. In canonical form: no bit of
 * `value` lies outside `mask`, a field with a range has no bit in `mask`, a range that a mask can say (one value, or an
 * aligned block of 2^n) is said by the mask, and ranges are in the order of their fields. So equal sets of keys have equal
 * matches.
 */
export interface Match {
  readonly value: Int32Array;
  readonly mask: Int32Array;
  /** Ranges of fields of at most 16 bits, at most one per field. A range is kept as a range, not cut into prefixes. */
  readonly ranges: readonly FieldRange[];
}

/** `lo <= field <= hi`. */
export interface FieldRange {
  readonly field: Field;
  readonly lo: number;
  readonly hi: number;
}

/** Whether the key `words[offset..]` matches. */
export function matchesKey(match: Match, words: Int32Array, offset = 0): boolean {
  const { value, mask, ranges } = match;
  for (let i = 0; i < mask.length; i++) if ((words[offset + i]! & mask[i]!) !== value[i]) return false;
  for (const { field, lo, hi } of ranges) {
    const at = offset + (field.offset >>> 5);
    const actual = (words[at]! >>> (-(field.offset + field.width) & 31)) & ((1 << field.width) - 1);
    if (actual < lo || actual > hi) return false;
  }
  return true;
}

/**
 * Whether some key matches both: they agree on every bit that both fix, and on every range. Ranges of two fields that share
 * bits, such as `vlan_tci` and `vlan_vid`, count as meeting.
 */
export function overlaps(a: Match, b: Match): boolean {
  for (let i = 0; i < a.mask.length; i++) {
    if (((a.value[i]! ^ b.value[i]!) & a.mask[i]! & b.mask[i]!) !== 0) return false;
  }
  return a.ranges.every((range) => rangeMeets(range, b)) && b.ranges.every((range) => rangeMeets(range, a));
}

/** Whether every key that matches `inner` matches `outer` too. */
export function covers(outer: Match, inner: Match): boolean {
  for (let i = 0; i < outer.mask.length; i++) {
    const mask = outer.mask[i]!;
    // Bits that only a range of `inner` pins are looked at below.
    if (((outer.value[i]! ^ inner.value[i]!) & mask & inner.mask[i]!) !== 0) return false;
    if ((mask & ~inner.mask[i]! & ~rangeBits(inner, i)) !== 0) return false;
  }
  return (
    inner.ranges.every((range) => maskHoldsRange(outer, range)) &&
    outer.ranges.every((range) => rangeHolds(range, inner))
  );
}

/** Whether both match the same keys. Both must be canonical, as `buildMatch` makes them. */
export function equalMatches(a: Match, b: Match): boolean {
  for (let i = 0; i < a.mask.length; i++) {
    if (a.mask[i] !== b.mask[i] || a.value[i] !== b.value[i]) return false;
  }
  return (
    a.ranges.length === b.ranges.length &&
    a.ranges.every(({ field, lo, hi }, i) => {
      const other = b.ranges[i]!;
      return field === other.field && lo === other.lo && hi === other.hi;
    })
  );
}

/** The lowest value from `from` on with `value & mask === fixed`, or -1; for fields of at most 16 bits. At most 16 steps. */
function firstFrom(from: number, fixed: number, mask: number, width: number): number {
  const all = 2 ** width - 1;
  if (from > all) return -1;
  // Either `from` itself fits, or some free or fixed bit above its first misfit must go from 0 to 1.
  if ((from & mask) === fixed) return from;
  const misfit = 31 - Math.clz32((from & mask) ^ fixed);
  if ((fixed & (1 << misfit)) !== 0)
    return (from & ~((2 << misfit) - 1)) | (1 << misfit) | (fixed & ((1 << misfit) - 1));
  for (let bit = misfit + 1; bit < width; bit++) {
    if ((mask & (1 << bit)) !== 0 || (from & (1 << bit)) !== 0) continue;
    return (((from >> bit) | 1) << bit) | (fixed & ((1 << bit) - 1));
  }
  return -1;
}

function rangeMeets({ field, lo, hi }: FieldRange, other: Match): boolean {
  const range = other.ranges.find((candidate) => candidate.field === field);
  if (range !== undefined) return lo <= range.hi && range.lo <= hi;
  const first = firstFrom(lo, readField(other.value, field), readField(other.mask, field), field.width);
  return first >= 0 && first <= hi;
}

/** Whether a range of `outer` holds every value that `inner` lets its field have. */
function rangeHolds({ field, lo, hi }: FieldRange, inner: Match): boolean {
  const range = inner.ranges.find((candidate) => candidate.field === field);
  if (range !== undefined) return lo <= range.lo && range.hi <= hi;
  const lowest = readField(inner.value, field);
  const highest = lowest | (~readField(inner.mask, field) & (2 ** field.width - 1));
  return lo <= lowest && highest <= hi;
}

/** Whether every value of a range agrees with the mask of `outer`. */
function maskHoldsRange(outer: Match, { field, lo, hi }: FieldRange): boolean {
  const mask = readField(outer.mask, field);
  // The bits that all values of a range share are those above the first bit in which its ends differ.
  const shared = (-1 << (32 - Math.clz32(lo ^ hi))) & (2 ** field.width - 1);
  return (mask & ~shared) === 0 && (lo & mask) === readField(outer.value, field);
}

function rangeBits(match: Match, word: number): number {
  let bits = 0;
  for (const { field } of match.ranges) {
    if (field.offset >>> 5 === word) bits |= ((1 << field.width) - 1) << (-(field.offset + field.width) & 31);
  }
  return bits;
}
