import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { FlowMask } from '../../src/index.js';
import { FlowCache } from '../../src/cache/flow-cache.js';
import type { FlowCacheOptions } from '../../src/cache/options.js';
import {
  type Packet,
  SMALL_SCHEMA,
  type SmallRule,
  packets,
  rules,
  scan,
  toKey,
  toMatch,
  toPacket,
  trackedScan,
} from './small-path.js';

type Step =
  | { readonly do: 'packet' | 'lookup' | 'late'; readonly packet: number; readonly octets: number }
  | { readonly do: 'add'; readonly rule: SmallRule; readonly at: number; readonly tell: 'match' | 'everything' }
  | { readonly do: 'remove'; readonly at: number; readonly tell: 'match' | 'everything' }
  | { readonly do: 'maintain'; readonly ms: number }
  | { readonly do: 'learn'; readonly rule: SmallRule }
  | { readonly do: 'flush' | 'clear' };

const octets = fc.nat(1500);
const tell = fc.constantFrom('match' as const, 'match' as const, 'everything' as const);
/** Packets of a run come from few, so that they come again: some, and the same with one field changed or the ends swapped. */
const POOL = 6;
const pools: fc.Arbitrary<readonly Packet[]> = fc
  .array(fc.tuple(packets, packets, fc.nat(5)), { minLength: POOL / 2, maxLength: POOL / 2 })
  .map((pairs) =>
    pairs.flatMap(([one, other, field]): Packet[] => {
      const [inPort, src, dst, sport, dport] = one;
      if (field === 5) return [one, [inPort, dst, src, dport, sport]];
      return [one, one.map((value, i) => (i === field ? other[i]! : value)) as unknown as Packet];
    }),
  );
const packet = fc.nat(POOL - 1);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('packet' as const), packet, octets }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('lookup' as const, 'late' as const), packet, octets }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('add' as const), rule: rules, at: fc.nat(9), tell }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), at: fc.nat(9), tell }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('learn' as const), rule: rules }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('maintain' as const), ms: fc.constantFrom(0, 1, 30, 1500, -5) }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: 'clear' }, { do: 'flush' }, { do: 'maintain', ms: 1 }) },
);

/** In mode `eventual`: shorter than some waits, and longer than others. */
const STALE_MS = 20;

const limits = fc.record({
  entries: fc.constantFrom(0, 1, 2, 16),
  insertInverse: fc.constantFrom(1, 3),
  maxFlows: fc.constantFrom(1, 2, 5, 64),
  share: fc.constantFrom(1, 2),
  maxMasks: fc.constantFrom(1, 2, 3, 8, 64),
  maxPartitions: fc.constantFrom(1, 2, 16),
  partitionBy: fc.constantFrom<string[]>([], ['in_port'], ['in_port', 'dport']),
  sweepFlows: fc.constantFrom(1, 3, 100),
  changeLog: fc.constantFrom(0, 1, 4, 32),
  hashBits: fc.constantFrom(-1, -1, 0, 15, 15 << 28),
  dampAfter: fc.constantFrom(0, 1, 2),
  upcall: fc.constantFrom(false as const, { ratePerSecond: 50, burst: 2 }, { ratePerSecond: 1, burst: 1 }),
  revalidation: fc.constantFrom({ mode: 'strict' } as const, { mode: 'eventual', maxStaleMs: STALE_MS } as const),
  seed: fc.integer(),
});
type Limits = typeof limits extends fc.Arbitrary<infer T> ? T : never;

/** A cache over a list of rules, and everything that must hold of it all the time. */
class Run {
  readonly rules: SmallRule[];
  readonly cache: FlowCache<number>;
  readonly #limits: Limits;
  readonly #given = new Map<number, { packets: number; octets: number }>();
  readonly #credited = new Map<number, { packets: number; octets: number }>();
  /** What was looked at in each run of the slow path since the last change. */
  readonly #runs: { key: Int32Array; mask: Int32Array; result: number }[] = [];
  readonly #pool: readonly Packet[];
  /** A rule that the slow path is to add when it runs next, after it has its result. */
  #toLearn: SmallRule | undefined;
  #nowMs = 0;
  /** Rules of before, and when they were changed. */
  readonly #before: { rules: readonly SmallRule[]; untilMs: number }[] = [];
  #missedLookups = 0;
  #lateInserts = 0;

