import { type Match, equalMatches } from '../match/match.js';
import { PRIORITY } from './rule-record.js';

/** What searches need of the store of rules. */
export interface RuleRecords {
  /** The records; replaced when it grows. */
  readonly arena: Int32Array;
  /** The match of a record. */
  matchOf(record: number): Match;
}

/** Whether a record has that priority and an equal match. */
export function recordSays(store: RuleRecords, record: number, priority: number, match: Match): boolean {
  return store.arena[record + PRIORITY] === priority && equalMatches(store.matchOf(record), match);
}
