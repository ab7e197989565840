/**
 * The naive classifier that others are held against: a list of rules with named fields and bigint values, searched from
 * one end to the other. It takes the schema's data, and not a line of the library's code.
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

/** A rule asks that all of these hold, each of the number that `width` bits from `offset` on are. */
interface Condition {
  readonly offset: number;
  readonly width: number;
  readonly holds: (value: bigint) => boolean;
}

/** Rules, and the first that matches a key. */
export class LinearOracle {
  readonly #fields: ReadonlyMap<string, Field>;
  #rules: OracleRule[] = [];
  #nextId = 0;

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
    return { id, replaced: twin?.id };
  }

  /** Takes a rule out. */
  remove(id: number): void {
    this.#rules = this.#rules.filter((rule) => rule.id !== id);
  }

  /** The ids of all rules, the oldest first. */
  ids(): number[] {
    return this.#rules.map(({ id }) => id);
  }

  /** The rule that a key gets, or `undefined` if none matches: the highest priority, of equals the one added first. */
  match(words: Int32Array): RuleSpec | undefined {
    let best: RuleSpec | undefined;
    for (const rule of this.#rules) {
      if (best !== undefined && rule.priority <= best.priority) continue;
      if (rule.conditions.every(({ offset, width, holds }) => holds(bitsOf(words, offset, width)))) best = rule;
    }
    return best;
  }

  /** The action of that rule. */
  classify(words: Int32Array): number | undefined {
    return this.match(words)?.action;
  }

  /** The bits of keys that any rule asks for, as a list of their positions; flipping another can change nothing. */
  askedBits(): number[] {
    const bits = new Set<number>();
    for (const { conditions } of this.#rules) {
      for (const { offset, width } of conditions) {
        for (let bit = offset; bit < offset + width; bit++) bits.add(bit);
      }
    }
    return [...bits];
  }

  #conditions({ fields }: RuleSpec): Condition[] {
    return Object.entries(fields).flatMap(([name, asked]) => {
      const { offset, width, implies = {} } = this.#fields.get(name)!;
      const holds =
        'lo' in asked
          ? (value: bigint) => value >= BigInt(asked.lo) && value <= BigInt(asked.hi)
          : (value: bigint) => (value & asked.mask) === asked.value;
      const implied = Object.entries(implies).map(([other, wanted]) => {
        const place = this.#fields.get(other)!;
        return { offset: place.offset, width: place.width, holds: (value: bigint) => value === BigInt(wanted) };
      });
      return [{ offset, width, holds }, ...implied];
    });
  }
}

/** The number that `width` bits of a key are, from bit `offset` on. */
function bitsOf(words: Int32Array, offset: number, width: number): bigint {
  let value = 0n;
  const last = (offset + width - 1) >> 5;
  for (let word = offset >> 5; word <= last; word++) value = value * 0x1_0000_0000n + BigInt(words[word]! >>> 0);
  return (value >> BigInt(31 - ((offset + width - 1) & 31))) & ((1n << BigInt(width)) - 1n);
}

function isSame(a: RuleSpec['fields'], b: RuleSpec['fields']): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => name in b && isSameSpec(a[name]!, b[name]!));
}

function isSameSpec(a: FieldSpec, b: FieldSpec): boolean {
  if ('lo' in a) return 'lo' in b && a.lo === b.lo && a.hi === b.hi;
  return !('lo' in b) && a.value === b.value && a.mask === b.mask;
}
