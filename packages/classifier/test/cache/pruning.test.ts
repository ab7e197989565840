import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FlowKey, FlowMask } from '../../src/index.js';
import { FlowCache } from '../../src/cache/flow-cache.js';
import { SMALL_SCHEMA, type SmallRule, rules, toKey, toMatch } from './small-path.js';

/** A cache that only holds what is put in, without microflows: what it finds, it finds by its masks. */
function makeCache(hashBits: number, maxMasks: number): FlowCache<number> {
  return new FlowCache<number>(SMALL_SCHEMA, {
    slowPath: () => -1,
    seed: 1,
    hashBits,
    microflow: { entries: 0 },
    megaflow: { partitionBy: ['in_port'], maxMasks, idleMs: 1 << 30, pressureIdleMs: 1 << 30 },
  });
}

function put(cache: FlowCache<number>, rule: SmallRule, result: number): void {
  const { value, mask } = toMatch(rule);
  const key = new FlowKey(SMALL_SCHEMA);
  key.words.set(value);
  const flowMask = new FlowMask(SMALL_SCHEMA);
  flowMask.words.set(mask);
  cache.insert(key, flowMask, result);
}

/** Every megaflow is found by keys in it: by its lowest, its highest, and one between. */
function checkAllFound(cache: FlowCache<number>): void {
  const key = new FlowKey(SMALL_SCHEMA);
  for (const megaflow of cache.megaflows()) {
    const { value, mask } = megaflow;
    for (const free of [0, -1, 0x5aa5_c33c]) {
      key.words.set(value.map((bits, word) => bits | (free & ~mask[word]!)));
      if (cache.lookup(key) === undefined)
        throw new Error(`nothing found for ${megaflow.text}, filled up with ${free}`);
    }
  }
}

describe('pruning', () => {
  it('never hides a megaflow, whatever is put in and taken out, while filters are built and rebuilt', () => {
    const step = fc.oneof(
      { weight: 9, arbitrary: fc.array(rules, { minLength: 1, maxLength: 8 }) },
      { weight: 1, arbitrary: fc.constantFrom('maintain' as const, 'clear' as const) },
      { weight: 1, arbitrary: fc.constant('maintain' as const) },
    );
    const worlds = fc.constantFrom(-1, -1, -1, 0, 15, 15 << 28);
    fc.assert(
      fc.property(worlds, fc.constantFrom(5, 30, 128), fc.array(step, { maxLength: 4 }), (hashBits, masks, list) => {
        const cache = makeCache(hashBits, masks);
        let nowMs = 0;
        for (const entry of list) {
          if (entry === 'clear') cache.clear();
          else if (entry === 'maintain') cache.maintain((nowMs += 1000));
          else entry.forEach((rule, i) => put(cache, rule, i));
          checkAllFound(cache);
        }
      }),
    );
  });

  it('finds what is put in while a large filter is being built', () => {
    const cache = makeCache(-1, 128);
    for (let i = 0; i < 2400; i++) {
      const address = Math.imul(i, 0x9e37_79b1) >>> 0;
      const lengths = [32, 8 + (i % 12), 32, 0, i % 2 === 0 ? 16 : 0] as const;
      put(cache, { packet: [1, address, (address ^ 0xffff) >>> 0, 0, i & 0xff], lengths, result: 1 }, 1);
      if (i % 300 === 0) checkAllFound(cache);
    }
    for (let i = 0; i < 5; i++) cache.maintain(1000 * i);
    checkAllFound(cache);
  });

  it('finds what has a mask for which the filter has no room', () => {
    const cache = makeCache(-1, 128);
    for (let i = 0; i < 40; i++) {
      const address = Math.imul(i + 1, 0x9e37_79b1) >>> 0;
      const lengths = [32, i < 20 ? 32 : 8 + (i % 20), i < 20 ? 8 + i : 32, 0, 0] as const;
      put(cache, { packet: [1, address, (address ^ 0x55aa_55aa) >>> 0, 0, 0], lengths, result: 1 }, 1);
      checkAllFound(cache);
    }
    expect(cache.stats().masks).toBe(40);
  });

  it('becomes exact when prefixes that agree in most bits would all be searched, and then searches few', () => {
    const cache = makeCache(-1, 1024);
    // Every prefix of the victim's address that differs in its last bit only.
    for (let length = 1; length <= 32; length++) {
      for (const port of [1, 4, 8, 12, 16]) {
        const source = (0x0a00_0001 ^ (1 << (32 - length))) >>> 0;
        const portValue = (0x8050 ^ (1 << (16 - port))) & 0xffff;
        put(cache, { packet: [1, source, 0, 0, portValue], lengths: [32, length, 0, 0, port], result: 1 }, 1);
      }
    }
    put(cache, { packet: [1, 0x0a00_0001, 0, 0, 0], lengths: [32, 32, 0, 0, 0], result: 0 }, 0);
    const key = new FlowKey(SMALL_SCHEMA);
    key.words.set([1, 0x0a00_0001, 0, 0]);
    const probesPerLookup = () => {
      const before = cache.stats().probes;
      for (let i = 0; i < 1000; i++) cache.lookup(key);
      return (cache.stats().probes - before) / 1000;
    };
    const before = probesPerLookup();
    expect(before).toBeGreaterThan(8);
    for (let round = 1; round < 4; round++) {
      checkAllFound(cache);
      for (let i = 0; i < 3; i++) probesPerLookup();
      // Not only because its subtable is searched first by now.
      for (let i = 0; i < 40; i++) checkAllFound(cache);
      cache.maintain(1000 * round);
    }
    expect(probesPerLookup()).toBeLessThan(3);
    checkAllFound(cache);
  });

  it('takes no megaflow for one of another subtable with the same bits in other words', () => {
    const cache = makeCache(0, 128);
    put(cache, { packet: [1, 7, 0, 0, 0], lengths: [32, 32, 0, 0, 0], result: 1 }, 1);
    put(cache, { packet: [1, 0, 9, 0, 0], lengths: [32, 0, 32, 0, 0], result: 2 }, 2);
    const answer = (packet: Parameters<typeof toKey>[0]) => cache.lookup(toKey(packet));
    expect([answer([1, 7, 0, 0, 0]), answer([1, 0, 9, 0, 0])]).toEqual([1, 2]);
    expect([answer([1, 9, 0, 0, 0]), answer([1, 0, 7, 0, 0])]).toEqual([undefined, undefined]);
  });
});
