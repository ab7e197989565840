import type { FieldRange, Match } from '../match/match.js';
import { type Field, maxOfWide, readField, readWideField, wordsOf, writeWideField } from '../schema/field.js';
import { FLOW_SCHEMA } from '../schema/flow-schema.js';
import type { Schema } from '../schema/schema.js';
import { allBits, formatConstraint } from './value.js';

/** A match as text that `parseMatch` reads back: `tcp,ip_dst=10.0.0.0/8,l4_dst=80..443`; empty if it matches everything. */
export function formatMatch(match: Match, schema: Schema = FLOW_SCHEMA): string {
  const left = Int32Array.from(match.mask);
  const parts = [...formatShorthand(schema, match, left), ...formatParts(schema, match, left, match.ranges)];
  return parts.join(',');
}

/** The fields of a key that are not zero, in the same form. */
export function formatFields(schema: Schema, words: Int32Array): string {
  const key = { value: words, mask: new Int32Array(schema.words).fill(-1), ranges: [] };
  const mask = new Int32Array(schema.words);
  for (const isPart of [true, false]) {
    for (const field of schema.fields) {
      if ((field.within !== undefined) !== isPart || (isPart && !isSaid(schema, key, field))) continue;
      const unsaid = readWideField(words, field) & ~readWideField(mask, field);
      const all = allBits(field, familyOf(schema, key, field));
      if (unsaid !== 0n) writeWideField(mask, field, (unsaid & ~all) === 0n ? all : maxOfWide(field));
    }
  }
  return formatMatch({ ...key, mask }, schema);
}

/** The longest word such as `tcp` that says a part of the match; takes that part out of `left`. */
function formatShorthand(schema: Schema, match: Match, left: Int32Array): string[] {
  for (const [word, fields] of Object.entries(schema.shorthands)) {
    const named = Object.entries(fields).map(([name, value]) => ({ field: schema.field(name), value }));
    if (!named.every(({ field, value }) => isExactly(match, field, value))) continue;
    for (const { field } of named) writeWideField(left, field, 0n);
    return [word];
  }
  return [];
}

function formatParts(schema: Schema, match: Match, left: Int32Array, ranges: readonly FieldRange[]): string[] {
  const parts: string[] = [];
  // Parts of fields first, those that imply others in front: they say more (`vlan_vid=5`). The whole takes what is left.
  const fields = [...schema.fields].sort((a, b) => a.offset - b.offset || a.width - b.width);
  const rank = ({ within, implies }: Field): number => (within === undefined ? 2 : implies === undefined ? 1 : 0);
  const texts = new Map<Field, string>();
  for (const field of [...fields].sort((a, b) => rank(a) - rank(b))) {
    const range = ranges.find((candidate) => candidate.field === field);
    if (range !== undefined) texts.set(field, `${field.name}=${range.lo}..${range.hi}`);
    const mask = readWideField(left, field);
    if (mask === 0n || (field.within !== undefined && !isSaid(schema, match, field))) continue;
    texts.set(
      field,
      `${field.name}=${formatConstraint(field, readWideField(match.value, field) & mask, mask, familyOf(schema, match, field))}`,
    );
    writeWideField(left, field, 0n);
    for (const name of Object.keys(field.implies ?? {})) writeWideField(left, schema.field(name), 0n);
  }
  for (const field of fields) if (texts.has(field)) parts.push(texts.get(field)!);
  return parts;
}

/** Whether a part of a field has its meaning in this match: what it requires and implies is there. */
function isSaid(schema: Schema, match: Match, field: Field): boolean {
  const { requires, implies = {} } = field;
  const isImplied = Object.entries(implies).every(([name, value]) => isExactly(match, schema.field(name), value));
  const isRequired =
    requires === undefined ||
    requires.some((set) =>
      Object.entries(set).every(([name, values]) =>
        values.some((value) => isExactly(match, schema.field(name), value)),
      ),
    );
  return isImplied && isRequired;
}

function isExactly({ value, mask }: Match, field: Field, wanted: number): boolean {
  return wordsOf(field).every(({ word, bits }) => (mask[word]! & bits) === bits) && readField(value, field) === wanted;
}

function familyOf(schema: Schema, match: Match, field: Field): 4 | 6 {
  if (field.width === 32) return 4;
  if (field.family === undefined) return 6;
  return isExactly(match, schema.field(field.family.field), field.family.ipv4) ? 4 : 6;
}
