import { describe, expect, it } from '@jest/globals';
import { createHeapMeter, heapPerOperation, type HeapMeter } from '../src/bench/heap.js';
import { INPUTS, iterationsFor, median, runBatch, sumOfResults, timeRound, warmUp } from '../src/bench/measure.js';

/** A clock that only moves when told to. */
function stoppedClock() {
  let now = 1000;
  return { clock: () => now, pass: (ns: number) => void (now += ns) };
}

describe('timing', () => {
  it('goes through all inputs in turn, over and over', () => {
    const seen: number[] = [];
    runBatch((i) => seen.push(i), INPUTS + 3);
    expect(seen).toHaveLength(INPUTS + 3);
    expect(seen.slice(0, INPUTS)).toEqual(Array.from({ length: INPUTS }, (_, i) => i));
    expect(seen.slice(INPUTS)).toEqual([0, 1, 2]);
  });

  it('sums up one pass through the inputs, beyond 32 bits', () => {
    expect(sumOfResults((i) => i)).toBe((INPUTS * (INPUTS - 1)) / 2);
    expect(sumOfResults(() => 0x7fffffff)).toBe(INPUTS * 0x7fffffff);
  });

  it('divides the time of a round by its calls', () => {
    const { clock, pass } = stoppedClock();
    const operation = (): number => {
      pass(7);
      return 1;
    };
    expect(timeRound(operation, 500, clock)).toBe(7);
  });

  it('warms up for the time asked for, in batches that double, and tells the time of a call in the last', () => {
    const { clock, pass } = stoppedClock();
    let calls = 0;
    // The first 20 calls are slow, as before a compiler has done its work.
    const operation = (): number => {
      pass(++calls <= 20 ? 100 : 10);
      return 1;
    };
    expect(warmUp(operation, 5000, clock)).toBe(10);
    // 1 + 2 + 4 + ... until 20 * 100 + 300 * 10 ns have passed.
    expect(calls).toBe(511);
  });

  it('chooses calls that fill a round, one at least', () => {
    expect(iterationsFor(20, 1e6)).toBe(50_000);
    expect(iterationsFor(5e6, 1e6)).toBe(1);
    expect(iterationsFor(0, 1e6)).toBe(10_000_000);
  });

  it('takes the middle value, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(3);
  });
});

describe('heap per operation', () => {
  const keptAlive: unknown[] = new Array(64);

  it('sees a planted allocation', async () => {
    const meter = createHeapMeter();
    const operation = (i: number): number => {
      keptAlive[i & 63] = { first: i, second: i };
      return i;
    };
    runBatch(operation, 50_000);
    const octets = await heapPerOperation(operation, meter);
    meter.close();
    // A map, properties, elements and two fields: 40 octets in V8 without pointer compression, at least 20 with.
    expect(octets).toBeGreaterThanOrEqual(20);
    expect(octets).toBeLessThan(80);
  });

  it('sees an allocation in one call of eight', async () => {
    const meter = createHeapMeter();
    const operation = (i: number): number => {
      if ((i & 7) === 0) keptAlive[(i >> 3) & 63] = { first: i };
      return i;
    };
    runBatch(operation, 50_000);
    const octets = await heapPerOperation(operation, meter);
    meter.close();
    expect(octets).toBeGreaterThan(1);
    expect(octets).toBeLessThan(10);
  });

  it('sees nothing in a pure loop', async () => {
    const meter = createHeapMeter();
    const words = new Int32Array(INPUTS);
    const operation = (i: number): number => (words[i]! += 3) & 0xff;
    runBatch(operation, 50_000);
    const octets = await heapPerOperation(operation, meter);
    meter.close();
    expect(octets).toBe(0);
  });

  it('throws away intervals that a collection touched, and makes them shorter', async () => {
    let used = 0;
    let calls = 0;
    const lengths: number[] = [];
    const meter: HeapMeter = {
      collect: () => (calls = 0),
      used: () => used,
      // A collector that runs, and takes everything, once a thousand calls have allocated.
      collections: async () => {
        const collected = calls > 1000;
        if (calls > 0) lengths.push(calls);
        calls = 0;
        return collected ? 1 : 0;
      },
      close: () => undefined,
    };
    const operation = (): number => {
      calls++;
      used += 24;
      return 1;
    };
    expect(await heapPerOperation(operation, meter)).toBe(24);
    expect(lengths.slice(0, 3)).toEqual([200_000, 100_000, 50_000]);
    expect(lengths.filter((length) => length <= 1000)).toHaveLength(5);
  });

  it('gives up when no interval is free of collections', async () => {
    const meter: HeapMeter = {
      collect: () => undefined,
      used: () => 0,
      collections: async () => 1,
      close: () => undefined,
    };
    await expect(heapPerOperation(() => 1, meter)).rejects.toThrow('garbage collections spoil every interval');
  });
});
