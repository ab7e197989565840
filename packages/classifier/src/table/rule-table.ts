import { ClassifierError } from '../errors.js';
import type { FlowKey } from '../key/flow-key.js';
import type { FlowMask } from '../key/flow-mask.js';
import { type Match, overlaps } from '../match/match.js';
import { FLOW_SCHEMA } from '../schema/flow-schema.js';
import type { Schema } from '../schema/schema.js';
import { formatMatch } from '../text/format.js';
import { DEFAULT_PRIORITY, PRIORITY_MAX } from '../text/parse.js';
import { ChangeRing } from './change-ring.js';
import { type Diagnostic, findLargeProducts, findShadowed } from './lint.js';
import { type MaskProduct, maskProducts } from './mask-product.js';
import { type RuleTableOptions, readTableOptions } from './options.js';
import { PartitionedRules } from './partitioned-rules.js';
import { proofBits } from './proof-bits.js';
import { INDEX } from './rule-record.js';
import type { SpaceStats } from './rule-space.js';
import { RuleStore } from './rule-store.js';
import type { AddOptions, Change, RuleTransaction } from './rule-transaction.js';
import type { Rule, RuleInput } from './rule.js';

/** Figures of a table. */
export interface RuleTableStats extends Readonly<SpaceStats> {
  readonly rules: number;
  /** Sets of rules that are searched apart. */
  readonly partitions: number;
}

/**
 * Rules with priorities and wildcards, and the one that a packet gets: the highest priority, of equal ones the rule that
 * was added first. A lookup may also tell which bits of the key it went by, so that its answer can be kept for all keys
 * that agree on these bits.
 *
 * - Rules are kept apart by partition fields (`partitionBy`); up to 16 rules of a partition are
 *   searched one by one, more by tuple space search over merged tuples.
 * - A tuple's probe goes stage by stage, and tries tell which prefix lengths a key can match, so that a miss depends on few
 *   bits of the key.
 * - Bits too many in the mask are safe, they only make the kept answer good for fewer packets. Bits too few never occur.
 * - Changes cost a few chains and never a rebuild; arrays that are full are copied to twice their length.
 */
export class RuleTable<A> {
  readonly schema: Schema;
  readonly #maxRules: number;
  readonly #partitionBy: readonly string[];
  readonly #store: RuleStore<A>;
  readonly #rules: PartitionedRules;
  readonly #changes = new ChangeRing();
  #generation = 0;
  #undo: Change<A>[] | undefined;

  /** An empty table for keys of that schema. @throws ClassifierError E_BAD_OPTION, E_UNKNOWN_FIELD */
  constructor(schema: Schema = FLOW_SCHEMA, options: RuleTableOptions = {}) {
    const { maxRules, partitionBy, ...limits } = readTableOptions(schema, options);
    this.schema = schema;
    this.#maxRules = maxRules;
    this.#partitionBy = partitionBy;
    this.#store = new RuleStore();
    this.#rules = new PartitionedRules(
      { schema, store: this.#store, proofs: proofBits(schema), ...limits },
      partitionBy,
    );
  }

  /** Number of rules. */
  get size(): number {
    return this.#store.size;
  }

  /** Grows by one with each transaction that changes anything, and with each `add` or `remove` outside of one. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Index of the rule that a key gets, or -1: good for `rule` and `action` until the rules change. Reads `key.words`, needs
   * no packed form, does not allocate. Costs a few hash probes, at worst one per tuple.
   */
  lookup(key: FlowKey): number {
    const record = this.#rules.lookup(key.words);
    return record === 0 ? -1 : this.#store.arena[record + INDEX]!;
  }

  /**
   * The same, and adds to `mask` the bits that the answer depends on: every key that agrees with this one on them gets the
   * same answer, until the rules change. `FlowMask.closePrerequisites` is left to the caller, who may ask several tables.
   */
  lookupTracked(key: FlowKey, mask: FlowMask): number {
    const record = this.#rules.lookupTracked(key.words, mask.words);
    return record === 0 ? -1 : this.#store.arena[record + INDEX]!;
  }

  /** The rule with that index, `undefined` if there is none. */
  rule(index: number): Rule<A> | undefined {
    return this.#store.rules[index];
  }

  /** The action of the rule with that index, `undefined` if there is none: `table.action(table.lookup(key))`. */
  action(index: number): A | undefined {
    return this.#store.rules[index]?.action;
  }

  /** The rule with that handle. @throws ClassifierError E_STALE_RULE if it was removed, E_NO_RULE if there never was one */
  get(id: number): Rule<A> {
    return this.#store.rules[this.#store.resolve(id)]!;
  }

  /** All rules: the highest priority first, of equal ones the oldest. */
  list(): Rule<A>[] {
    return this.#store.sorted().map((index) => this.#store.rules[index]!);
  }

  /**
   * Adds a rule behind those of its priority and returns its handle. A rule with the same priority and an equal match goes
   * away. The table keeps the match: do not change its arrays.
   * @throws ClassifierError E_BAD_PRIORITY, E_TABLE_FULL, E_OVERLAP, E_TX_NESTED within a transaction
   */
  add(rule: RuleInput<A>, options: AddOptions = {}): number {
    return this.transaction((changes) => changes.add(rule, options));
  }

  /** Removes a rule. @throws ClassifierError E_STALE_RULE, E_NO_RULE, E_TX_NESTED within a transaction */
  remove(id: number): void {
    this.transaction((changes) => changes.remove(id));
  }

