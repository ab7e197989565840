import type { Match } from '../match/match.js';
import type { Rule, RuleInput } from './rule.js';

/** How a rule is added. */
export interface AddOptions {
  /** Refuses the rule if another one of the same priority may match the same packets. Costs a look at all rules. */
  readonly checkOverlap?: boolean;
}

/** Changes that become one: all of them, or none if the function that makes them throws. */
export interface RuleTransaction<A> {
  /** As `RuleTable.add`. @throws ClassifierError as that, and E_TX_CLOSED after the transaction */
  add(rule: RuleInput<A>, options?: AddOptions): number;
  /** As `RuleTable.remove`. @throws ClassifierError as that, and E_TX_CLOSED after the transaction */
  remove(id: number): void;
}

/** What a transaction has done so far, in order. */
export interface Change<A> {
  readonly index: number;
  /** The rule that went, or `undefined` if this one came. */
  readonly removed: Rule<A> | undefined;
  readonly match: Match;
}
