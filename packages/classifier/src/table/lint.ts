import { type Match, covers } from '../match/match.js';
import { writeField } from '../schema/field.js';
import type { PartitionedRules } from './partitioned-rules.js';
import { beats } from './rule-record.js';
import type { RuleStore } from './rule-store.js';

/** Something odd about a table that is not an error. */
export interface Diagnostic {
  /** `W_SHADOWED`: no packet can get the rule, because another one always wins. */
  readonly code: 'W_SHADOWED';
  /** Handle of the rule. */
  readonly id: number;
  /** Handle of the rule that wins. */
  readonly by: number;
}

/** The rules that one other rule hides, the highest priority first. Costs about a lookup per rule. */
export function findShadowed<A>(store: RuleStore<A>, rules: PartitionedRules): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const index of store.sorted()) {
    const { id, match } = store.rules[index]!;
    const record = store.recordOf(index);
    let by = 0;
    // Who hides the rule matches every key of it, so this one too.
    rules.forEachMatch(someKey(match), (other) => {
      const isFirst = by === 0 || beats(store.arena, other, by);
      if (isFirst && beats(store.arena, other, record) && covers(store.matchOf(other), match)) by = other;
    });
    if (by !== 0) diagnostics.push({ code: 'W_SHADOWED', id, by: store.ruleOf(by).id });
  }
  return diagnostics;
}

/** A key that matches. */
function someKey({ value, ranges }: Match): Int32Array {
  const key = value.slice();
  for (const { field, lo } of ranges) writeField(key, field, lo);
  return key;
}
