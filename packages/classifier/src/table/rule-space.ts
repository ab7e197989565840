import type { Match } from '../match/match.js';
import type { Schema } from '../schema/schema.js';
import type { RuleRecords } from './rule-identity.js';

/** What all spaces of a table share. */
export interface SpaceContext {
  readonly schema: Schema;
  readonly store: RuleRecords;
  /** See `proofBits`. */
  readonly proofs: Int32Array;
  /** Bits of hashes that count. */
  readonly hashBits: number;
  readonly seed: number;
  /** See `RuleTableOptions`. */
  readonly linearMax: number;
  readonly chainMax: number;
}

/** One way to search rules. Rules are named by their records; 0 is none. */
export interface RuleSpace {
  /** Number of rules. */
  readonly size: number;
  /** Takes a rule in. */
  insert(record: number, match: Match): void;
  /** Takes a rule out. */
  remove(record: number, match: Match): void;
  /** The rule that a key gets, or `best`, of another space, if that wins. Does not allocate. */
  lookup(key: Int32Array, best: number): number;
  /** The same; adds to `mask` the bits that decided. */
  lookupTracked(key: Int32Array, best: number, mask: Int32Array): number;
  /** The record that has the same priority and an equal match as this one would have, 0 if there is none. */
  find(priority: number, match: Match): number;
  /** Calls `visit` with each rule, in no order. `visit` must not change them. */
  forEach(visit: (record: number) => void): void;
  /** Calls `visit` with each rule that a key matches, in no order; for `lint`. */
  forEachMatch(key: Int32Array, visit: (record: number) => void): void;
  /** Forgets what it knows of the order of rules: they were numbered anew. */
  renumber(): void;
  /** Adds its figures. */
  addStats(stats: SpaceStats): void;
}

/** Figures of the searches of a table. */
export interface SpaceStats {
  /** Tuples: hash tables that a lookup may have to probe. */
  tuples: number;
  /** Rules of the longest chain behind one hash. */
  longestChain: number;
  /** Octets of tuples, hash tables and tries. */
  octets: number;
}
