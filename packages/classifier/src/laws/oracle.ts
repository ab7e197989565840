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

/** A rule asks that all of these hold, each for the `width` bits from `offset` on. */
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
    this.#rules.sort((a, b) => b.priority - a.priority || a.id - b.id);
    return { id, replaced: twin?.id };
  }

  /** Takes a rule out. */
  remove(id: number): void {
    this.#rules = this.#rules.filter((rule) => rule.id !== id);
  }

  /** The ids of all rules, the oldest first. */
  ids(): number[] {
    return this.#rules.map(({ id }) => id).sort((a, b) => a - b);
  }

  /** The rule that a key gets, or `undefined` if none matches: the highest priority, of equals the one added first. */
  match(words: Int32Array): RuleSpec | undefined {
    return this.#rules.find(({ conditions }) => conditions.every(({ holds }) => holds(words)));
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
      const field = this.#fields.get(name)!;
      const implied = Object.entries(field.implies ?? {}).map(([other, wanted]) => {
        const { width } = this.#fields.get(other)!;
        return conditionOf(this.#fields.get(other)!, { value: BigInt(wanted), mask: (1n << BigInt(width)) - 1n });
      });
      return [conditionOf(field, asked), ...implied];
    });
  }
}

function conditionOf({ offset, width }: Field, asked: FieldSpec): Condition {
  if ('lo' in asked) {
    const [lo, hi] = [BigInt(asked.lo), BigInt(asked.hi)];
    return {
      offset,
      width,
      holds: (words) => {
        const value = bitsOf(words, offset, width);
        return value >= lo && value <= hi;
      },
    };
  }
  const { value, mask } = asked;
  return { offset, width, holds: (words) => (bitsOf(words, offset, width) & mask) === value };
}

/** The number that `width` bits of a key are, from bit `offset` on. */
function bitsOf(words: Int32Array, offset: number, width: number): bigint {
  const [first, last] = [offset >> 5, (offset + width - 1) >> 5];
  const below = 31 - ((offset + width - 1) & 31);
  // A field within one word is cut out with plain numbers, because bigints take long.
  if (first === last) return BigInt(Math.floor((words[first]! >>> 0) / 2 ** below) % 2 ** width);
  let value = 0n;
  for (let word = first; word <= last; word++) value = value * 0x1_0000_0000n + BigInt(words[word]! >>> 0);
  return (value >> BigInt(below)) & ((1n << BigInt(width)) - 1n);
}

function isSame(a: RuleSpec['fields'], b: RuleSpec['fields']): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => name in b && isSameSpec(a[name]!, b[name]!));
}

function isSameSpec(a: FieldSpec, b: FieldSpec): boolean {
  if ('lo' in a) return 'lo' in b && a.lo === b.lo && a.hi === b.hi;
  return !('lo' in b) && a.value === b.value && a.mask === b.mask;
}