  constructor(limits: Limits, pool: readonly Packet[], initial: readonly SmallRule[]) {
    const { entries, insertInverse, share, maxFlows, maxMasks, maxPartitions, partitionBy, sweepFlows, ...others } =
      limits;
    const { dampAfter, ...rest } = others;
    this.#limits = limits;
    this.#pool = pool;
    this.rules = [...initial];
    const options: FlowCacheOptions<number> = {
      ...rest,
      slowPath: (key, mask) => this.#slowPath(key, mask),
      isDrop: (result) => result === 0,
      credit: (result, count, octetCount) => add(this.#credited, result, count, octetCount),
      microflow: { entries, insertInverse },
      megaflow: {
        maxFlows,
        maxFlowsPerPartition: Math.ceil(maxFlows / share),
        maxMasks,
        maxPartitions,
        partitionBy,
        sweepFlows,
        dampAfter,
        dampMs: 50,
        idleMs: 40,
        pressureIdleMs: 10,
      },
    };
    this.cache = new FlowCache(SMALL_SCHEMA, options);
  }

  take(step: Step): void {
    if (step.do === 'packet' || step.do === 'lookup' || step.do === 'late')
      this.#packet(step.do, this.#pool[step.packet]!, step.octets);
    else if (step.do === 'add') {
      this.#keepRules();
      this.rules.splice(Math.min(step.at, this.rules.length), 0, step.rule);
      this.#changed(step.tell, step.rule);
    } else if (step.do === 'remove') {
      this.#keepRules();
      const [rule] = this.rules.splice(step.at, 1);
      if (rule !== undefined) this.#changed(step.tell, rule);
    } else if (step.do === 'maintain') this.cache.maintain((this.#nowMs += step.ms));
    else if (step.do === 'learn') this.#toLearn = step.rule;
    else this.cache[step.do]();
    this.#checkLimits();
  }

  /** Statistics add up: what was credited is what was answered, result by result. */
  finish(): void {
    this.#checkMasks();
    this.#checkCounters();
    this.cache.flush();
    for (const [result, given] of this.#given) {
      const credited = this.#credited.get(result);
      if (credited?.packets !== given.packets || credited.octets !== given.octets) {
        throw new Error(`${given.packets} packets of result ${result}, credited ${credited?.packets}`);
      }
    }
    if (this.#credited.size > this.#given.size) throw new Error('credited what was never answered');
  }

  #packet(kind: 'packet' | 'lookup' | 'late', packet: Packet, octetCount: number): void {
    const key = toKey(packet);
    const expected = scan(this.rules, packet);
    const answer =
      kind === 'packet' ? this.cache.classify(key, octetCount, this.#nowMs) : this.cache.lookup(key, octetCount);
    if (answer !== undefined) {
      this.#checkAnswer(packet, answer, expected);
      add(this.#given, answer, 1, octetCount);
    } else {
      this.#missedLookups++;
      if (kind === 'lookup') return;
      // A result that was computed before a change and arrives after it.
      const mask = new FlowMask(SMALL_SCHEMA);
      const { generation } = this.cache;
      const result = this.#slowPath(key, mask);
      const rule: SmallRule = { packet, lengths: [0, 32, 0, 0, 0], result: (result + 1) % 3 };
      this.#keepRules();
      this.rules.unshift(rule);
      this.#changed('match', rule);
      this.#lateInserts++;
      this.cache.insert(key, mask, result, generation);
    }
  }

  #slowPath(key: ReturnType<typeof toKey>, mask: FlowMask): number {
    const result = trackedScan(this.rules, key, mask);
    this.#runs.push({ key: key.words.slice(), mask: mask.words.slice(), result });
    if (this.#toLearn !== undefined) {
      this.#keepRules();
      this.rules.unshift(this.#toLearn);
      this.cache.invalidate(toMatch(this.#toLearn));
      this.#toLearn = undefined;
    }
    return result;
  }

  #changed(how: 'match' | 'everything', rule: SmallRule): void {
    if (how === 'match') this.cache.invalidate(toMatch(rule));
    else this.cache.invalidate();
  }

  #keepRules(): void {
    this.#before.push({ rules: [...this.rules], untilMs: this.#nowMs });
  }

  /** The answer is that of the rules when the packet came, or, if megaflows may be stale, at some moment not long ago. */
  #checkAnswer(packet: Packet, answer: number, expected: number): void {
    if (answer === expected) return;
    const wasRight =
      this.#limits.revalidation.mode === 'eventual' &&
      this.#before.some(({ rules: old, untilMs }) => {
        const agoMs = this.#nowMs - untilMs;
        return agoMs >= 0 && agoMs <= STALE_MS && scan(old, packet) === answer;
      });
    if (!wasRight) throw new Error(`answered ${answer}, the rules say ${expected}`);
  }

  /** Every miss was cached, refused room or over a limit, and nothing else was cached; no hit counts twice. */
  #checkCounters(): void {
    const stats = this.cache.stats();
    const asked = stats.misses - this.#missedLookups - stats.uncached + this.#lateInserts + stats.replaced;
    if (asked !== stats.inserted + stats.refused) throw new Error(`${asked} to cache, ${JSON.stringify(stats)}`);
    const hits = stats.microflowHits + stats.megaflowHits;
    if (stats.spared + stats.confirmed + stats.replaced + stats.stale > hits) throw new Error('more tests than hits');
    if (stats.withdrawn > stats.swept) throw new Error('withdrawn unasked');
    const { upcall, dampAfter, revalidation } = this.#limits;
    if (upcall === false && stats.uncached > 0) throw new Error('limited without a limit');
    if (dampAfter === 0 && stats.damped + stats.demotions > 0) throw new Error('damped without damping');
    if (revalidation.mode === 'strict' && stats.stale + stats.swept + stats.deferred > 0)
      throw new Error('stale in mode strict');
  }

  #checkLimits(): void {
    const { maxFlows, maxMasks, maxPartitions, share } = this.#limits;
    const { flows, mostMasks, partitions } = this.cache.stats();
    if (flows > maxFlows || mostMasks > maxMasks || partitions > maxPartitions) {
      throw new Error(`${flows} flows, ${mostMasks} masks, ${partitions} partitions`);
    }
    if (partitions === 1 && flows > Math.ceil(maxFlows / share)) throw new Error(`${flows} flows in one partition`);
  }

