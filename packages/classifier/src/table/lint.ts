import { type Match, covers } from '../match/match.js';
import { writeField } from '../schema/field.js';
import type { MaskProduct } from './mask-product.js';
import type { PartitionedRules } from './partitioned-rules.js';
import { beats } from './rule-record.js';
import type { RuleStore } from './rule-store.js';

/** Something odd about a table that is not an error. */
export type Diagnostic = ShadowedRule | LargeMaskProduct;

/** No packet can get the rule, because another one always wins. */
export interface ShadowedRule {
  readonly code: 'W_SHADOWED';
  /** Handle of the rule. */
  readonly id: number;
  /** Handle of the rule that wins. */
  readonly by: number;
}

/** Rules that a sender can make more masks of than `MASK_PRODUCT_MAX`. */
export interface LargeMaskProduct extends MaskProduct {
  readonly code: 'W_MASK_PRODUCT';
}

/** So many masks are put up with: more than a cache keeps for a partition, unless it is told to. */
export const MASK_PRODUCT_MAX = 1024;

/** Warnings of the products that are too large. */
export function findLargeProducts(products: readonly MaskProduct[]): LargeMaskProduct[] {
  return products
    .filter(({ product }) => product > MASK_PRODUCT_MAX)
    .map((product) => ({ code: 'W_MASK_PRODUCT', ...product }));
}

/** The rules that one other rule hides, the highest priority first. Costs about a lookup per rule. */
export function findShadowed<A>(store: RuleStore<A>, rules: PartitionedRules): ShadowedRule[] {
  const diagnostics: ShadowedRule[] = [];
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
