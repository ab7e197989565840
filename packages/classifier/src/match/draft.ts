import { ClassifierError } from '../errors.js';
import { type Field, maxOfWide, readField, readWideField, writeWideField, wordsOf } from '../schema/field.js';
import type { Schema } from '../schema/schema.js';
import { type FieldConstraint, allBits, parseConstraint, valueOfOctets } from '../text/value.js';
import type { FieldRange, Match } from './match.js';

/**
 * What a rule asks of one field: a number or bigint, octets (addresses), text as in rules (`10.0.0.0/8`, `80..443`), a
 * value under a mask, or a range with both ends included (`[80, 443]` or `{ lo, hi }`).
 */
export type FieldInput =
  | number
  | bigint
  | string
  | Uint8Array
  | readonly [lo: number, hi: number]
  | { readonly value: number | bigint; readonly mask: number | bigint }
  | { readonly lo: number; readonly hi: number };

/** Fields that ranges may be given for have at most so many bits. */
export const RANGE_WIDTH_MAX = 16;

/** A match in the making: takes fields one by one, checks each, and the whole at the end. */
export class MatchDraft {
  readonly schema: Schema;
  readonly value: Int32Array;
  readonly mask: Int32Array;
  readonly ranges: FieldRange[] = [];
  /** Bits that were given as such, not implied. */
  readonly #given: Int32Array;
  readonly #fields: Field[] = [];
  readonly #families = new Map<Field, 4 | 6>();

  /** A match of everything. */
  constructor(schema: Schema) {
    this.schema = schema;
    this.value = new Int32Array(schema.words);
    this.mask = new Int32Array(schema.words);
    this.#given = new Int32Array(schema.words);
  }

  /** Adds what is asked of a field. @throws ClassifierError */
  set(name: string, input: FieldInput): void {
    this.add(this.schema.field(name), constraintOf(this.schema.field(name), input));
  }

  /** Adds what is asked of a field. @throws ClassifierError */
  add(field: Field, constraint: FieldConstraint): void {
    const { value, mask, range, family } = constraint;
    checkConstraint(field, constraint);
    this.#claim(field, range === undefined ? mask : maxOfWide(field));
    this.#fields.push(field);
    if (family !== undefined) this.#families.set(field, family);
    if (range !== undefined) this.#addRange(field, range.lo, range.hi);
    else this.#fix(field, value, mask);
  }

  /** Whether something was asked of a field itself. */
  hasField(field: Field): boolean {
    return this.#fields.includes(field);
  }

  /** The family in which the address of a field was written, if that could be told. */
  familyOf(field: Field): 4 | 6 | undefined {
    return this.#families.get(field);
  }

  /** A field that was not given one value, but several. */
  fieldOfManyValues(): Field | undefined {
    return this.#fields.find((field) => {
      const all = allBits(field, this.#families.get(field));
      return (readWideField(this.mask, field) & all) !== all;
    });
  }

  /** The match, in canonical form. @throws ClassifierError E_PREREQ */
  finish(): Match {
    for (const field of this.#fields) this.#imply(field);
    for (const field of this.#fields) this.#checkPrerequisites(field);
    this.ranges.sort((a, b) => a.field.offset - b.field.offset);
    return { value: this.value, mask: this.mask, ranges: this.ranges };
  }

  /** Notes bits as given. @throws ClassifierError E_DUP_FIELD */
  #claim(field: Field, mask: bigint): void {
    const claimed = readWideField(this.#given, field);
    if (this.#fields.includes(field) || (claimed & mask) !== 0n) {
      const other = this.#fields.find((earlier) => earlier !== field && sharesBits(earlier, field));
      const how = other === undefined ? 'given twice' : `given already, by ${other.name}`;
      throw new ClassifierError('E_DUP_FIELD', field.name, how);
    }
    writeWideField(this.#given, field, claimed | mask);
  }

  #addRange(field: Field, lo: number, hi: number): void {
    const differing = lo ^ hi;
    const isBlock = (lo & differing) === 0 && (differing & (differing + 1)) === 0;
    if (!isBlock) this.ranges.push({ field, lo, hi });
    else this.#fix(field, BigInt(lo), maxOfWide(field) & ~BigInt(differing));
  }

  #fix(field: Field, value: bigint, mask: bigint): void {
    const outside = readWideField(this.value, field) & ~mask;
    writeWideField(this.value, field, outside | value);
    writeWideField(this.mask, field, readWideField(this.mask, field) | mask);
  }

  #imply(field: Field): void {
    for (const [name, implied] of Object.entries(field.implies ?? {})) {
      const other = this.schema.field(name);
      const isFixed = readWideField(this.mask, other) === maxOfWide(other);
      if (isFixed && readField(this.value, other) !== implied) throw prerequisite(field, `${name}=${implied}`);
      this.#fix(other, BigInt(implied), maxOfWide(other));
    }
  }

  #checkPrerequisites(field: Field): void {
    const { requires } = field;
    const met = requires?.find((set) => Object.entries(set).every(([name, values]) => this.#has(name, values)));
    if (requires !== undefined && met === undefined) throw prerequisite(field, requires.map(describe).join(', or '));
    for (const name of Object.keys(met ?? {})) this.#checkPrerequisites(this.schema.field(name));
    this.#checkFamily(field);
  }

  /** An address must be of the family that the match asks for: as it is written, or by the bits that it has. */
  #checkFamily(field: Field): void {
    const wanted = this.#wantedFamily(field);
    const isWide = readWideField(this.mask, field) >> 32n !== 0n;
    const written = this.#families.get(field) ?? (isWide ? 6 : 0);
    if (wanted === 4 && written === 6) throw prerequisite(field, `an IPv4 address, as ${field.family?.field} says`);
    if (wanted === 6 && written === 4) throw prerequisite(field, 'an IPv6 address');
  }

  /** The family of an address field, as other fields say; 0 for other fields. */
  #wantedFamily(field: Field): 0 | 4 | 6 {
    if (field.format !== 'ip') return 0;
    if (field.width === 32) return 4;
    if (field.family === undefined) return 6;
    return readField(this.value, this.schema.field(field.family.field)) === field.family.ipv4 ? 4 : 6;
  }

  #has(name: string, values: readonly number[]): boolean {
    const field = this.schema.field(name);
    const isFixed = readWideField(this.mask, field) === maxOfWide(field);
    return isFixed && values.includes(readField(this.value, field));
  }
}