  /** Every megaflow is as narrow as some answer needs it to be, and those that are current hold for every key in them. */
  #checkMasks(): void {
    for (const { value, mask, result, isCurrent } of this.cache.megaflows()) {
      const reason = this.#runs.find(
        (run) =>
          run.result === result &&
          run.mask.every((bits, i) => (bits & ~mask[i]!) === 0 && (run.key[i]! & mask[i]!) === value[i]),
      );
      if (reason === undefined) throw new Error(`a megaflow of ${result} is wider than any answer`);
      if (isCurrent && scan(this.rules, toPacket({ words: value })) !== result)
        throw new Error('not what the rules say');
    }
  }
}

function add(
  sums: Map<number, { packets: number; octets: number }>,
  result: number,
  count: number,
  octetCount: number,
): void {
  const sum = sums.get(result) ?? { packets: 0, octets: 0 };
  sums.set(result, { packets: sum.packets + count, octets: sum.octets + octetCount });
}

describe('a flow cache', () => {
  it('answers what the rules say at every moment, or lately if it may, keeps its limits and loses no packet', () => {
    fc.assert(
      fc.property(
        limits,
        pools,
        fc.array(rules, { maxLength: 6 }),
        fc.array(steps, { maxLength: 60 }),
        (options, pool, initial, list) => {
          const run = new Run(options, pool, initial);
          for (const step of list) run.take(step);
          run.finish();
        },
      ),
    );
  });
});
