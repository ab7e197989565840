import type { Match } from '../match/match.js';
import { type RuleRecords, recordSays } from './rule-identity.js';
import { PRIORITY, SEQ, beats, matchesRecord, matchesRecordTracked } from './rule-record.js';
import type { RuleSpace, SpaceStats } from './rule-space.js';

/** Few rules: a list, the winner first. */
export class LinearSpace implements RuleSpace {
  size = 0;
  readonly #store: RuleRecords;
  readonly #proofs: Int32Array;
  #records = new Int32Array(4);

  /** An empty list of rules of that store. */
  constructor(store: RuleRecords, proofs: Int32Array) {
    this.#store = store;
    this.#proofs = proofs;
  }

  /** The records, the winner first. A copy. */
  records(): Int32Array {
    return this.#records.slice(0, this.size);
  }

  insert(record: number): void {
    if (this.size === this.#records.length) {
      const larger = new Int32Array(2 * this.size);
      larger.set(this.#records);
      this.#records = larger;
    }
    const { arena } = this.#store;
    let i = this.size++;
    for (; i > 0 && beats(arena, record, this.#records[i - 1]!); i--) this.#records[i] = this.#records[i - 1]!;
    this.#records[i] = record;
  }

  remove(record: number): void {
    const at = this.#records.indexOf(record);
    this.#records.copyWithin(at, at + 1, this.size--);
  }

  lookup(key: Int32Array, best: number): number {
    const { arena } = this.#store;
    const records = this.#records;
    const bestPriority = best === 0 ? -1 : arena[best + PRIORITY]!;
    const bestSeq = best === 0 ? 0 : arena[best + SEQ]!;
    for (let i = 0; i < this.size; i++) {
      const record = records[i]!;
      const priority = arena[record + PRIORITY]!;
      if (priority < bestPriority || (priority === bestPriority && arena[record + SEQ]! > bestSeq)) return best;
      if (matchesRecord(arena, record, key)) return record;
    }
    return best;
  }

  lookupTracked(key: Int32Array, best: number, mask: Int32Array): number {
    const { arena } = this.#store;
    const records = this.#records;
    const bestPriority = best === 0 ? -1 : arena[best + PRIORITY]!;
    const bestSeq = best === 0 ? 0 : arena[best + SEQ]!;
    for (let i = 0; i < this.size; i++) {
      const record = records[i]!;
      const priority = arena[record + PRIORITY]!;
      if (priority < bestPriority || (priority === bestPriority && arena[record + SEQ]! > bestSeq)) return best;
      if (matchesRecordTracked(arena, record, key, mask, this.#proofs)) return record;
    }
    return best;
  }

  find(priority: number, match: Match): number {
    for (let i = 0; i < this.size; i++) {
      if (recordSays(this.#store, this.#records[i]!, priority, match)) return this.#records[i]!;
    }
    return 0;
  }

  forEach(visit: (record: number) => void): void {
    this.records().forEach(visit);
  }

  forEachMatch(key: Int32Array, visit: (record: number) => void): void {
    const { arena } = this.#store;
    for (let i = 0; i < this.size; i++) if (matchesRecord(arena, this.#records[i]!, key)) visit(this.#records[i]!);
  }

  renumber(): void {
    // The order has not changed, and nothing else is known.
  }

  addStats(stats: SpaceStats): void {
    stats.longestChain = Math.max(stats.longestChain, this.size);
    stats.octets += this.#records.byteLength;
  }
}
