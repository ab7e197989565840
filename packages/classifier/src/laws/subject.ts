import type { KeyFields, RuleChange } from '../arbitraries.js';
import { FlowKey } from '../key/flow-key.js';
import type { FlowMask } from '../key/flow-mask.js';
import { buildMatch } from '../match/build.js';
import { writeWideField } from '../schema/field.js';
import type { Schema } from '../schema/schema.js';
import type { RuleInput } from '../table/rule.js';
import { LinearOracle, type RuleSpec } from './oracle.js';

/** Something that holds rules: yours, seen through four methods. Actions are small integers. */
export interface RulesUnderTest {
  /**
   * Adds a rule behind those of its priority. A rule with the same priority and an equal match goes away first, as if
   * removed. Returns a handle.
   */
  add(rule: RuleInput<number>): number;
  /** Takes out the rule with that handle. */
  remove(handle: number): void;
}

/** A table of rules. */
export interface TableUnderTest extends RulesUnderTest {
  /** The action of the rule that a key gets. */
  lookup(key: FlowKey): number | undefined;
  /** The same; adds to `mask` the bits of the key that the answer depends on. */
  lookupTracked(key: FlowKey, mask: FlowMask): number | undefined;
}

/** A table behind caches. */
export interface ClassifierUnderTest extends RulesUnderTest {
  /** The action for a key, from a cache if that has it. */
  classify(key: FlowKey, nowMs: number): number | undefined;
  /** Lets time pass: ages entries, checks them. */
  maintain(nowMs: number): void;
}

/** Rules under test and the oracle, changed in step. */
export class Pair<Subject extends RulesUnderTest> {
  readonly subject: Subject;
  readonly oracle: LinearOracle;
  readonly #schema: Schema;
  readonly #handles = new Map<number, number>();

  /** Both without rules. */
  constructor(subject: Subject, schema: Schema) {
    this.subject = subject;
    this.oracle = new LinearOracle(schema);
    this.#schema = schema;
  }

  /** Makes one change on both sides. */
  apply(change: RuleChange): void {
    if (change.kind === 'add') this.add(change.rule);
    else this.removeNth(change.nth);
  }

  /** Adds a rule on both sides. */
  add(rule: RuleSpec): void {
    const handle = this.subject.add({
      priority: rule.priority,
      match: buildMatch(rule.fields, this.#schema),
      action: rule.action,
    });
    const { id, replaced } = this.oracle.add(rule);
    if (replaced !== undefined) this.#handles.delete(replaced);
    this.#handles.set(id, handle);
  }

  /** Removes a rule on both sides. */
  removeNth(nth: number): void {
    const ids = this.oracle.ids();
    const id = ids[nth % ids.length];
    if (id === undefined) return;
    this.oracle.remove(id);
    this.subject.remove(this.#handles.get(id)!);
    this.#handles.delete(id);
  }
}

/** A key of these fields. */
export function keyOf(fields: KeyFields, schema: Schema): FlowKey {
  const key = new FlowKey(schema);
  for (const [name, value] of Object.entries(fields)) writeWideField(key.words, schema.field(name), value);
  return key;
}
