import { type FlowKey, type FlowMask, type RuleInput, equalMatches, matchesKey } from '../src/index.js';
import type { TableUnderTest } from '../src/laws.js';

/** A table as simple as can be, made of the library's matches: it keeps the laws, and its heirs break one each. */
export class LinearTable implements TableUnderTest {
  #rules: { readonly handle: number; readonly rule: Required<RuleInput<number>> }[] = [];
  #nextHandle = 1;

  add({ priority = 32768, match, action }: RuleInput<number>): number {
    this.#rules = this.#rules.filter(({ rule }) => rule.priority !== priority || !equalMatches(rule.match, match));
    const handle = this.#nextHandle++;
    this.#rules.push({ handle, rule: { priority, match, action } });
    this.#rules.sort((a, b) => b.rule.priority - a.rule.priority);
    return handle;
  }

  remove(handle: number): void {
    this.#rules = this.#rules.filter((rule) => rule.handle !== handle);
  }

  lookup(key: FlowKey): number | undefined {
    return this.#rules.find(({ rule }) => matchesKey(rule.match, key.words))?.rule.action;
  }

  /** Looks at all bits that it has rules for, one after the other until one matches. */
  lookupTracked(key: FlowKey, mask: FlowMask): number | undefined {
    for (const { rule } of this.#rules) {
      rule.match.mask.forEach((bits, word) => mask.consult(word, bits));
      for (const { field } of rule.match.ranges) mask.consult(field.offset >>> 5, -1);
      if (matchesKey(rule.match, key.words)) return rule.action;
    }
    return undefined;
  }
}
