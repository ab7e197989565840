import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ClassifierError, FlowKey, FlowMask } from '../../src/index.js';
import { FlowCache } from '../../src/cache/flow-cache.js';
import type { FlowCacheOptions } from '../../src/cache/options.js';
import { type Packet, SMALL_SCHEMA, packets, rules, scan, toKey, toMatch, trackedScan } from './small-path.js';

/** A cache whose slow path looks at port and source. */
function makeCache(options: Partial<FlowCacheOptions<number>> = {}): FlowCache<number> {
  return new FlowCache<number>(SMALL_SCHEMA, {
    slowPath: ({ words }, mask) => {
      mask.consult(0, -1);
      mask.consult(1, -1);
      return words[1]!;
    },
    seed: 1,
    ...options,
  });
}

const packet = (inPort: number, src: number): Packet => [inPort, src, 0, 0, 0];

describe('limits of a flow cache', () => {
  it('evict within the inserting partition only, those without packets first', () => {
    const cache = makeCache({ megaflow: { maxFlows: 12, maxFlowsPerPartition: 8 } });
    for (let src = 0; src < 4; src++) cache.classify(toKey(packet(1, src)));
    for (let src = 0; src < 100; src++) {
      cache.classify(toKey(packet(2, src)));
      cache.classify(toKey(packet(2, 0)));
    }
    const left = [...cache.megaflows()].map(({ value }) => value[0]);
    expect(left.filter((inPort) => inPort === 1)).toHaveLength(4);
    expect(left.filter((inPort) => inPort === 2)).toHaveLength(8);
    expect(cache.lookup(toKey(packet(2, 0)))).toBe(0);
    expect(cache.stats()).toMatchObject({ flows: 12, refused: 0 });
    // The one with packets went at most once, before it had any to show.
    expect(cache.stats().evicted - 92).toBeLessThanOrEqual(1);
  });

  it('refuse a new partition when all is taken by others, and still answer', () => {
    const cache = makeCache({ megaflow: { maxFlows: 2 } });
    for (let src = 0; src < 2; src++) cache.classify(toKey(packet(1, src)));
    expect(cache.classify(toKey(packet(2, 7)))).toBe(7);
    expect(cache.insert(toKey(packet(3, 7)), new FlowMask(SMALL_SCHEMA), 7)).toBe(false);
    expect(cache.stats()).toMatchObject({ flows: 2, partitions: 1, masks: 1, refused: 2 });
  });

  it('let idle megaflows go: after idleMs, a quarter of it for drops, and much sooner when nearly full', () => {
    const cache = makeCache({
      isDrop: (result) => result === 9,
      megaflow: { maxFlows: 100, maxFlowsPerPartition: 20, idleMs: 1000, pressureIdleMs: 50 },
    });
    cache.classify(toKey(packet(1, 1)), 0, 0);
    cache.classify(toKey(packet(1, 9)), 0, 0);
    const left = () => [...cache.megaflows()].map(({ result }) => result);
    cache.maintain(250);
    expect(left()).toEqual([1, 9]);
    cache.maintain(251);
    expect(left()).toEqual([1]);
    for (let src = 20; src < 39; src++) cache.classify(toKey(packet(1, src)), 0, 300);
    expect(cache.maintain(351)).toMatchObject({ expired: 2, isRoundComplete: true });
    cache.maintain(1300);
    expect(left()).toHaveLength(18);
    expect(cache.maintain(1301).expired).toBe(18);
    expect(cache.stats()).toMatchObject({ flows: 0, partitions: 0, masks: 0 });
  });

  it('sweep in slices', () => {
    const cache = makeCache({ megaflow: { sweepFlows: 10, idleMs: 5 } });
    for (let src = 0; src < 25; src++) cache.classify(toKey(packet(1, src)), 0, 0);
    const reports = [100, 100, 100].map((nowMs) => cache.maintain(nowMs));
    expect(reports.map(({ visited, expired }) => [visited, expired])).toEqual([
      [10, 10],
      [10, 10],
      [5, 5],
    ]);
    expect(reports.map(({ isRoundComplete }) => isRoundComplete)).toEqual([false, false, true]);
  });

  it('hold memory in place, however long it goes on', () => {
    const cache = makeCache({ megaflow: { maxFlows: 512, maxFlowsPerPartition: 128, maxMasks: 16, idleMs: 100 } });
    const mask = new FlowMask(SMALL_SCHEMA);
    const key = new FlowKey(SMALL_SCHEMA);
    const memory = new Set<number>();
    for (let i = 0; i < 20_000; i++) {
      key.words.set([i % 7, Math.imul(i, 0x9e37_79b1), i, i << 3]);
      mask.clear();
      mask.consult(1, -1 << (i % 32));
      mask.consult(2, -1 << ((i >> 5) % 32));
      cache.insert(key, mask, i);
      if (i % 50 === 0) cache.maintain(i >> 4);
      const { flows, mostMasks, partitionMemory } = cache.stats();
      if (flows > 512 || mostMasks > 16) throw new Error(`${flows} flows, ${mostMasks} masks`);
      if (i > 8000) memory.add(partitionMemory);
    }
    expect(Math.max(...memory)).toBeLessThan(1 << 20);
  });

  it.each([
    { microflow: { entries: 3 } },
    { microflow: { entries: -2 } },
    { microflow: { insertInverse: 0 } },
    { megaflow: { maxFlows: 0 } },
    { megaflow: { maxFlows: 4, maxFlowsPerPartition: 5 } },
    { megaflow: { maxMasks: 1025 } },
    { megaflow: { idleMs: Number.NaN } },
    { megaflow: { sweepFlows: 1.5 } },
    { changeLog: 65_537 },
  ])('refuse options out of range: %j', (options) => {
    expect(() => makeCache(options)).toThrow(expect.objectContaining({ code: 'E_BAD_OPTION' }));
  });

  it('refuse partitions by fields that there are not', () => {
    expect(() => makeCache({ megaflow: { partitionBy: ['colour'] } })).toThrow(ClassifierError);
  });
});