/** The words of a key from a draft. @throws ClassifierError E_PREREQ, or E_BAD_TEXT if a field is not one value */
export function finishValue(draft: MatchDraft): Int32Array {
  const { value } = draft.finish();
  const loose = draft.fieldOfManyValues();
  if (loose !== undefined)
    throw new ClassifierError('E_BAD_TEXT', loose.name, 'in a key it has one value: no mask, no range');
  return value;
}

function constraintOf(field: Field, input: FieldInput): FieldConstraint {
  if (typeof input === 'string') return parseConstraint(field, input);
  if (input instanceof Uint8Array) {
    if (field.width % 8 !== 0) throw new ClassifierError('E_FIELD_WIDTH', field.name, 'takes a number, not octets');
    const family = field.format === 'ip' ? { family: input.length === 4 ? (4 as const) : (6 as const) } : {};
    const isWhole = input.length * 8 === field.width || (field.family !== undefined && input.length === 4);
    if (!isWhole)
      throw new ClassifierError('E_FIELD_WIDTH', field.name, `has ${field.width / 8} octets, got ${input.length}`);
    return { value: valueOfOctets(input), mask: allBits(field, family.family), ...family };
  }
  if (typeof input === 'number' || typeof input === 'bigint') {
    // A plain number is an IPv4 address, as everywhere; a bigint is an address of 128 bits.
    const family = field.family !== undefined && typeof input === 'number' ? { family: 4 as const } : {};
    return { value: bigintOf(field, input), mask: allBits(field, family.family), ...family };
  }
  if ('value' in input) return { value: bigintOf(field, input.value), mask: bigintOf(field, input.mask) };
  const [lo, hi] = 'lo' in input ? [input.lo, input.hi] : input;
  return { value: 0n, mask: 0n, range: { lo, hi } };
}

function bigintOf(field: Field, value: number | bigint): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw tooWide(field, value);
  return BigInt(value);
}

function checkConstraint(field: Field, { value, mask, range, family }: FieldConstraint): void {
  const max = maxOfWide(field);
  if (range !== undefined) {
    const { lo, hi } = range;
    if (field.width > RANGE_WIDTH_MAX) {
      throw new ClassifierError(
        'E_RANGE_TOO_WIDE',
        field.name,
        `ranges need a field of at most ${RANGE_WIDTH_MAX} bits`,
      );
    }
    for (const end of [lo, hi]) if (!Number.isInteger(end) || end < 0 || end > max) throw tooWide(field, end);
    if (lo > hi) throw new ClassifierError('E_RANGE_EMPTY', field.name, `${lo} is above ${hi}`);
    if (!field.maskable && lo !== hi) throw exactOnly(field);
    return;
  }
  const all = allBits(field, family);
  for (const bits of [value, mask]) if (bits < 0n || bits > all) throw tooWide(field, bits, all);
  if ((value & ~mask) !== 0n) {
    const bits = `0x${(value & ~mask).toString(16)}`;
    throw new ClassifierError('E_VALUE_OUTSIDE_MASK', field.name, `the value has bits ${bits} that the mask has not`);
  }
  if (!field.maskable && mask !== 0n && mask !== all) throw exactOnly(field);
}

function sharesBits(a: Field, b: Field): boolean {
  return wordsOf(a).some(({ word, bits }) =>
    wordsOf(b).some((other) => other.word === word && (other.bits & bits) !== 0),
  );
}

function describe(set: Readonly<Record<string, readonly number[]>>): string {
  return Object.entries(set)
    .map(
      ([name, values]) =>
        `${name}=${values.map((value) => (name === 'eth_type' ? `0x${value.toString(16)}` : value)).join(' or ')}`,
    )
    .join(' with ');
}

function prerequisite(field: Field, needed: string): ClassifierError {
  return new ClassifierError('E_PREREQ', field.name, `needs ${needed}`);
}

function exactOnly(field: Field): ClassifierError {
  return new ClassifierError('E_NOT_MASKABLE', field.name, 'takes one value: no mask, no range');
}

function tooWide(field: Field, value: number | bigint, max: bigint = maxOfWide(field)): ClassifierError {
  return new ClassifierError('E_FIELD_WIDTH', field.name, `must be an integer in 0..${max}, got ${value}`);
}
