/**
 * The naive classifier that others are held against: a list of rules with named fields and bigint values, searched from
 * one end to the other. It takes the schema's data, and not a line of the library's code.
 *
 * What a rule asks is cut into words of 32 bits when the rule is added: comparing bigints packet by packet took as long as
 * all the rest of a law, and test runners make every access to a global, `BigInt` too, several times as slow.
 */
import type { Field } from '../schema/field.js';
import type { Schema } from '../schema/schema.js';

/** What a rule asks of one field: bits under a mask, or a range with both ends included. */
export type FieldSpec =
  { readonly value: bigint; readonly mask: bigint } | { readonly lo: number; readonly hi: number };

/** A rule in the terms of people: also what `buildMatch` takes, so that both sides start from the same words. */
export interface RuleSpec {
  /** 0..65535. */
  readonly priority: number;
  readonly fields: Readonly<Record<string, FieldSpec>>;
  /** What a packet that matches gets. */
  readonly action: number;
}

interface OracleRule extends RuleSpec {
  readonly id: number;
  readonly conditions: readonly Condition[];
}

/** A rule asks that all of these hold, each for the `width` bits from `offset` on. Compiled once per rule, to plain numbers. */
interface Condition {
  readonly offset: number;
  readonly width: number;
  readonly holds: (words: Int32Array) => boolean;
}

/** Rules, and the first that matches a key. */
export class LinearOracle {
  readonly #fields: ReadonlyMap<string, Field>;
  /** In the order in which they are tried. */
  #rules: OracleRule[] = [];
  #nextId = 0;
  /** What `askedBits` found, until the rules change. */
  #asked: readonly number[] | undefined;

  /** An oracle without rules. */
  constructor(schema: Schema) {
    this.#fields = new Map(schema.fields.map((field) => [field.name, field]));
  }

  /** Number of rules. */
  get size(): number {
    return this.#rules.length;
  }

  /**
   * Adds a rule behind those of its priority; one with the same priority and the same fields goes away first. Returns its
   * id, and that of the rule that it replaced.
   */
  add(spec: RuleSpec): { readonly id: number; readonly replaced: number | undefined } {
    const twin = this.#rules.find((rule) => rule.priority === spec.priority && isSame(rule.fields, spec.fields));
    if (twin !== undefined) this.remove(twin.id);
    const id = this.#nextId++;
    this.#rules.push({ ...spec, id, conditions: this.#conditions(spec) });
    this.#asked = undefined;
    this.#rules.sort((a, b) => b.priority - a.priority || a.id - b.id);
    return { id, replaced: twin?.id };
  }

  /** Takes a rule out. */
  remove(id: number): void {
    this.#asked = undefined;
    this.#rules = this.#rules.filter((rule) => rule.id !== id);
  }

  /** The ids of all rules, the oldest first. */
  ids(): number[] {
    return this.#rules.map(({ id }) => id).sort((a, b) => a - b);
  }

  /** The rule that a key gets, or `undefined` if none matches: the highest priority, of equals the one added first. */
  match(words: Int32Array): RuleSpec | undefined {
    for (const rule of this.#rules) if (isMet(rule.conditions, words)) return rule;
    return undefined;
  }

  /** The action of that rule. */
  classify(words: Int32Array): number | undefined {
    return this.match(words)?.action;
  }

  /** The bits of keys that any rule asks for, as a list of their positions; flipping another can change nothing. */
  askedBits(): readonly number[] {
    return (this.#asked ??= positionsIn(this.#rules.flatMap(({ conditions }) => conditions)));
  }

  #conditions({ fields }: RuleSpec): Condition[] {
    return Object.entries(fields).flatMap(([name, asked]) => {
      const field = this.#fields.get(name)!;
      const implied = Object.entries(field.implies ?? {}).map(([other, wanted]) => {
        const { width } = this.#fields.get(other)!;
        return conditionOf(this.#fields.get(other)!, { value: BigInt(wanted), mask: (1n << BigInt(width)) - 1n });
      });
      return [conditionOf(field, asked), ...implied];
    });
  }
}

function isMet(conditions: readonly Condition[], words: Int32Array): boolean {
  for (const { holds } of conditions) if (!holds(words)) return false;
  return true;
}

function positionsIn(conditions: readonly Condition[]): number[] {
  const bits = new Set<number>();
  for (const { offset, width } of conditions) for (let bit = offset; bit < offset + width; bit++) bits.add(bit);
  return [...bits];
}

function conditionOf({ offset, width }: Field, asked: FieldSpec): Condition {
  if ('lo' in asked) {
    const { lo, hi } = asked;
    return {
      offset,
      width,
      holds: (words) => {
        const value = numberOf(words, offset, width);
        return value >= lo && value <= hi;
      },
    };
  }
  const last = (offset + width - 1) >> 5;
  const below = BigInt(31 - ((offset + width - 1) & 31));
  /** The 32 bits that fall into a word when a number stands where the field does. */
  const cut = (number: bigint, word: number): number =>
    Number(BigInt.asIntN(32, (number << below) >> BigInt(32 * (last - word))));
  const parts = Array.from({ length: last - (offset >> 5) + 1 }, (_, i) => last - i)
    .map((word) => ({ word, mask: cut(asked.mask, word), value: cut(asked.value, word) }))
    .filter(({ mask, value }) => mask !== 0 || value !== 0);
  const [first, ...others] = parts;
  if (first === undefined) return { offset, width, holds: () => true };
  const { word, mask, value } = first;
  if (others.length === 0) return { offset, width, holds: (words) => (words[word]! & mask) === value };
  return { offset, width, holds: (words) => parts.every((part) => (words[part.word]! & part.mask) === part.value) };
}

/** The number that `width` bits of a key are, from bit `offset` on; exact up to 53 bits, and ranges have 16 at most. */
function numberOf(words: Int32Array, offset: number, width: number): number {
  let number = 0;
  for (let bit = offset, end = offset + width; bit < end;) {
    const next = bit < (end & ~31) ? (bit | 31) + 1 : end;
    const part = (words[bit >> 5]! << (bit & 31)) >>> (32 - (next - bit));
    number = number * 2 ** (next - bit) + part;
    bit = next;
  }
  return number;
}

function isSame(a: RuleSpec['fields'], b: RuleSpec['fields']): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => name in b && isSameSpec(a[name]!, b[name]!));
}

function isSameSpec(a: FieldSpec, b: FieldSpec): boolean {
  if ('lo' in a) return 'lo' in b && a.lo === b.lo && a.hi === b.hi;
  return !('lo' in b) && a.value === b.value && a.mask === b.mask;
}
