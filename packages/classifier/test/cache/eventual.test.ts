import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Grace } from '../../src/cache/grace.js';
import { FlowCache } from '../../src/cache/flow-cache.js';
import type { FlowCacheOptions } from '../../src/cache/options.js';
import { type Packet, SMALL_SCHEMA, toKey } from './small-path.js';

const packet = (src: number): Packet => [1, src, 0, 0, 0];

/** A cache whose answer can be changed, and how often the slow path ran. */
function makeWorld(options: Partial<FlowCacheOptions<number>> = {}) {
  const world = { answer: 1, runs: 0, width: -1 };
  const cache = new FlowCache<number>(SMALL_SCHEMA, {
    slowPath: (_key, mask) => {
      world.runs++;
      mask.consult(1, world.width);
      return world.answer;
    },
    seed: 1,
    revalidation: { mode: 'eventual', maxStaleMs: 100 },
    ...options,
  });
  const change = (answer: number): void => {
    world.answer = answer;
    cache.invalidate();
  };
  return { cache, world, change };
}

describe('revalidation in mode eventual', () => {
  it('serves hits for as long as it may, and then asks', () => {
    const { cache, world, change } = makeWorld();
    cache.classify(toKey(packet(1)), 0, 1000);
    change(2);
    expect(cache.classify(toKey(packet(1)), 0, 1100)).toBe(1);
    expect(cache.classify(toKey(packet(1)), 0, 1101)).toBe(2);
    expect(world.runs).toBe(2);
    expect(cache.stats()).toMatchObject({ stale: 1, replaced: 1, swept: 0 });
  });

  it('checks in maintain, some at a time, and forgets what is wrong', () => {
    const { cache, world, change } = makeWorld({ megaflow: { sweepFlows: 27 } });
    for (let src = 0; src < 6; src++) cache.classify(toKey(packet(src)), 0, 1000);
    change(2);
    cache.maintain(1001);
    expect(cache.stats()).toMatchObject({ swept: 3, withdrawn: 3, flows: 3 });
    cache.maintain(1002);
    expect(cache.stats()).toMatchObject({ swept: 6, withdrawn: 6, flows: 0 });
    expect(cache.classify(toKey(packet(0)), 0, 1003)).toBe(2);
    expect(world.runs).toBe(13);
  });

  it('keeps in maintain what still holds, also if the slow path now looks at less', () => {
    const { cache, world, change } = makeWorld();
    cache.classify(toKey(packet(7)), 0, 1000);
    world.width = 0;
    change(1);
    cache.maintain(1001);
    expect(cache.stats()).toMatchObject({ swept: 1, withdrawn: 0, flows: 1 });
    expect([...cache.megaflows()][0]!.isCurrent).toBe(true);
    cache.classify(toKey(packet(7)), 0, 5000);
    expect(cache.stats()).toMatchObject({ stale: 0, confirmed: 0 });
    expect(world.runs).toBe(2);
  });

  it('takes the time from the first change that a megaflow missed, however many follow', () => {
    const { cache, change } = makeWorld();
    cache.classify(toKey(packet(1)), 0, 1000);
    for (let ms = 0; ms < 100; ms++) {
      change(2);
      expect(cache.classify(toKey(packet(1)), 0, 1000 + ms)).toBe(1);
    }
    expect(cache.classify(toKey(packet(1)), 0, 1101)).toBe(2);
  });

  it('trusts nothing from before when the clock is set back', () => {
    const { cache, change } = makeWorld();
    cache.classify(toKey(packet(1)), 0, 1000);
    change(2);
    expect(cache.classify(toKey(packet(1)), 0, 999)).toBe(2);
  });

  it('is not the default', () => {
    const strict = new FlowCache<number>(SMALL_SCHEMA, { slowPath: ({ words }) => words[1]!, seed: 1 });
    strict.classify(toKey(packet(1)), 0, 1000);
    strict.invalidate();
    expect(strict.classify(toKey(packet(2)), 0, 1000)).toBe(2);
  });

  it.each([{ mode: 'lazy' }, { maxStaleMs: 0 }, { maxStaleMs: 1e9 }])('refuses %j', (revalidation) => {
    const options = { revalidation } as Partial<FlowCacheOptions<number>>;
    expect(() => makeWorld(options)).toThrow(expect.objectContaining({ code: 'E_BAD_OPTION' }));
  });
});

describe('the grace of a change', () => {
  const step = fc.record({ waitMs: fc.constantFrom(0, 0, 1, 5, 40, 200), changes: fc.nat(3) });

  it('ends no later than it may, and at most a sixteenth early', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(1, 16, 160), (steps, maxStaleMs) => {
        const grace = new Grace(maxStaleMs);
        /** When each change was made, by its number less one. */
        const madeMs: number[] = [];
        let nowMs = 0;
        for (const { waitMs, changes } of steps) {
          nowMs += waitMs;
          if (changes > 0) grace.noteChanges(madeMs.length, nowMs);
          for (let i = 0; i < changes; i++) madeMs.push(nowMs);
          for (let checked = 0; checked <= madeMs.length; checked++) {
            const staleMs = checked === madeMs.length ? 0 : nowMs - madeMs[checked]!;
            const isAllowed = grace.allows(checked, madeMs.length, nowMs);
            if (isAllowed && staleMs > maxStaleMs) throw new Error(`${staleMs} ms old`);
            if (!isAllowed && staleMs <= (maxStaleMs * 15) / 16) throw new Error(`refused after ${staleMs} ms`);
          }
          if (grace.allows(madeMs.length + 1, madeMs.length, nowMs)) throw new Error('checked in the future');
        }
      }),
    );
  });
});
