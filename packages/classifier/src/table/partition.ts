import type { Match } from '../match/match.js';
import { LinearSpace } from './linear-space.js';
import type { RuleSpace, SpaceContext } from './rule-space.js';
import { TupleSpace } from './tuple-space.js';

/** The rules that fix the partition fields of a table to the same values. */
export class Partition {
  /** These values, one per word of the directory. */
  readonly values: Int32Array;
  /** How they are searched. Replaced when there are many, or few again. */
  space: RuleSpace;
  readonly #context: SpaceContext;
  readonly #known: Int32Array;
  #linear: LinearSpace | undefined;

  /** No rules; all will fix the bits of `known` to `values`. */
  constructor(context: SpaceContext, known: Int32Array, values: Int32Array) {
    this.values = values;
    this.#context = context;
    this.#known = known;
    this.space = this.#linear = new LinearSpace(context.store, context.proofs);
  }

  /** Takes a rule in. */
  insert(record: number, match: Match): void {
    if (this.#linear !== undefined && this.#linear.size === this.#context.linearMax) {
      this.#move(this.#linear.records(), new TupleSpace(this.#context, this.#known));
      this.#linear = undefined;
    }
    this.space.insert(record, match);
  }

  /** Takes a rule out. */
  remove(record: number, match: Match): void {
    this.space.remove(record, match);
    // Half as many, so that a partition at the edge does not move to and fro.
    if (this.#linear !== undefined || this.space.size > this.#context.linearMax >> 1) return;
    const records: number[] = [];
    this.space.forEach((left) => records.push(left));
    this.#linear = new LinearSpace(this.#context.store, this.#context.proofs);
    this.#move(records, this.#linear);
  }

  #move(records: Iterable<number>, space: RuleSpace): void {
    for (const record of records) space.insert(record, this.#context.store.matchOf(record));
    this.space = space;
  }
}
