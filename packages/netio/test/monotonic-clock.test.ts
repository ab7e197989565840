import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NetioError } from '../src/errors.js';
import { MonotonicClock } from '../src/monotonic-clock.js';
import { fakeArena, FakeSystem } from './fake-system.js';

/** A clock whose kernel says the times one after the other, in nanoseconds. */
function clockOf(times: readonly bigint[]): MonotonicClock {
  const arena = fakeArena(4096);
  const view = new DataView(arena.bytes.buffer);
  const left = [...times];
  const system = new FakeSystem().always('clockGetTime', (_clock, address) => {
    const ns = left.shift()!;
    view.setBigUint64(address! - arena.baseAddress, ns / 1_000_000_000n, true);
    view.setBigUint64(address! - arena.baseAddress + 8, ns % 1_000_000_000n, true);
    return 1;
  });
  return new MonotonicClock({ arena, system });
}

describe('MonotonicClock', () => {
  it('counts whole milliseconds from the second in which it was made, for years', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 1_000_000_000_000_000n }),
        fc.bigInt({ min: 0n, max: 1_000_000_000_000_000_000n }),
        (start, later) => {
          const clock = clockOf([start, start + later]);
          const expected = (start + later) / 1_000_000n - (start / 1_000_000_000n) * 1000n;
          return clock.nowMs() === Number(expected);
        },
      ),
    );
  });

  it('never goes back where its numbers stop being small integers', () => {
    const second = 1_000_000_000n;
    const edge = 2_000_000n * second;
    const clock = clockOf([0n, edge - 1n, edge, edge + second]);
    expect([clock.nowMs(), clock.nowMs(), clock.nowMs()]).toEqual([1_999_999_999, 2_000_000_000, 2_000_001_000]);
  });

  it('says when there is no such clock', () => {
    const system = new FakeSystem().always('clockGetTime', -22);
    expect(() => new MonotonicClock({ arena: fakeArena(4096), system })).toThrow(NetioError);
  });
});
