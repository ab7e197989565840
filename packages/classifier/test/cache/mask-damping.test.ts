import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MaskDamping } from '../../src/cache/mask-damping.js';
import { FlowCache } from '../../src/cache/flow-cache.js';
import { readLimits } from '../../src/cache/options.js';
import { type Packet, SMALL_SCHEMA, toKey } from './small-path.js';

const NETWORK = -1 << 8;
const packet = (src: number, dport = 80): Packet => [1, src, 9, 7, dport];

/** A cache whose slow path looks at the /24 of the source, and above port 1000 at the destination's and the port. */
function makeCache(dampAfter?: number): FlowCache<number> {
  return new FlowCache<number>(SMALL_SCHEMA, {
    slowPath: ({ words }, mask) => {
      mask.consult(1, NETWORK);
      if ((words[3]! & 0xffff) <= 1000) return words[1]! & NETWORK;
      mask.consult(2, NETWORK);
      mask.consult(3, 0xffff);
      return 1;
    },
    seed: 3,
    upcall: false,
    megaflow: { idleMs: 10, ...(dampAfter === undefined ? {} : { dampAfter }) },
  });
}

/** One packet to each of so many networks, each answered by a megaflow of its own that then goes idle. */
function scan(cache: FlowCache<number>, count: number, startMs: number): void {
  for (let i = 0; i < count; i++) cache.classify(toKey(packet((i + 1) << 8)), 64, startMs);
  cache.maintain(startMs + 11);
}

/** The mask of the source that a new megaflow gets. */
function maskOfNew(cache: FlowCache<number>, nowMs: number): number {
  cache.classify(toKey(packet(0x7700_0001)), 64, nowMs);
  return [...cache.megaflows()].find(({ value }) => (value[1]! & NETWORK) === 0x7700_0000)!.mask[1]!;
}

describe('a mask whose megaflows nobody asks for again', () => {
  it('is demoted to the widest for ten seconds, once 256 of them have gone', () => {
    const cache = makeCache();
    scan(cache, 255, 0);
    expect(maskOfNew(cache, 12)).toBe(NETWORK);
    cache.maintain(30);
    expect(cache.stats()).toMatchObject({ demotions: 1, damped: 0, flows: 0 });
    expect(maskOfNew(cache, 31)).toBe(-1);
    expect(cache.stats()).toMatchObject({ damped: 1 });
    cache.maintain(10_029);
    expect(maskOfNew(cache, 10_029)).toBe(-1);
    cache.maintain(10_050);
    expect(maskOfNew(cache, 10_050)).toBe(NETWORK);
  });

  it('stays as it is if one in twenty had a second packet', () => {
    const cache = makeCache();
    for (let i = 0; i < 13; i++) for (let n = 0; n < 2; n++) cache.classify(toKey(packet((i + 999) << 8)), 64, 1);
    scan(cache, 243, 1);
    expect(cache.stats()).toMatchObject({ expired: 256, demotions: 0 });
  });

  it('leaves other masks alone, and gives way to a wider one that is there', () => {
    const cache = makeCache();
    scan(cache, 256, 0);
    cache.classify(toKey(packet(5, 2000)), 64, 12);
    expect(maskOfNew(cache, 12)).toBe(-1);
    const widest = [...cache.megaflows()].find(({ mask }) => mask[1] === -1)!;
    // All fields that anyone looks at, whole.
    expect([...widest.mask]).toEqual([-1, -1, -1, 0xffff]);
    expect([...cache.megaflows()].some(({ mask }) => mask[1] === NETWORK && mask[2] === NETWORK)).toBe(true);
  });

  it('is not looked for with dampAfter 0', () => {
    const cache = makeCache(0);
    for (let i = 0; i < 3; i++) scan(cache, 500, 20 * i);
    expect(cache.stats()).toMatchObject({ demotions: 0, damped: 0 });
  });

  it('does not count those that a change of the rules took away', () => {
    const cache = makeCache(8);
    for (let i = 0; i < 100; i++) cache.classify(toKey(packet(i << 8)), 64, 1);
    cache.clear();
    expect(cache.stats().demotions).toBe(0);
  });
});

describe('mask damping', () => {
  const MASKS = [1, 2, 3].map((bits) => Int32Array.of(-1, bits, 0, 0));
  const SEEDS = Int32Array.of(0x2545_f4c0, 0x6c07_8941, -0x61c8_8642, 0x0bad_5ee3);
  const event = fc.record({
    mask: fc.nat(MASKS.length - 1),
    partition: fc.constantFrom(0x1234_5678, -0x5678_1234),
    packets: fc.constantFrom(0, 1, 1, 1, 1, 1, 2),
    waitMs: fc.constantFrom(0, 0, 1, 30),
  });

  it('demotes what a count of each mask demotes', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 200 }), fc.constantFrom(1, 4, 25, 60), (events, dampAfter) => {
        const { megaflow } = readLimits(SMALL_SCHEMA, { megaflow: { dampAfter, dampMs: 40 } });
        const damping = new MaskDamping(SEEDS, megaflow);
        const counts = new Map<string, { gone: number[]; untilMs: number }>();
        let nowMs = 0;
        for (const { mask, partition, packets, waitMs } of events) {
          nowMs += waitMs;
          const name = `${mask} of ${partition}`;
          const count = counts.get(name) ?? { gone: [], untilMs: -1 };
          counts.set(name, count);
          const isDemoted = nowMs < count.untilMs;
          if (damping.isDemoted(partition, MASKS[mask]!, 0, nowMs) !== isDemoted) throw new Error(`mask ${name}`);
          damping.noteGone(partition, MASKS[mask]!, 0, packets, nowMs);
          if (isDemoted) continue;
          count.gone.push(packets);
          if (count.gone.length < dampAfter) continue;
          const useful = count.gone.filter((seen) => seen > 1).length;
          if (useful / dampAfter < 0.05) count.untilMs = nowMs + 40;
          count.gone = [];
        }
      }),
    );
  });
});