describe('a flow cache and its slow path', () => {
  it('does the same again for the same seed', () => {
    fc.assert(
      fc.property(
        fc.array(rules, { maxLength: 5 }),
        fc.array(packets, { maxLength: 40 }),
        fc.integer(),
        (list, all, seed) => {
          const dump = () => {
            const cache = new FlowCache<number>(SMALL_SCHEMA, {
              slowPath: (key, mask) => trackedScan(list, key, mask),
              seed,
              microflow: { entries: 4, insertInverse: 2 },
              megaflow: { maxFlows: 8, maxMasks: 4 },
            });
            all.forEach((it, i) => {
              cache.classify(toKey(it), i, i);
              cache.classify(toKey(it), i, i);
              if (i % 9 === 8) cache.maintain(i * 100);
            });
            return JSON.stringify([cache.stats(), ...cache.megaflows()]);
          };
          return dump() === dump();
        },
      ),
    );
  });

  it('caches nothing when the slow path throws, and works on', () => {
    let fails = true;
    const cache = makeCache({
      slowPath: ({ words }, mask) => {
        mask.consult(1, -1);
        if (fails) throw new RangeError('no answer');
        return words[1]!;
      },
    });
    expect(() => cache.classify(toKey(packet(1, 5)))).toThrow(RangeError);
    expect(cache.stats().flows).toBe(0);
    fails = false;
    expect(cache.classify(toKey(packet(1, 5)))).toBe(5);
    cache.invalidate();
    fails = true;
    expect(() => cache.lookup(toKey(packet(1, 5)))).toThrow(RangeError);
    fails = false;
    expect(cache.lookup(toKey(packet(1, 5)))).toBe(5);
  });

  it('may be asked again from within the slow path, for another key', () => {
    const cache: FlowCache<number> = makeCache({
      slowPath: ({ words }, mask) => {
        mask.consult(1, -1);
        return words[1] === 0 ? 0 : 1 + cache.classify(toKey(packet(1, words[1]! - 1)));
      },
    });
    expect(cache.classify(toKey(packet(1, 10)))).toBe(10);
    expect(cache.stats().flows).toBe(11);
    expect([...cache.megaflows()].every(({ mask }) => mask[1] === -1 && mask[2] === 0)).toBe(true);
  });

  it('asks again only for megaflows that a change may concern, and keeps those whose answer stays', () => {
    let asked = 0;
    const list = [{ packet: packet(0, 0x0a00_0000), lengths: [0, 8, 0, 0, 0], result: 1 } as const];
    const cache = makeCache({
      slowPath: (key, mask) => {
        asked++;
        return trackedScan(list, key, mask);
      },
    });
    const [inside, outside] = [packet(1, 0x0a00_0001), packet(1, 0x0b00_0001)];
    for (const it of [inside, outside]) cache.classify(toKey(it));
    cache.invalidate(toMatch({ packet: packet(0, 0x0b00_0000), lengths: [0, 8, 0, 0, 0], result: 2 }));
    for (const it of [inside, outside]) expect(cache.classify(toKey(it))).toBe(scan(list, it));
    expect(asked).toBe(3);
    expect(cache.stats()).toMatchObject({ spared: 1, confirmed: 1, replaced: 0, flows: 2 });
  });

  it('formats its megaflows through the schema', () => {
    const cache = makeCache();
    cache.classify(toKey(packet(3, 0x0a00_0001)), 100, 7);
    cache.classify(toKey(packet(3, 0x0a00_0001)), 50, 9);
    const [megaflow] = cache.megaflows();
    expect(megaflow).toMatchObject({ text: 'in_port=3,src=10.0.0.1', result: 0x0a00_0001, packets: 2, octets: 150 });
    expect(megaflow).toMatchObject({ createdMs: 7, usedMs: 9, isCurrent: true });
    cache.invalidate();
    expect([...cache.megaflows()][0]!.isCurrent).toBe(false);
  });
});
