import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { matchFields, ruleSpec } from '../src/arbitraries.js';
import {
  type ClassifierErrorCode,
  ClassifierError,
  FLOW_SCHEMA,
  FlowKey,
  type Match,
  type MatchFields,
  buildMatch,
  covers,
  equalMatches,
  expandRanges,
  formatMatch,
  matchesKey,
  overlaps,
  rangeToPrefixes,
} from '../src/index.js';
import { LinearOracle } from '../src/laws.js';
import { TOY_SCHEMA, TOY_VOCABULARY, allToyKeys } from './toy-schema.js';

const IPV4 = { eth_type: 0x0800 };
const TCP = { ...IPV4, ip_proto: 6 };
const toyMatch = matchFields(TOY_VOCABULARY).map((fields) => buildMatch(fields, TOY_SCHEMA));
const KEYS = allToyKeys();

describe('a match', () => {
  it('holds for a key with its fields', () => {
    const match = buildMatch({ ...TCP, ip_dst: '10.0.0.0/8', l4_dst: [80, 443], vlan_vid: 7 });
    expect(formatMatch(match)).toBe('tcp,vlan_vid=7,ip_dst=10.0.0.0/8,l4_dst=80..443');
    const fields = { ...TCP, ip_dst: '10.1.2.3', l4_dst: 80, vlan_vid: 7 };
    const key = FlowKey.from(fields);
    expect(matchesKey(match, key.words)).toBe(true);
    expect(key.format()).toBe('tcp,vlan_vid=7,ip_dst=10.1.2.3,l4_dst=80');
    expect(matchesKey(match, FlowKey.from({ ...fields, l4_dst: 79 }).words)).toBe(false);
    expect(matchesKey(match, FlowKey.from({ ...fields, ip_dst: '11.1.2.3' }).words)).toBe(false);
  });

  it('holds for every key that its fields describe, and no other', () => {
    fc.assert(
      fc.property(ruleSpec(TOY_VOCABULARY), (rule) => {
        const match = buildMatch(rule.fields, TOY_SCHEMA);
        const oracle = new LinearOracle(TOY_SCHEMA);
        oracle.add(rule);
        const at = rule.action * 400;
        return KEYS.slice(at, at + 400).every(
          (words) => matchesKey(match, words) === (oracle.match(words) !== undefined),
        );
      }),
    );
  });

  it('for a VLAN id asks for the tag too, as the oracle has it', () => {
    const rule = { priority: 1, fields: { vlan_vid: { value: 0n, mask: 0xfffn } }, action: 1 };
    const oracle = new LinearOracle(FLOW_SCHEMA);
    oracle.add(rule);
    expect(oracle.askedBits()).toHaveLength(13);
    expect(oracle.size).toBe(1);
    for (const [tci, is] of [
      [0, false],
      [0x1000, true],
      [0xf000, true],
      [0x1001, false],
    ] as const) {
      const { words } = FlowKey.from({ vlan_tci: tci });
      expect([matchesKey(buildMatch(rule.fields), words), oracle.match(words) !== undefined]).toEqual([is, is]);
    }
  });

  it('is canonical: equal sets of keys have equal matches', () => {
    const same = (a: MatchFields, b: MatchFields): boolean => equalMatches(buildMatch(a), buildMatch(b));
    expect(same({ ...TCP, l4_dst: [80, 80] }, { ...TCP, l4_dst: 80 })).toBe(true);
    expect(same({ ...TCP, l4_dst: [0, 65535] }, TCP)).toBe(true);
    expect(same({ ...TCP, l4_dst: [1024, 2047] }, { ...TCP, l4_dst: '0x400/0xfc00' })).toBe(true);
    expect(same({ ...TCP, l4_dst: [1, 3], l4_src: [1, 3] }, { ...TCP, l4_src: '1..3', l4_dst: { lo: 1, hi: 3 } })).toBe(
      true,
    );
    expect(same({ vlan_tci: '0x1007/0x1fff' }, { vlan_vid: 7 })).toBe(true);
    expect(same({ ...TCP, l4_dst: [1, 3] }, { ...TCP, l4_dst: [1, 4] })).toBe(false);
    expect(same({ nw_dst: '10.0.0.1', ...IPV4 }, { ip_dst: 0x0a000001, ...IPV4 })).toBe(true);
    expect(same({ ...IPV4, ip_dst: Uint8Array.of(10, 0, 0, 1) }, { ip_dst: 0x0a000001, ...IPV4 })).toBe(true);
  });

  it('overlaps another exactly if a key matches both, covers it exactly if all of its keys match', () => {
    const holds = (match: Match): boolean[] => KEYS.map((words) => matchesKey(match, words));
    fc.assert(
      fc.property(toyMatch, toyMatch, (a, b) => {
        const [inA, inB] = [holds(a), holds(b)];
        const isBoth = inA.some((is, i) => is && inB[i]!);
        const isAll = inB.every((is, i) => !is || inA[i]!);
        return overlaps(a, b) === isBoth && overlaps(b, a) === isBoth && covers(a, b) === isAll;
      }),
      { numRuns: 300 },
    );
  });
});

