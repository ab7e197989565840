import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LoadShedder } from '../src/admit/load-shedder.js';
import { Policy, PolicyError, type PolicyRules, keyBlockOf } from '../src/admit/policy.js';
import { TokenBuckets } from '../src/admit/token-buckets.js';

const seed = [7, 8] as const;

function address(tenant: number, last: number): { tenant: number; kind: number; addr: Uint8Array } {
  const addr = new Uint8Array(16);
  addr[15] = last;
  return { tenant, kind: 1, addr };
}

function allows(rules: PolicyRules, from: ReturnType<typeof address>, to: ReturnType<typeof address>): boolean {
  return new Policy(rules, seed).allows(keyBlockOf(from), 0, keyBlockOf(to), 0);
}

describe('policy', () => {
  it('keeps tenants apart unless they are peers', () => {
    const rules = { peerings: [[1, 2]] as const };
    expect(allows({}, address(1, 1), address(1, 2))).toBe(true);
    expect(allows({}, address(1, 1), address(2, 1))).toBe(false);
    expect(allows(rules, address(1, 1), address(2, 1))).toBe(true);
    expect(allows(rules, address(2, 1), address(1, 1))).toBe(true);
    expect(allows(rules, address(1, 1), address(3, 1))).toBe(false);
  });

  it('forbids pairs of groups in the direction that is written', () => {
    const rules: PolicyRules = {
      groups: { web: [address(1, 1)], database: [address(1, 2)] },
      deny: [
        ['database', 'web'],
        ['default', 'database'],
      ],
    };
    expect(allows(rules, address(1, 1), address(1, 2))).toBe(true);
    expect(allows(rules, address(1, 2), address(1, 1))).toBe(false);
    expect(allows(rules, address(1, 9), address(1, 2))).toBe(false);
    expect(allows(rules, address(1, 9), address(1, 1))).toBe(true);
  });

  it('decides as the rules read, for many groups', () => {
    const names = ['a', 'b', 'c', 'd'];
    const pair = fc.tuple(fc.constantFrom('default', ...names), fc.constantFrom('default', ...names));
    fc.assert(
      fc.property(fc.array(pair, { maxLength: 12 }), (deny) => {
        const groups = Object.fromEntries(names.map((name, i) => [name, [address(1, i + 1)]]));
        const policy = new Policy({ groups, deny }, seed);
        const nameOf = (last: number): string => names[last - 1] ?? 'default';
        for (let from = 1; from <= 5; from++) {
          for (let to = 1; to <= 5; to++) {
            const isDenied = deny.some(([a, b]) => a === nameOf(from) && b === nameOf(to));
            const is = policy.allows(keyBlockOf(address(1, from)), 0, keyBlockOf(address(1, to)), 0);
            if (is === isDenied) return false;
          }
        }
        return true;
      }),
    );
  });

  it('refuses rules that say two things or nothing', () => {
    expect(() => new Policy({ deny: [['a', 'b']] }, seed)).toThrow(PolicyError);
    const twice = { a: [address(1, 1)], b: [address(1, 1)] };
    expect(() => new Policy({ groups: twice }, seed)).toThrow("in group 'b' is in another group as well");
  });
});

describe('token buckets', () => {
  it('never give more than the rate and the burst, to whatever senders there are', () => {
    const takes = fc.array(fc.tuple(fc.nat(1000), fc.integer({ min: -1000, max: 1000 })), { maxLength: 300 });
    fc.assert(
      fc.property(
        takes,
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 20 }),
        (steps, perSecond, burst) => {
          const buckets = new TokenBuckets({ perSecond, burst, buckets: 1 });
          let nowMs = 0;
          let given = 0;
          let passedMs = 0;
          for (const [stepMs, sender] of steps) {
            nowMs += stepMs;
            passedMs += stepMs;
            if (buckets.take(sender, nowMs)) given++;
          }
          return given <= burst + (passedMs * perSecond) / 1000 + 1e-6;
        },
      ),
    );
  });

  it('give the burst at once and the rate afterwards, each sender its own', () => {
    const buckets = new TokenBuckets({ perSecond: 10, burst: 3 });
    const taken = (sender: number, nowMs: number): number => {
      let count = 0;
      while (buckets.take(sender, nowMs)) count++;
      return count;
    };
    expect([taken(1, 0), taken(2, 0), taken(1, 100), taken(1, 1100)]).toEqual([3, 3, 1, 3]);
  });
});

describe('load shedder', () => {
  const turn = (shedder: LoadShedder, datagrams: number): boolean => {
    let isDropped = false;
    for (let i = 0; i < datagrams; i++) isDropped = shedder.read();
    shedder.endTurn();
    return isDropped;
  };

  it('drops once datagrams wait too long, until the queue is empty', () => {
    const shedder = new LoadShedder(5);
    expect(turn(shedder, 31)).toBe(false);
    expect(shedder.isStanding).toBe(false);
    for (let i = 0; i < 10; i++) turn(shedder, 32);
    expect(shedder.isStanding).toBe(true);
    // 351 in 10 ms: 5 ms are worth 175.
    shedder.measure(170, 10);
    expect(turn(shedder, 32)).toBe(false);
    for (let i = 0; i < 9; i++) turn(shedder, 32);
    shedder.measure(180, 20);
    expect([turn(shedder, 32), turn(shedder, 3), turn(shedder, 32)]).toEqual([true, true, false]);
  });

  it('takes a few that wait for no queue, however slowly they are read', () => {
    const shedder = new LoadShedder(5);
    shedder.measure(32, 1000);
    expect(turn(shedder, 32)).toBe(false);
  });
});
