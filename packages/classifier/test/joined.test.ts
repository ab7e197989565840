import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { FLOW_VOCABULARY } from '../src/arbitraries.js';
import {
  FLOW_SCHEMA,
  FlowCache,
  type FlowCacheOptions,
  type FlowKey,
  type RuleInput,
  RuleTable,
} from '../src/index.js';
import { type ClassifierUnderTest, classifierLaws } from '../src/laws.js';

const NOTHING = -1;
/** Longer than some of the waits of the law, and shorter than others. */
const STALE_MS = 150;

/** The rule table behind the flow cache, as one classifier. */
class Joined implements ClassifierUnderTest {
  readonly #table = new RuleTable<number>();
  readonly #cache: FlowCache<number>;

  constructor(options: Omit<FlowCacheOptions<number>, 'slowPath' | 'seed'>) {
    this.#cache = new FlowCache<number>(FLOW_SCHEMA, {
      ...options,
      seed: 1,
      slowPath: (key, mask) => {
        const action = this.#table.action(this.#table.lookupTracked(key, mask)) ?? NOTHING;
        mask.closePrerequisites();
        return action;
      },
    });
  }

  add(rule: RuleInput<number>): number {
    const handle = this.#table.add(rule);
    this.#cache.invalidate(rule.match);
    return handle;
  }

  remove(handle: number): void {
    const { match } = this.#table.get(handle);
    this.#table.remove(handle);
    this.#cache.invalidate(match);
  }

  classify(key: FlowKey, nowMs: number): number | undefined {
    const action = this.#cache.classify(key, 64, nowMs);
    return action === NOTHING ? undefined : action;
  }

  maintain(nowMs: number): void {
    this.#cache.maintain(nowMs);
  }
}

describe('a rule table behind a flow cache', () => {
  it.each([
    ['with the usual limits', {}],
    [
      'with hardly any room',
      { megaflow: { maxFlows: 8, maxMasks: 3, idleMs: 40 }, microflow: { entries: 4 }, changeLog: 2 },
    ],
    [
      'with few upcalls and all masks damped',
      { upcall: { ratePerSecond: 1, burst: 1 }, megaflow: { dampAfter: 1, dampMs: 3000, idleMs: 40 } },
    ],
    ['where all hashes are equal', { hashBits: 0, megaflow: { maxFlows: 64 } }],
  ])('answers what the rules say at that moment, %s', (_name, options) => {
    for (const { property } of classifierLaws(() => new Joined(options))) fc.assert(property, { numRuns: runs() });
  });

  it('or said not long ago, where that is enough', () => {
    const options = { revalidation: { mode: 'eventual', maxStaleMs: STALE_MS }, megaflow: { sweepFlows: 9 } } as const;
    for (const { property } of classifierLaws(() => new Joined(options), FLOW_VOCABULARY, STALE_MS)) {
      fc.assert(property, { numRuns: runs() });
    }
  });
});

/** Each run makes a table, a cache and the judge. */
function runs(): number {
  return Math.max(20, Math.ceil((fc.readConfigureGlobal().numRuns ?? 100) / 10));
}
