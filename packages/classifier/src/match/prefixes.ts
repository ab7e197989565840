import { ClassifierError } from '../errors.js';
import { maxOfWide, writeWideField } from '../schema/field.js';
import type { Match } from './match.js';

/** All values whose first `length` bits are those of `value`; the other bits of `value` are zero. */
export interface Prefix {
  readonly value: number;
  readonly length: number;
}

/** Most matches that one match may become. */
export const EXPANSION_MAX = 1024;

/**
 * The fewest prefixes of `width` bits that together are exactly `lo..hi`, in ascending order: at most `2 * width - 2`.
 * `width` is 1..32. @throws ClassifierError E_RANGE_EMPTY, E_FIELD_WIDTH
 */
export function rangeToPrefixes(lo: number, hi: number, width: number): Prefix[] {
  const end = 2 ** width;
  for (const bound of [lo, hi]) {
    const isValue = Number.isInteger(bound) && bound >= 0 && bound < end;
    if (!isValue)
      throw new ClassifierError('E_FIELD_WIDTH', 'range', `must be an integer in 0..${end - 1}, got ${bound}`);
  }
  if (lo > hi) throw new ClassifierError('E_RANGE_EMPTY', 'range', `${lo} is above ${hi}`);
  const prefixes: Prefix[] = [];
  for (let from = lo; from <= hi;) {
    // The largest block that begins here and ends within the range: any other choice needs at least as many.
    let length = width;
    while (length > 0 && from % 2 ** (width - length + 1) === 0 && from + 2 ** (width - length + 1) - 1 <= hi) length--;
    prefixes.push({ value: from, length });
    from += 2 ** (width - length);
  }
  return prefixes;
}

/**
 * The disjoint matches without ranges that together are `match`: every combination of the prefixes of its ranges.
 * @throws ClassifierError E_RANGE_TOO_WIDE if they are more than `max`
 */
export function expandRanges(match: Match, max: number = EXPANSION_MAX): Match[] {
  const covers = match.ranges.map(({ field, lo, hi }) => ({ field, prefixes: rangeToPrefixes(lo, hi, field.width) }));
  const count = covers.reduce((product, { prefixes }) => product * prefixes.length, 1);
  if (count > max) {
    const names = covers.map(({ field }) => field.name).join();
    throw new ClassifierError(
      'E_RANGE_TOO_WIDE',
      names,
      `takes ${count} matches without ranges, at most ${max} are allowed`,
    );
  }
  let expanded: Match[] = [{ value: match.value, mask: match.mask, ranges: [] }];
  for (const { field, prefixes } of covers) {
    expanded = expanded.flatMap(({ value, mask }) =>
      prefixes.map((prefix) => {
        const next = { value: value.slice(), mask: mask.slice(), ranges: [] };
        const free = (1n << BigInt(field.width - prefix.length)) - 1n;
        writeWideField(next.value, field, BigInt(prefix.value));
        writeWideField(next.mask, field, maxOfWide(field) & ~free);
        return next;
      }),
    );
  }
  return expanded;
}