  /**
   * Runs `change`, which makes changes through its argument, and returns what it returns. If it throws, nothing has changed,
   * and the error goes on. Lookups within it see what was changed so far.
   * @throws ClassifierError E_TX_NESTED within a transaction
   */
  transaction<T>(change: (transaction: RuleTransaction<A>) => T): T {
    if (this.#undo !== undefined) throw new ClassifierError('E_TX_NESTED', 'transaction', 'one is going on already');
    const done: Change<A>[] = (this.#undo = []);
    const check = (): void => {
      if (this.#undo !== done) throw new ClassifierError('E_TX_CLOSED', 'transaction', 'it is over');
    };
    try {
      const result = change({
        add: (rule, options = {}) => {
          check();
          return this.#add(rule, options);
        },
        remove: (id) => {
          check();
          this.#take(this.#store.resolve(id));
        },
      });
      this.#commit(done);
      return result;
    } catch (error) {
      this.#rollBack(done);
      throw error;
    } finally {
      this.#undo = undefined;
    }
  }

  /**
   * The matches of the rules that were added or removed after `generation`, the latest first. `undefined` if that cannot be
   * told any more: the last 1,024 are remembered. A cached answer that no such match can touch is still right.
   */
  changesSince(generation: number): Match[] | undefined {
    return this.#changes.since(generation);
  }

  /**
   * Rules that no packet can get, because a single other rule wins for all of theirs; and rules that a sender could make more
   * than 1,024 masks of, see `diagnose`. Costs about a lookup per rule.
   */
  lint(): Diagnostic[] {
    return [...findShadowed(this.#store, this.#rules), ...findLargeProducts(this.diagnose())];
  }

  /**
   * Which sets of rules could fill a cache with masks, and how many: the largest product first, of sets with the same fields
   * only one. `wholeFields` are those that the cache looks at as a whole anyway, because it partitions by them. Costs a look at
   * all rules.
   */
  diagnose(wholeFields: readonly string[] = []): MaskProduct[] {
    return maskProducts(this.#store.byAge(), { schema: this.schema, partitionBy: this.#partitionBy, wholeFields });
  }

  /** Figures. Costs a look at all rules. */
  stats(): RuleTableStats {
    const stats = { tuples: 0, longestChain: 0, octets: this.#store.octets };
    let partitions = 0;
    for (const { space } of this.#rules.partitions()) {
      partitions++;
      space.addStats(stats);
    }
    return { rules: this.size, partitions, ...stats };
  }

  /** All rules as text, the winner first; the same text for the same rules, however they came there. For people and tests. */
  dump(formatAction: (action: A) => string = String): string {
    const lines = this.list().map(({ id, priority, match, action }) => {
      const text = formatMatch(match, this.schema);
      return `#${id} priority=${priority}${text === '' ? '' : `,${text}`} actions=${formatAction(action)}\n`;
    });
    return `${this.size} rules, generation ${this.generation}\n${lines.join('')}`;
  }

  #add(input: RuleInput<A>, { checkOverlap = false }: AddOptions): number {
    const { priority = DEFAULT_PRIORITY, match, action } = input;
    if (!Number.isInteger(priority) || priority < 0 || priority > PRIORITY_MAX) {
      throw new ClassifierError(
        'E_BAD_PRIORITY',
        'priority',
        `must be an integer in 0..${PRIORITY_MAX}, got ${priority}`,
      );
    }
    const twin = this.#rules.find(priority, match);
    if (checkOverlap) this.#checkOverlap(priority, match, twin);
    if (twin === 0 && this.size >= this.#maxRules) {
      throw new ClassifierError('E_TABLE_FULL', 'maxRules', `the table has ${this.size} rules already`);
    }
    if (twin !== 0) this.#take(this.#store.arena[twin + INDEX]!);
    if (this.#store.renumber()) for (const { space } of this.#rules.partitions()) space.renumber();
    const index = this.#store.add({ priority, match, action }, this.#rules.knownOf(match));
    this.#rules.insert(this.#store.recordOf(index), match);
    this.#undo!.push({ index, removed: undefined, match });
    return this.#store.rules[index]!.id;
  }

  #take(index: number): void {
    const removed = this.#store.rules[index]!;
    this.#rules.remove(this.#store.recordOf(index), removed.match);
    this.#store.hide(index);
    this.#undo!.push({ index, removed, match: removed.match });
  }

  #commit(done: readonly Change<A>[]): void {
    if (done.length === 0) return;
    this.#generation++;
    for (const { index, removed, match } of done) {
      if (removed !== undefined) this.#store.free(index);
      this.#changes.add(match, this.#generation);
    }
  }

  #rollBack(done: readonly Change<A>[]): void {
    for (const { index, removed, match } of [...done].reverse()) {
      if (removed === undefined) {
        this.#rules.remove(this.#store.recordOf(index), match);
        this.#store.hide(index);
        this.#store.free(index);
      } else {
        this.#store.restore(index, removed);
        this.#rules.insert(this.#store.recordOf(index), match);
      }
    }
  }

  #checkOverlap(priority: number, match: Match, twin: number): void {
    const twinIndex = twin === 0 ? -1 : this.#store.arena[twin + INDEX]!;
    for (const [index, rule] of this.#store.rules.entries()) {
      if (rule?.priority !== priority || index === twinIndex || !overlaps(rule.match, match)) continue;
      const other = `rule ${rule.id}, ${formatMatch(rule.match, this.schema) || 'any packet'}`;
      throw new ClassifierError('E_OVERLAP', 'match', `may match the same packets as ${other}, of equal priority`);
    }
  }
}
