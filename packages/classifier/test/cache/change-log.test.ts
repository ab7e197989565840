import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FLOW_SCHEMA, type Match, buildMatch, overlaps } from '../../src/index.js';
import { ChangeLog } from '../../src/cache/change-log.js';
import { SMALL_SCHEMA, rules, toMatch } from './small-path.js';

const ranges = fc.option(fc.tuple(fc.constantFrom('sport', 'dport'), fc.nat(0xffff), fc.nat(0xffff)));
const matches: fc.Arbitrary<Match> = fc.tuple(rules, ranges).map(([rule, range]) => {
  const match = toMatch(rule);
  if (range === null) return match;
  const [name, a, b] = range;
  const field = SMALL_SCHEMA.field(name);
  const free = name === 'sport' ? 0xffff : -0x1_0000;
  return {
    value: match.value.map((bits, word) => (word === 3 ? bits & free : bits)),
    mask: match.mask.map((bits, word) => (word === 3 ? bits & free : bits)),
    ranges: [{ field, lo: Math.min(a, b), hi: Math.max(a, b) }],
  };
});
const changes = fc.array(fc.option(matches, { freq: 10, nil: 'everything' as const }), { maxLength: 12 });

describe('a change log', () => {
  it('never spares a region that a change concerns', () => {
    fc.assert(
      fc.property(fc.nat(8), changes, fc.nat(12), rules, (capacity, list, since, region) => {
        const log = new ChangeLog(capacity);
        for (const change of list) {
          if (change === 'everything') log.addEverything();
          else log.add(change);
        }
        const { value, mask } = toMatch(region);
        const generation = Math.min(since, list.length);
        const later = list.slice(generation);
        const isConcerned = later.some(
          (change) => change === 'everything' || overlaps(change, { value, mask, ranges: [] }),
        );
        return !isConcerned || !log.sparesRegion(generation, value, mask);
      }),
    );
  });

  it('spares a region that differs from all changes in a fixed bit, as long as it remembers them', () => {
    const log = new ChangeLog(2);
    const region = buildMatch({ in_port: 1 });
    for (const port of [2, 3]) log.add(buildMatch({ in_port: port }));
    expect(log.sparesRegion(0, region.value, region.mask)).toBe(true);
    log.add(buildMatch({ in_port: 4 }));
    expect(log.sparesRegion(0, region.value, region.mask)).toBe(false);
    expect(log.sparesRegion(1, region.value, region.mask)).toBe(true);
  });

  it('tells ranges apart from fixed ports, and takes free ones for any', () => {
    const log = new ChangeLog(4);
    const tcp = { eth_type: 0x0800, ip_proto: 6 };
    log.add(buildMatch({ ...tcp, l4_dst: { lo: 80, hi: 443 } }));
    const spares = (fields: Parameters<typeof buildMatch>[0]) => {
      const { value, mask } = buildMatch({ ...tcp, ...fields });
      return log.sparesRegion(0, value, mask);
    };
    expect([spares({ l4_dst: 79 }), spares({ l4_dst: 80 }), spares({ l4_dst: 443 })]).toEqual([true, false, false]);
    expect([spares({ l4_dst: 444 }), spares({ l4_src: 80 })]).toEqual([true, false]);
  });

  it('keeps less than all of a change with many words, which makes it wider', () => {
    const log = new ChangeLog(1);
    const wide = new Int32Array(FLOW_SCHEMA.words).fill(-1);
    log.add({ value: wide, mask: wide, ranges: [] });
    const differs = (word: number) => wide.map((bits, i) => (i === word ? 0 : bits));
    expect(log.sparesRegion(0, differs(0), wide)).toBe(true);
    expect(log.sparesRegion(0, differs(55), wide)).toBe(false);
  });

  it('trusts no number from the future', () => {
    const log = new ChangeLog(4);
    const all = new Int32Array(4);
    expect(log.sparesRegion(7, all, all)).toBe(false);
  });
});
