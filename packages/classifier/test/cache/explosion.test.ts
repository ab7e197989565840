import { describe, expect, it } from '@jest/globals';
import type { FlowKey, FlowMask } from '../../src/index.js';
import { FlowCache } from '../../src/cache/flow-cache.js';
import { type Packet, SMALL_SCHEMA, type SmallRule, toKey, trackedScan } from './small-path.js';

const EXACT_SOURCE = [0, 32, 0, 0, 0] as const;
const ALLOWED: Packet = [0, 0x0a00_0001, 0, 12_345, 80];
/** One source, one destination port, one source port are allowed, all else is dropped: the whole attack needs no more. */
const RULES: readonly SmallRule[] = [
  { packet: ALLOWED, lengths: EXACT_SOURCE, result: 1 },
  { packet: ALLOWED, lengths: [0, 0, 0, 0, 16], result: 2 },
  { packet: ALLOWED, lengths: [0, 0, 0, 16, 0], result: 3 },
  { packet: ALLOWED, lengths: [0, 0, 0, 0, 0], result: 0 },
];

/** Looks at each field down to its first bit that differs: three fields, so 32 * 16 * 16 masks. */
function slowPath(key: FlowKey, mask: FlowMask): number {
  const ports = key.words[3]!;
  const wrong = (bits: number, width: number) => (-1 << (31 - Math.clz32(bits))) & (width === 16 ? 0xffff : -1);
  const source = key.words[1]! ^ ALLOWED[1];
  mask.consult(1, source === 0 ? -1 : wrong(source, 32));
  if (source === 0) return 1;
  const dport = (ports & 0xffff) ^ ALLOWED[4];
  mask.consult(3, dport === 0 ? 0xffff : wrong(dport, 16));
  if (dport === 0) return 2;
  const sport = (ports >>> 16) ^ ALLOWED[3];
  mask.consult(3, (sport === 0 ? 0xffff : wrong(sport, 16)) << 16);
  return sport === 0 ? 3 : 0;
}

function* attack(inPort: number): Generator<Packet> {
  for (let i = 0; i < 32; i++) {
    for (let j = 0; j < 16; j++) {
      for (let k = 0; k < 16; k++) {
        yield [inPort, (ALLOWED[1] ^ (1 << i)) >>> 0, 0, ALLOWED[3] ^ (1 << k), ALLOWED[4] ^ (1 << j)];
      }
    }
  }
}

const victim = (inPort: number): Packet => [inPort, ALLOWED[1], 0, 5, 5];

function makeCache(maxMasks: number): FlowCache<number> {
  return new FlowCache<number>(SMALL_SCHEMA, {
    slowPath,
    isDrop: (result) => result === 0,
    seed: 3,
    microflow: { entries: 0 },
    megaflow: { maxMasks, maxFlowsPerPartition: 4096 },
  });
}

describe('the tuple space explosion attack', () => {
  it('is what its rules say it is', () => {
    for (const packet of [...attack(1)].filter((_, i) => i % 97 === 0)) {
      const key = toKey(packet);
      const mask = { consult: () => undefined } as unknown as FlowMask;
      expect(slowPath(key, mask)).toBe(trackedScan(RULES, key, mask));
    }
  });

  it.each([1, 2, 16, 128])('never gets more than %i masks, and takes nothing from other partitions', (maxMasks) => {
    const cache = makeCache(maxMasks);
    cache.classify(toKey(victim(1)));
    cache.classify(toKey(victim(2)));
    let nowMs = 0;
    for (const packet of attack(1)) {
      if (cache.classify(toKey(packet), 64, nowMs++) !== 0) throw new Error('let through');
      if (nowMs % 500 === 0) {
        const before = cache.stats().misses;
        for (const inPort of [1, 2]) expect(cache.classify(toKey(victim(inPort)), 64, nowMs)).toBe(1);
        const { misses, mostMasks } = cache.stats();
        expect(mostMasks).toBeLessThanOrEqual(maxMasks);
        // The other partition's never goes, and with more than a mask to spare nor does that of the attacked one.
        expect(misses - before).toBeLessThanOrEqual(maxMasks > 2 ? 0 : 1);
        cache.maintain(nowMs);
      }
    }
    const mine = [...cache.megaflows()].filter(({ value }) => value[0] === 2);
    expect(mine.map(({ result, packets }) => [result, packets])).toEqual([[1, 17]]);
  });

  it('leaves three quarters of its own partition to megaflows that do not drop', () => {
    const cache = makeCache(128);
    let nowMs = 0;
    for (const packet of attack(1)) cache.classify(toKey(packet), 64, nowMs++);
    expect(cache.stats().flows).toBeLessThanOrEqual(1024);
    expect(cache.stats().evicted).toBeGreaterThan(7000);
  });

  it('costs a victim in its partition few searches, though its masks are many', () => {
    const cache = makeCache(128);
    cache.classify(toKey(victim(1)), 64, 0);
    for (const packet of attack(1)) cache.classify(toKey(packet), 64, 1);
    for (let second = 0; second < 3; second++) {
      for (let i = 0; i < 2000; i++) cache.classify(toKey(victim(1)), 64, 1);
      cache.maintain(1000 * second);
    }
    const before = cache.stats().probes;
    for (let i = 0; i < 1000; i++) cache.classify(toKey(victim(1)), 64, 1);
    expect(cache.stats().probes - before).toBeLessThan(3000);
    expect(cache.stats().masks).toBeGreaterThan(20);
  });
});
