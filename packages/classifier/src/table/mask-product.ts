import type { Match } from '../match/match.js';
import { type Field, wordsOf } from '../schema/field.js';
import type { Schema } from '../schema/schema.js';
import { formatMatch } from '../text/format.js';

/** Rules that packets meet together, and how many masks a cache can come to hold for it. */
export interface MaskProduct {
  /** What of the table's partition fields they fix, as rule text. */
  readonly text: string;
  readonly rules: number;
  /** The fields in which they differ, and for each after how many of its bits it can be known that a packet fails. */
  readonly fields: readonly { readonly name: string; readonly lengths: number }[];
  /** The product of these: as many masks as a sender who knows the rules can cause, if nothing bounds them. */
  readonly product: number;
  /** Handle of the rule that brought the product to this height. */
  readonly id: number;
}

/** A rule as far as it matters here. */
export interface AskingRule {
  readonly id: number;
  readonly match: Match;
}

/** How a table's rules are looked at. */
export interface MaskProductOptions {
  readonly schema: Schema;
  /** Fields that keep rules apart. */
  readonly partitionBy: readonly string[];
  /** Fields that a cache looks at as a whole anyway. */
  readonly wholeFields: readonly string[];
}

/** What rules of one partition ask of one field. */
interface Asked {
  readonly field: Field;
  /** The bits of it that any of them looks at, word by word. */
  readonly bits: readonly number[];
  /** How all of them ask, or '' if they differ. */
  readonly how: string;
  /** How many ask. */
  readonly rules: number;
}

interface Group {
  readonly known: Int32Array;
  readonly value: Int32Array;
  readonly asked: Map<string, Asked>;
  rules: number;
  /** Of these, those that ask for any of the fields. */
  asking: number;
  /** The bits that they ask for, field by field, and the product: grows with what a rule adds to it. */
  weight: number;
  /** The last rule that added to it, and its place among all, the oldest first; -1 if none did. */
  id: number;
  place: number;
}

/**
 * The products of all sets of rules that packets meet together, the largest first; of sets with the same fields only the
 * largest. `rules` come oldest first. Costs their number, times the sets of partition fields in use.
 *
 * A packet that fails a rule depends on one of the rule's fields, up to the first bit that differs; one that fails several may
 * depend on a length of its own for each field. That is what an attack on tuple space search makes use of. A field of which
 * all rules ask the same does not count: a packet that fails there fails them all.
 */
export function maskProducts(rules: Iterable<AskingRule>, options: MaskProductOptions): MaskProduct[] {
  const groups = groupRules(rules, options);
  const kinds = new Map([...groups.values()].map(({ known }) => [known.join(), known]));
  const products = new Map<string, MaskProduct>();
  for (const group of groups.values()) {
    let together = group;
    for (const known of kinds.values()) {
      if (known === group.known || known.some((bits, word) => (bits & ~group.known[word]!) !== 0)) continue;
      // Packets of this group are also looked up among rules that fix less.
      const wider = groups.get(nameOf(known, group.value));
      if (wider !== undefined && wider !== group) together = joined(together, wider);
    }
    const product = describe(together, options.schema);
    const name = product.fields.map((field) => field.name).join();
    if (product.product > (products.get(name)?.product ?? 1)) products.set(name, product);
  }
  return [...products.values()].sort((a, b) => b.product - a.product);
}

function groupRules(rules: Iterable<AskingRule>, options: MaskProductOptions): Map<string, Group> {
  const { schema, partitionBy, wholeFields } = options;
  const keeping = partitionBy.map((name) => wordsOf(schema.field(name)));
  const skipped = new Set(wholeFields);
  const fields = schema.fields
    .filter(({ name, within }) => within === undefined && !skipped.has(name))
    .map((field) => ({ field, parts: wordsOf(field) }));
  const groups = new Map<string, Group>();
  let place = 0;
  for (const { id, match } of rules) {
    const known = new Int32Array(schema.words);
    for (const parts of keeping) {
      if (!parts.every(({ word, bits }) => (match.mask[word]! & bits) === bits)) continue;
      for (const { word, bits } of parts) known[word]! |= bits;
    }
    const name = nameOf(known, match.value);
    let group = groups.get(name);
    if (group === undefined) {
      const value = match.value.map((bits, word) => bits & known[word]!);
      group = { known, value, asked: new Map(), rules: 0, asking: 0, weight: 1, id, place: -1 };
      groups.set(name, group);
    }
    const asked = fields
      .map(({ field, parts }) => askedBy(match, field, parts, known))
      .filter(({ bits }) => bits.some((own) => own !== 0));
    for (const one of asked) addAsked(group.asked, one);
    group.rules++;
    if (asked.length > 0) group.asking++;
    const weight = [...group.asked.values()].reduce((sum, one) => sum + lengthsOf(one), productOf(group));
    if (weight > group.weight) Object.assign(group, { weight, id, place });
    place++;
  }
  return groups;
}

function askedBy(match: Match, field: Field, parts: ReturnType<typeof wordsOf>, known: Int32Array): Asked {
  const range = match.ranges.find((one) => (one.field.within ?? one.field.name) === field.name);
  const bits = parts.map(
    (part) => part.bits & (range === undefined ? match.mask[part.word]! & ~known[part.word]! : -1),
  );
  const values = parts.map(({ word }, i) => match.value[word]! & bits[i]!);
  return { field, bits, how: `${bits} ${values} ${range?.lo}-${range?.hi}`, rules: 1 };
}

function addAsked(asked: Map<string, Asked>, more: Asked): void {
  const before = asked.get(more.field.name);
  const sum = before && {
    field: more.field,
    bits: before.bits.map((bits, i) => bits | more.bits[i]!),
    how: before.how === more.how ? more.how : '',
    rules: before.rules + more.rules,
  };
  asked.set(more.field.name, sum ?? more);
}

/** A group with the rules that its packets meet besides. */
function joined(group: Group, wider: Group): Group {
  const asked = new Map(group.asked);
  for (const one of wider.asked.values()) addAsked(asked, one);
  const { id, place } = group.place > wider.place ? group : wider;
  return { ...group, asked, rules: group.rules + wider.rules, asking: group.asking + wider.asking, id, place };
}

function describe(group: Group, schema: Schema): MaskProduct {
  const { known, value, rules, id } = group;
  const fields = differing(group)
    .sort((a, b) => a.field.offset - b.field.offset)
    .map((one) => ({ name: one.field.name, lengths: lengthsOf(one) }));
  return {
    text: formatMatch({ value, mask: known, ranges: [] }, schema),
    rules,
    fields,
    product: productOf(group),
    id,
  };
}

/** What not all rules ask alike, of those that ask for anything, and can be failed after more than one number of bits. */
function differing({ asked, asking }: Group): Asked[] {
  return [...asked.values()].filter((one) => (one.how === '' || one.rules < asking) && lengthsOf(one) > 1);
}

function productOf(group: Group): number {
  return differing(group).reduce((product, asked) => product * lengthsOf(asked), 1);
}

/** After how many bits it can be known that a packet fails: each of those looked at, or only the last. */
function lengthsOf({ field, bits }: Asked): number {
  if (!field.maskable) return 1;
  let count = 0;
  for (const word of bits) for (let left = word; left !== 0; left &= left - 1) count++;
  return count;
}

function nameOf(known: Int32Array, value: Int32Array): string {
  return known.map((bits, word) => bits & value[word]!).join() + known.join();
}
