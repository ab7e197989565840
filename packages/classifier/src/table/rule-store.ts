import { ClassifierError } from '../errors.js';
import type { Match } from '../match/match.js';
import { INDEX, NEXT, PRIORITY, RANGES, RANGE_STRIDE, RECORD_HEADER, SEQ, WORDS, WORD_STRIDE } from './rule-record.js';
import type { RuleRecords } from './rule-identity.js';
import type { Rule } from './rule.js';

/** Indices of rules stay below this; the rest of a handle is the generation of the index. */
export const RULES_LIMIT = 1 << 20;
const SEQ_END = 0x7fff_ffff;

/** The rules of a table by index, and their records. Indices and records of rules that went are used again. */
export class RuleStore<A> implements RuleRecords {
  /** The records. Replaced when it grows. */
  arena = new Int32Array(256);
  /** Rules, by index. */
  readonly rules: (Rule<A> | undefined)[] = [];
  /** Number of rules. */
  size = 0;
  readonly #records: number[] = [];
  readonly #matches: Match[] = [];
  readonly #generations: number[] = [];
  readonly #freeIndices: number[] = [];
  /** First free record of each length. */
  readonly #freeRecords = new Map<number, number>();
  #arenaEnd = 1;
  #nextSeq: number;

  /** `firstSeq` is the number of the first rule. */
  constructor(firstSeq = 0) {
    this.#nextSeq = firstSeq;
  }

  /** Octets of the records. */
  get octets(): number {
    return this.arena.byteLength;
  }

  /**
   * Takes a rule in, behind the others of its priority, and returns its index. Of its match, the record leaves out the
   * bits of `known`, which are looked at elsewhere.
   */
  add(rule: Omit<Rule<A>, 'id'>, known: Int32Array): number {
    const index = this.#freeIndices.pop() ?? this.rules.length;
    const generation = (this.#generations[index] ??= 0);
    const { priority, match, action } = rule;
    this.rules[index] = { id: generation * RULES_LIMIT + index, priority, match, action };
    this.#matches[index] = match;
    this.#records[index] = this.#write(index, priority, match, known);
    this.size++;
    return index;
  }

  /** The record of a rule. */
  recordOf(index: number): number {
    return this.#records[index]!;
  }

  /** The rule of a record. */
  ruleOf(record: number): Rule<A> {
    return this.rules[this.arena[record + INDEX]!]!;
  }

  /** The match of a record. */
  matchOf(record: number): Match {
    return this.#matches[this.arena[record + INDEX]!]!;
  }

  /** Takes a rule out; its index and record stay as they are, until `free` or `restore`. */
  hide(index: number): void {
    this.rules[index] = undefined;
    this.size--;
  }

  /** Takes a hidden rule in again, as it was. */
  restore(index: number, rule: Rule<A>): void {
    this.rules[index] = rule;
    this.size++;
  }

  /** Lets go of a hidden rule. Its handle will never mean another one. */
  free(index: number): void {
    this.#generations[index]!++;
    this.#freeIndices.push(index);
    const record = this.#records[index]!;
    this.#records[index] = 0;
    const length = RECORD_HEADER + this.arena[record + WORDS]! + this.arena[record + RANGES]!;
    this.arena[record + NEXT] = this.#freeRecords.get(length) ?? 0;
    this.#freeRecords.set(length, record);
  }

  /** The index that a handle names. @throws ClassifierError E_STALE_RULE if that rule went, E_NO_RULE if there was none */
  resolve(id: number): number {
    const index = id % RULES_LIMIT;
    const generation = Math.floor(id / RULES_LIMIT);
    const current = this.#generations[index];
    if (!Number.isSafeInteger(id) || id < 0 || current === undefined || generation > current) {
      throw new ClassifierError('E_NO_RULE', 'id', `${id} is not the handle of a rule`);
    }
    if (generation < current || this.rules[index] === undefined) {
      throw new ClassifierError('E_STALE_RULE', 'id', `the rule with handle ${id} was removed`);
    }
    return index;
  }

  /** Indices of all rules: the highest priority first, of equal ones the oldest. */
  sorted(): number[] {
    const { arena } = this;
    const seqOf = (index: number): number => arena[this.#records[index]! + SEQ]!;
    const indices = [...this.rules.keys()].filter((index) => this.rules[index] !== undefined);
    return indices.sort((a, b) => this.rules[b]!.priority - this.rules[a]!.priority || seqOf(a) - seqOf(b));
  }

  /** All rules, the oldest first. */
  byAge(): Rule<A>[] {
    const seqOf = ({ id }: Rule<A>): number => this.arena[this.#records[id % RULES_LIMIT]! + SEQ]!;
    return this.rules.filter((rule) => rule !== undefined).sort((a, b) => seqOf(a) - seqOf(b));
  }

  /**
   * Makes room in the numbers that order rules: called before a change, it numbers all rules anew once in two thousand
   * million of them. Returns whether it did.
   */
  renumber(): boolean {
    if (this.#nextSeq < SEQ_END) return false;
    const { arena } = this;
    const records = this.#records.filter((record) => record !== 0);
    records.sort((a, b) => arena[a + SEQ]! - arena[b + SEQ]!);
    records.forEach((record, seq) => (arena[record + SEQ] = seq));
    this.#nextSeq = records.length;
    return true;
  }

  #write(index: number, priority: number, { value, mask, ranges }: Match, known: Int32Array): number {
    let words = 0;
    for (let word = 0; word < mask.length; word++) if ((mask[word]! & ~known[word]!) !== 0) words++;
    const record = this.#allocate(RECORD_HEADER + words * WORD_STRIDE + ranges.length * RANGE_STRIDE);
    const { arena } = this;
    arena[record + NEXT] = 0;
    arena[record + PRIORITY] = priority;
    arena[record + SEQ] = this.#nextSeq++;
    arena[record + INDEX] = index;
    arena[record + WORDS] = words * WORD_STRIDE;
    arena[record + RANGES] = ranges.length * RANGE_STRIDE;
    let at = record + RECORD_HEADER;
    for (let word = 0; word < mask.length; word++) {
      const bits = mask[word]! & ~known[word]!;
      if (bits === 0) continue;
      arena[at] = word;
      arena[at + 1] = bits;
      arena[at + 2] = value[word]! & bits;
      at += WORD_STRIDE;
    }
    for (const { field, lo, hi } of ranges) {
      arena[at] = field.offset >>> 5;
      arena[at + 1] = -(field.offset + field.width) & 31;
      arena[at + 2] = (1 << field.width) - 1;
      arena[at + 3] = lo;
      arena[at + 4] = hi;
      at += RANGE_STRIDE;
    }
    return record;
  }

  #allocate(length: number): number {
    const free = this.#freeRecords.get(length) ?? 0;
    if (free !== 0) {
      this.#freeRecords.set(length, this.arena[free + NEXT]!);
      return free;
    }
    const record = this.#arenaEnd;
    this.#arenaEnd += length;
    if (this.#arenaEnd > this.arena.length) {
      const larger = new Int32Array(this.#arenaEnd * 2);
      larger.set(this.arena);
      this.arena = larger;
    }
    return record;
  }
}
