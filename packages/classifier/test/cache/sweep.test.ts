import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FlowKey, type FlowMask } from '../../src/index.js';
import { FlowCache } from '../../src/cache/flow-cache.js';
import { FlowStore } from '../../src/cache/flow-store.js';
import { SweepPace } from '../../src/cache/sweep-pace.js';
import { SMALL_SCHEMA } from './small-path.js';

const SLOW = 400;
const BUSY = 8;
const MAX_STALE_MS = 100;

/**
 * A cache under changes of which none changes an answer, every 10 ms for two seconds. One sweep sees to about a tenth of it.
 * Sources below `SLOW` send a packet a second, the others one every 5 ms. Says how often packets of either had to wait for
 * the slow path in the second second.
 */
function runUnderChanges(mode: 'strict' | 'eventual') {
  let waiting: 'slow' | 'busy' | 'nobody' = 'nobody';
  const waits = { slow: 0, busy: 0, nobody: 0 };
  const cache = new FlowCache<number>(SMALL_SCHEMA, {
    slowPath: ({ words }, mask) => {
      waits[waiting]++;
      mask.consult(1, -1);
      return words[1]!;
    },
    seed: 1,
    upcall: false,
    revalidation: { mode, maxStaleMs: MAX_STALE_MS },
    megaflow: { sweepFlows: 300 },
  });
  const key = new FlowKey(SMALL_SCHEMA);
  const send = (source: number, nowMs: number): void => {
    key.words[1] = source;
    waiting = source < SLOW ? 'slow' : 'busy';
    expect(cache.classify(key, 64, nowMs)).toBe(source);
    waiting = 'nobody';
  };
  for (let source = 0; source < SLOW + BUSY; source++) send(source, 0);
  for (let nowMs = 1; nowMs <= 2000; nowMs++) {
    if (nowMs === 1000) waits.slow = waits.busy = 0;
    if (nowMs % 10 === 0) cache.invalidate();
    if (nowMs % 10 === 5) cache.maintain(nowMs);
    if (nowMs % 5 === 0) for (let source = SLOW; source < SLOW + BUSY; source++) send(source, nowMs);
    if (nowMs % 5 < 2) send((nowMs % 5) * (SLOW / 2) + (Math.floor(nowMs / 5) % (SLOW / 2)), nowMs);
  }
  return { cache, waits };
}

describe('a sweep that is late', () => {
  it('leaves megaflows with few packets to their next one, and comes to the others in time', () => {
    const { cache, waits } = runUnderChanges('eventual');
    expect(waits.busy).toBe(0);
    expect(waits.slow).toBeGreaterThan(0);
    const { deferred, swept, flows, roundMs } = cache.stats();
    expect(deferred).toBeGreaterThan(SLOW);
    expect(swept).toBeGreaterThan(SLOW);
    expect(flows).toBe(SLOW + BUSY);
    expect(roundMs).toBeGreaterThan(MAX_STALE_MS / 2);
    expect(roundMs).toBeLessThan(MAX_STALE_MS);
  });

  it('asks about none in mode strict, where every packet does', () => {
    const { cache, waits } = runUnderChanges('strict');
    expect(waits.busy).toBeGreaterThan(0);
    expect(cache.stats()).toMatchObject({ deferred: 0, swept: 0 });
  });

  it('tells how long a round took', () => {
    const slowPath = ({ words }: FlowKey, mask: FlowMask): number => {
      mask.consult(1, -1);
      return words[1]!;
    };
    const cache = new FlowCache<number>(SMALL_SCHEMA, { slowPath, seed: 1, megaflow: { sweepFlows: 10 } });
    const key = new FlowKey(SMALL_SCHEMA);
    for (let source = 0; source < 25; source++) {
      key.words[1] = source;
      cache.classify(key, 0, 0);
    }
    const times = [100, 130, 160, 200].map((nowMs) => {
      cache.maintain(nowMs);
      return cache.stats().roundMs;
    });
    expect(times).toEqual([0, 0, 60, 60]);
  });
});

describe('the pace of a sweep', () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant('packets' as const), flow: fc.nat(2), count: fc.nat(3) }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 7, 60, 190, 210, 900) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('replace' as const), flow: fc.nat(2) }) },
  );

  it('leaves only megaflows of under five packets a second since it last passed, or since they were made, when late', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.constantFrom(1, 50, 200), (steps, lateMs) => {
        const store = new FlowStore<number>(3);
        const pace = new SweepPace(store, lateMs);
        /** Of each megaflow: when it was made, and its packets since then and since it was passed. */
        const flows = [0, 1, 2].map(() => ({ flow: store.allocate(), madeMs: 0, sinceMade: 0, sincePassed: 0 }));
        let nowMs = 0;
        let startMs = -Infinity;
        let earlierMs = -Infinity;
        let next = 0;
        for (const it of steps) {
          if (it.do === 'wait') nowMs += it.ms;
          else if (it.do === 'packets') {
            for (let i = 0; i < it.count; i++) store.touch(flows[it.flow]!.flow, 64, nowMs);
            flows[it.flow]!.sinceMade += it.count;
            flows[it.flow]!.sincePassed += it.count;
          } else if (it.do === 'replace') {
            store.free(flows[it.flow]!.flow);
            const flow = store.allocate();
            store.createdMs[flow] = nowMs;
            flows[it.flow] = { flow, madeMs: nowMs, sinceMade: 0, sincePassed: 0 };
          } else {
            if (next === 0) {
              earlierMs = startMs;
              startMs = nowMs;
              pace.begin(nowMs);
            }
            // Records are used again at once, so each megaflow stays where the one before it was.
            const own = flows.find(({ flow }) => flow === next)!;
            const ageMs = nowMs - own.madeMs;
            const isNew = ageMs < startMs - earlierMs;
            const rate = isNew ? own.sinceMade / ageMs : own.sincePassed / (startMs - earlierMs);
            const expected = nowMs - startMs > lateMs && rate < 5 / 1000;
            if (pace.leaves(next, nowMs) !== expected) throw new Error(`${rate} packets per millisecond`);
            own.sincePassed = 0;
            next = (next + 1) % 3;
            if (next === 0) {
              pace.end(nowMs);
              if (pace.roundMs !== nowMs - startMs) throw new Error('round');
            }
          }
        }
      }),
    );
  });
});
