import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Capabilities } from '../src/van/capabilities.js';
import { Deadlines } from '../src/van/deadlines.js';
import { isNewer, nextGeneration } from '../src/van/generation.js';
import { PeerSet } from '../src/van/peer-set.js';
import { RateLimiter } from '../src/van/rate-limiter.js';
import { StationTable } from '../src/van/station-table.js';

class BareTable extends StationTable {
  resized = this.slots;
  protected override resize(slots: number): void {
    this.resized = slots;
  }
}

const require = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what);
};

describe('deadlines', () => {
  it('come in their order, whatever was set, moved and cleared before', () => {
    const step = fc.record({ item: fc.nat({ max: 40 }), dueMs: fc.nat({ max: 30 }), kind: fc.nat({ max: 3 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const heap = new Deadlines();
        const naive = new Map<number, number>();
        for (const { item, dueMs, kind } of steps) {
          if (kind === 0) {
            heap.clear(item);
            naive.delete(item);
          } else if (kind === 1) {
            const due = [...naive].filter(([, ms]) => ms <= dueMs);
            const first = Math.min(...due.map(([, ms]) => ms));
            const taken = heap.take(dueMs);
            require(due.length === 0 ? taken === -1 : naive.get(taken) === first, 'took another');
            naive.delete(taken);
          } else {
            heap.set(item, dueMs);
            naive.set(item, dueMs);
          }
          require(heap.size === naive.size && heap.nextMs === Math.min(Infinity, ...naive.values()), 'next');
        }
      }),
    );
  });
});

describe('a table of stations', () => {
  it('finds what is in it, in slots that stay', () => {
    const key = fc.record({ network: fc.nat({ max: 3 }), high: fc.nat({ max: 2 }), low: fc.integer() });
    const keys = fc.array(key, { minLength: 1, maxLength: 60 });
    const steps = fc.array(fc.record({ which: fc.nat(), adds: fc.boolean() }), { maxLength: 200 });
    fc.assert(
      fc.property(keys, steps, fc.integer(), (some, moves, seed) => {
        const table = new BareTable(50, seed);
        const naive = new Map<string, number>();
        for (const { which, adds } of moves) {
          const { network, high, low } = some[which % some.length]!;
          const name = `${network}/${high}/${low}`;
          const known = naive.get(name) ?? -1;
          require(table.find(network, high, low) === known, 'found another');
          if (adds && known < 0) {
            const slot = table.add(network, high, low);
            require(naive.size >= 50 ? slot === -1 : slot >= 0 && slot < table.resized, 'slot');
            if (slot >= 0) naive.set(name, slot);
          } else if (!adds && known >= 0) {
            table.remove(known);
            naive.delete(name);
          }
          require(table.size === naive.size && new Set(naive.values()).size === naive.size, 'size');
        }
        for (const slot of naive.values()) {
          require(table.find(table.networkOf(slot), table.highOf(slot), table.lowOf(slot)) === slot, 'columns');
        }
      }),
    );
  });

  it('keeps networks of more than 32 bits apart', () => {
    const table = new BareTable(4, 1);
    table.add(1, 0, 0);
    expect(table.find(1 + 2 ** 32, 0, 0)).toBe(-1);
  });
});

describe('generations', () => {
  it('compare as serial numbers', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 0x7fff_ffff }), (a, ahead) => {
        const b = (a + ahead) | 0;
        require(isNewer(b, a) && !isNewer(a, b) && !isNewer(a, a), 'order');
        require(isNewer(nextGeneration(a), a) && nextGeneration(a) !== 0, 'next');
      }),
    );
    expect([isNewer(0x8000_0000 | 0, 0), isNewer(0, 0x8000_0000 | 0), nextGeneration(-1)]).toEqual([false, false, 1]);
  });
});

describe('the set of peers', () => {
  it('keeps the most recent ones, in their order', () => {
    const locators = fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 100 });
    fc.assert(
      fc.property(locators, fc.integer({ min: 1, max: 12 }), (noted, limit) => {
        const set = new PeerSet(limit);
        let naive: number[] = [];
        for (const locator of noted) {
          set.note(locator);
          naive = [locator, ...naive.filter((other) => other !== locator)].slice(0, limit);
        }
        require(`${set.list()}` === `${naive}` && set.size === naive.length, `${set.list()} is not ${naive}`);
      }),
    );
  });
});

describe('the rate limiter', () => {
  const uses = fc.array(fc.record({ key: fc.nat({ max: 20 }), afterMs: fc.constantFrom(0, 1, 40, 99, 100, 11_000) }), {
    maxLength: 200,
  });

  it('allows no key twice in an interval, and no more than its capacity', () => {
    fc.assert(
      fc.property(uses, fc.integer(), (all, seed) => {
        const limiter = new RateLimiter(100, 8, seed);
        const allowed: { key: number; atMs: number }[] = [];
        let nowMs = 0;
        for (const { key, afterMs } of all) {
          nowMs += afterMs;
          const recent = allowed.filter(({ atMs }) => nowMs - atMs < 100);
          const verdict = limiter.take(1, 2, key, 3, nowMs);
          if (verdict === 'refused') continue;
          require(recent.length < 8 && !recent.some((use) => use.key === key), 'too many');
          if (verdict === 'again')
            require(allowed.some((use) => use.key === key && nowMs - use.atMs < 10_000), 'again');
          allowed.push({ key, atMs: nowMs });
        }
      }),
    );
  });

  it('allows each of a few keys in every interval', () => {
    const limiter = new RateLimiter(100, 4096, 5);
    let refused = 0;
    for (let nowMs = 0; nowMs < 1000; nowMs += 100) {
      for (let key = 0; key < 100; key++) if (limiter.take(key, key, key, key, nowMs) === 'refused') refused++;
    }
    expect(refused).toBe(0);
  });

  it('tells keys apart by each of their words', () => {
    const limiter = new RateLimiter(100, 4096, 5);
    const keys: [number, number, number, number][] = [
      [1, 1, 1, 1],
      [2, 1, 1, 1],
      [1, 2, 1, 1],
      [1, 1, 2, 1],
      [1, 1, 1, 2],
    ];
    expect(keys.map((key) => limiter.take(...key, 0))).toEqual(Array(5).fill('first'));
    expect(keys.map((key) => limiter.take(...key, 0))).toEqual(Array(5).fill('refused'));
  });
});

describe('capabilities', () => {
  it('of more switches than the limit push out the first', () => {
    const known = new Capabilities(2);
    for (const locator of [1, 2, 1, 3]) known.note(locator, true);
    known.note(3, false);
    expect([1, 2, 3].map((locator) => known.takesExtensions(locator))).toEqual([false, true, false]);
  });
});