describe('a range', () => {
  it('is exactly the union of its prefixes, which are disjoint', () => {
    const bounds = fc.integer({ min: 1, max: 10 }).chain((width) => {
      const value = fc.nat({ max: 2 ** width - 1 });
      return fc.tuple(value, value).map(([a, b]) => [Math.min(a, b), Math.max(a, b), width] as const);
    });
    fc.assert(
      fc.property(bounds, ([lo, hi, width]) => {
        const values = rangeToPrefixes(lo, hi, width).flatMap(({ value, length }) =>
          Array.from({ length: 2 ** (width - length) }, (_, i) => value + i),
        );
        return values.length === hi - lo + 1 && values.every((value, i) => value === lo + i);
      }),
    );
  });

  it('has no fewer prefixes, tried against all for every range of up to seven bits and those of ten', () => {
    for (const width of [1, 2, 3, 4, 5, 6, 7]) {
      const end = 2 ** width;
      for (let lo = 0; lo < end; lo++) for (let hi = lo; hi < end; hi++) requireMinimal(lo, hi, width);
    }
    fc.assert(
      fc.property(fc.nat({ max: 1023 }), fc.nat({ max: 1023 }), (a, b) =>
        requireMinimal(Math.min(a, b), Math.max(a, b), 10),
      ),
      { numRuns: 100 },
    );
  });

  it('takes at most 2 * width - 2 prefixes', () => {
    expect(() => rangeToPrefixes(2, 1, 8)).toThrow('range: 2 is above 1 (E_RANGE_EMPTY)');
    expect(() => rangeToPrefixes(0, 256, 8)).toThrow('range: must be an integer in 0..255, got 256 (E_FIELD_WIDTH)');
    expect(rangeToPrefixes(1, 65534, 16)).toHaveLength(30);
    expect(rangeToPrefixes(0, 2 ** 32 - 1, 32)).toEqual([{ value: 0, length: 0 }]);
    expect(rangeToPrefixes(2 ** 31, 2 ** 32 - 1, 32)).toEqual([{ value: 2 ** 31, length: 1 }]);
  });

  it('expands to matches that share no key and have the same keys together', () => {
    fc.assert(
      fc.property(toyMatch, (match) => {
        const parts = expandRanges(match);
        return KEYS.every((words) => {
          const count = parts.filter((part) => matchesKey(part, words)).length;
          return count === (matchesKey(match, words) ? 1 : 0);
        });
      }),
      { numRuns: 100 },
    );
    expect(expandRanges(buildMatch({ ...TCP, l4_src: [1, 65534], l4_dst: [1, 65534] }))).toHaveLength(900);
    expect(() => expandRanges(buildMatch({ ...TCP, l4_src: [1, 65534] }), 29)).toThrow(
      'l4_src: takes 30 matches without ranges, at most 29 are allowed (E_RANGE_TOO_WIDE)',
    );
  });
});

