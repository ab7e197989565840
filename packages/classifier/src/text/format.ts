import type { Match } from '../match/match.js';
import { type Field, maxOfWide, readField, readWideField, wordsOf, writeWideField } from '../schema/field.js';
import { FLOW_SCHEMA } from '../schema/flow-schema.js';
import type { Schema } from '../schema/schema.js';
import type { RuleInput } from '../table/rule.js';
import { DEFAULT_PRIORITY, type TextRule } from './parse.js';
import { allBits, formatConstraint } from './value.js';

/** A match as text that `parseMatch` reads back: `tcp,ip_dst=10.0.0.0/8,l4_dst=80..443`; empty if it matches everything. */
export function formatMatch(match: Match, schema: Schema = FLOW_SCHEMA): string {
  const left = Int32Array.from(match.mask);
  const parts = [...formatShorthand(schema, match, left), ...formatParts(schema, match, left)];
  return parts.join(',');
}

/** A rule as a line that `parseRule` reads back: `priority=100,tcp,l4_dst=443 actions=output:2`. */
export function formatRule(rule: RuleInput<string> & Partial<TextRule>, schema: Schema = FLOW_SCHEMA): string {
  const { priority = DEFAULT_PRIORITY, match, action, table = 0, cookie = 0n, idleTimeoutS, hardTimeoutS } = rule;
  const parts = [
    ...(cookie === 0n ? [] : [`cookie=0x${cookie.toString(16)}`]),
    ...(table === 0 ? [] : [`table=${table}`]),
    ...(idleTimeoutS === undefined ? [] : [`idle_timeout=${idleTimeoutS}`]),
    ...(hardTimeoutS === undefined ? [] : [`hard_timeout=${hardTimeoutS}`]),
    `priority=${priority}`,
  ];
  const text = formatMatch(match, schema);
  return `${[...parts, ...(text === '' ? [] : [text])].join(',')} actions=${action}`;
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

function formatParts(schema: Schema, match: Match, left: Int32Array): string[] {
  const texts = new Map<Field, string>();
  // Parts of fields first, those that imply others in front: they say more (`vlan_vid=5`).
  const fields = [...schema.fields].sort((a, b) => a.offset - b.offset || a.width - b.width);
  const rank = ({ within, implies }: Field): number => (within === undefined ? 2 : implies === undefined ? 1 : 0);
  for (const field of [...fields].sort((a, b) => rank(a) - rank(b))) {
    const range = match.ranges.find((candidate) => candidate.field === field);
    const mask = readWideField(left, field);
    if (range !== undefined) texts.set(field, `${range.lo}..${range.hi}`);
    else if (mask === 0n || (field.within !== undefined && !isBestSaidBy(schema, match, field))) continue;
    else {
      const value = readWideField(match.value, field) & mask;
      texts.set(field, formatConstraint(field, value, mask, familyOf(schema, match, field)));
      writeWideField(left, field, 0n);
    }
    for (const name of Object.keys(field.implies ?? {})) writeWideField(left, schema.field(name), 0n);
  }
  return fields.flatMap((field) => (texts.has(field) ? [`${field.name}=${texts.get(field)}`] : []));
}

/** Whether a part has its meaning in this match, and such parts say all that the match asks of the whole field. */
function isBestSaidBy(schema: Schema, match: Match, part: Field): boolean {
  if (!isSaid(schema, match, part)) return false;
  const rest = Int32Array.from(match.mask);
  for (const field of schema.fields) {
    if (field.within === part.within && isSaid(schema, match, field)) writeWideField(rest, field, 0n);
  }
  return readWideField(rest, schema.field(part.within!)) === 0n;
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
