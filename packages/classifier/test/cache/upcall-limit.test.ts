import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FlowCache } from '../../src/cache/flow-cache.js';
import type { FlowCacheOptions } from '../../src/cache/options.js';
import { type Packet, SMALL_SCHEMA, toKey } from './small-path.js';

const packet = (inPort: number, src: number): Packet => [inPort, src, 0, 0, 0];

/** A cache whose slow path looks at port and source, and says how often it ran. */
function makeCache(options: Partial<FlowCacheOptions<number>>) {
  const runs = { count: 0 };
  const cache = new FlowCache<number>(SMALL_SCHEMA, {
    slowPath: ({ words }, mask) => {
      runs.count++;
      mask.consult(0, -1);
      mask.consult(1, -1);
      return words[1]!;
    },
    seed: 7,
    ...options,
  });
  return { cache, runs };
}

describe('a limit on upcalls', () => {
  it('answers what is over it from the slow path, uncached and counted', () => {
    const { cache, runs } = makeCache({ upcall: { ratePerSecond: 10, burst: 3 } });
    for (let src = 0; src < 8; src++) expect(cache.classify(toKey(packet(1, src)), 0, 5)).toBe(src);
    expect(cache.stats()).toMatchObject({ misses: 8, inserted: 3, uncached: 5, flows: 3 });
    for (let src = 0; src < 3; src++) expect(cache.classify(toKey(packet(1, src)), 0, 5)).toBe(src);
    expect(runs.count).toBe(8);
    // A tenth of a second later there is one more.
    for (let src = 10; src < 12; src++) cache.classify(toKey(packet(1, src)), 0, 105);
    expect(cache.stats()).toMatchObject({ inserted: 4, uncached: 6 });
  });

  it('credits packets that were answered uncached', () => {
    let credited = 0;
    const credit = (_result: number, packets: number) => (credited += packets);
    const { cache } = makeCache({ upcall: { ratePerSecond: 1, burst: 1 }, credit });
    for (let src = 0; src < 9; src++) cache.classify(toKey(packet(1, src)), 0, 1);
    cache.flush();
    expect(credited).toBe(9);
  });

  it('leaves other partitions theirs', () => {
    const { cache } = makeCache({ upcall: { ratePerSecond: 100, burst: 10 } });
    for (let src = 0; src < 1000; src++) cache.classify(toKey(packet(1, src)), 0, 1);
    for (let inPort = 2; inPort < 50; inPort++) {
      const before = cache.stats().inserted;
      for (let src = 0; src < 10; src++) cache.classify(toKey(packet(inPort, src)), 0, 1);
      expect(cache.stats().inserted - before).toBe(10);
    }
  });

  it('is not given anew to a partition that goes and comes', () => {
    const { cache } = makeCache({ upcall: { ratePerSecond: 1, burst: 2 } });
    for (let src = 0; src < 4; src++) cache.classify(toKey(packet(1, src)), 0, 1);
    cache.clear();
    expect(cache.stats().partitions).toBe(0);
    for (let src = 0; src < 4; src++) cache.classify(toKey(packet(1, src)), 0, 2);
    expect(cache.stats()).toMatchObject({ inserted: 2, uncached: 6 });
  });

  it('does not hold where no time is told, or when it is switched off', () => {
    const untimed = makeCache({ upcall: { ratePerSecond: 1, burst: 1 } }).cache;
    const unlimited = makeCache({ upcall: false }).cache;
    for (let src = 0; src < 100; src++) {
      untimed.classify(toKey(packet(1, src)));
      unlimited.classify(toKey(packet(1, src)), 0, 1);
    }
    expect([untimed.stats().uncached, unlimited.stats().uncached]).toEqual([0, 0]);
  });

  it('outlives a clock that is set back', () => {
    const { cache } = makeCache({ upcall: { ratePerSecond: 1000, burst: 1 } });
    for (const [src, nowMs] of [1e12, 5, 6].entries()) cache.classify(toKey(packet(1, src)), 0, nowMs);
    expect(cache.stats()).toMatchObject({ inserted: 2, uncached: 1 });
  });

  it('is a token bucket of each partition', () => {
    const arrivals = fc.array(
      fc.record({ inPort: fc.constantFrom(1, 2, 3), waitMs: fc.constantFrom(0, 0, 0, 1, 7, 60, 2000) }),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(
        arrivals,
        fc.constantFrom(1, 40, 250, 20_000),
        fc.constantFrom(1, 2, 9),
        (list, ratePerSecond, burst) => {
          const { cache } = makeCache({ upcall: { ratePerSecond, burst } });
          // Thousandths of tokens, so that whole milliseconds bring whole numbers.
          const buckets = new Map<number, { milliTokens: number; atMs: number }>();
          let nowMs = 1;
          let refused = 0;
          list.forEach(({ inPort, waitMs }, src) => {
            nowMs += waitMs;
            const { milliTokens, atMs } = buckets.get(inPort) ?? { milliTokens: 1000 * burst, atMs: nowMs };
            const filled = Math.min(1000 * burst, milliTokens + (nowMs - atMs) * ratePerSecond);
            buckets.set(inPort, { milliTokens: filled >= 1000 ? filled - 1000 : filled, atMs: nowMs });
            if (filled < 1000) refused++;
            cache.classify(toKey(packet(inPort, src)), 0, nowMs);
            const { uncached } = cache.stats();
            if (uncached !== refused) throw new Error(`${uncached} uncached, a bucket refuses ${refused}`);
          });
        },
      ),
    );
  });
});