describe('a match that makes no sense is refused', () => {
  const cases: readonly (readonly [ClassifierErrorCode, MatchFields, string])[] = [
    ['E_UNKNOWN_FIELD', { dst: 1 }, 'dst: no such field; there is tun_dst, eth_dst, ip_dst, l4_dst, dl_dst'],
    ['E_UNKNOWN_FIELD', { constructor: 1 }, 'constructor: no such field'],
    ['E_FIELD_WIDTH', { vlan_vid: 4096 }, 'vlan_vid: must be an integer in 0..4095, got 4096'],
    ['E_FIELD_WIDTH', { in_port: -1 }, 'in_port: must be an integer in 0..4294967295, got -1'],
    ['E_FIELD_WIDTH', { in_port: 1.5 }, 'in_port: must be an integer in 0..4294967295, got 1.5'],
    ['E_FIELD_WIDTH', { in_port: Number.NaN }, 'got NaN'],
    ['E_FIELD_WIDTH', { ...TCP, l4_dst: [80, 65536] }, 'l4_dst: must be an integer in 0..65535, got 65536'],
    ['E_FIELD_WIDTH', { ...IPV4, ip_dst: 2 ** 32 }, 'ip_dst: must be an integer in 0..4294967295, got 4294967296'],
    ['E_FIELD_WIDTH', { eth_type: 0x806, arp_spa: '2001:db8::1' }, 'arp_spa: must be an integer in 0..4294967295'],
    ['E_PREREQ', { ...IPV4, ip_dst: 1n << 40n }, 'ip_dst: needs an IPv4 address, as eth_type says'],
    ['E_FIELD_WIDTH', { eth_dst: new Uint8Array(5) }, 'eth_dst: has 6 octets, got 5'],
    ['E_FIELD_WIDTH', { vlan_vid: new Uint8Array(2) }, 'vlan_vid: takes a number, not octets'],
    ['E_VALUE_OUTSIDE_MASK', { ...IPV4, ip_dst: '10.0.0.1/8' }, 'ip_dst: the value has bits 0x1 that the mask has not'],
    ['E_VALUE_OUTSIDE_MASK', { metadata: { value: 3n, mask: 1n } }, 'metadata: the value has bits 0x2'],
    ['E_NOT_MASKABLE', { in_port: '1/1' }, 'in_port: takes one value: no mask, no range'],
    ['E_NOT_MASKABLE', { ...IPV4, ip_proto: [1, 6] }, 'ip_proto: takes one value'],
    ['E_PREREQ', { ip_dst: '10.0.0.1' }, 'ip_dst: needs eth_type=0x800 or 0x86dd'],
    ['E_PREREQ', { l4_dst: 80 }, 'l4_dst: needs ip_proto=6 or 17 or 132'],
    ['E_PREREQ', { ...IPV4, l4_dst: 80 }, 'l4_dst: needs ip_proto=6 or 17 or 132'],
    ['E_PREREQ', { ...TCP, icmp_type: 8 }, 'icmp_type: needs eth_type=0x800 with ip_proto=1, or eth_type=0x86dd with'],
    ['E_PREREQ', { ...IPV4, ip_dst: '2001:db8::1' }, 'ip_dst: needs an IPv4 address, as eth_type says'],
    ['E_PREREQ', { eth_type: 0x86dd, ip_dst: '10.0.0.1' }, 'ip_dst: needs an IPv6 address'],
    ['E_PREREQ', { eth_type: 0x806, ip_dst: '10.0.0.1' }, 'ip_dst: needs eth_type=0x800 or 0x86dd'],
    ['E_PREREQ', { vlan_vid: 5, vlan_present: 0 }, 'needs vlan_present=1'],
    ['E_PREREQ', { tun_src: '10.0.0.1' }, 'tun_src: needs tun_family=4 or 6'],
    ['E_RANGE_EMPTY', { ...TCP, l4_dst: [443, 80] }, 'l4_dst: 443 is above 80'],
    ['E_RANGE_TOO_WIDE', { reg0: [1, 5] }, 'reg0: ranges need a field of at most 16 bits'],
    ['E_DUP_FIELD', { ...IPV4, ip_dst: '10.0.0.1', nw_dst: '10.0.0.1' }, 'ip_dst: given twice'],
    ['E_DUP_FIELD', { vlan_tci: 0x1005, vlan_vid: 5 }, 'vlan_vid: given already, by vlan_tci'],
    [
      'E_BAD_TEXT',
      { ...IPV4, ip_dst: '10.0.0' },
      "expected an address such as 10.0.0.0/8 or 2001:db8::/32, got '10.0.0'",
    ],
    ['E_BAD_TEXT', { eth_dst: '02:00' }, 'eth_dst: expected a MAC address such as'],
    [
      'E_BAD_TEXT',
      { ct_state: '+open' },
      'expected flags such as +new, of new, est, rel, rpl, inv, trk, snat, dnat, or a number',
    ],
    ['E_BAD_TEXT', { ...IPV4, ip_frag: 'constructor' }, 'or no, yes, first, later, not_later'],
  ];

  it.each(cases)('%s %j', (code, fields, message) => {
    const error = thrownBy(() => buildMatch(fields));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });
});

function thrownBy(act: () => unknown): ClassifierError {
  try {
    act();
  } catch (error) {
    if (error instanceof ClassifierError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const fewest = new Map<string, number>();

/** The fewest aligned blocks that make up a range: every way to cut it is tried. */
function fewestBlocks(lo: number, hi: number, width: number): number {
  if (lo > hi) return 0;
  const name = `${lo} ${hi}`;
  let best = fewest.get(name);
  if (best === undefined) {
    best = Infinity;
    for (let size = 1; size <= 2 ** width && lo + size - 1 <= hi; size *= 2) {
      if (lo % size === 0) best = Math.min(best, 1 + fewestBlocks(lo + size, hi, width));
    }
    fewest.set(name, best);
  }
  return best;
}

function requireMinimal(lo: number, hi: number, width: number): void {
  const count = rangeToPrefixes(lo, hi, width).length;
  const least = fewestBlocks(lo, hi, width);
  if (count !== least) throw new Error(`${lo}..${hi} of ${width} bits: ${count} prefixes, ${least} do`);
}
