import type { Match } from '../match/match.js';

/** A rule as its user gives it. */
export interface RuleInput<A> {
  /** 0..65535, higher wins; of equal ones the rule that was added first. Default 32768. */
  readonly priority?: number;
  readonly match: Match;
  /** What the rule stands for; the table only keeps it. */
  readonly action: A;
}

/** A rule in a table. */
export interface Rule<A> extends Required<RuleInput<A>> {
  /** Its handle: an index with a generation, so that one that was removed is not mistaken for its successor. */
  readonly id: number;
}
