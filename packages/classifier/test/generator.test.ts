import { describe, expect, it } from '@jest/globals';
import { FlowKey, buildMatch, equalMatches, formatMatch, matchesKey } from '../src/index.js';
import {
  type ProfileName,
  type TupleRule,
  createRandom,
  formatClassBench,
  generateRules,
  generateTrace,
  loadHeader,
  matchOfTuple,
  measureRules,
} from '../src/generator.js';

const rulesOf = (profile: ProfileName, count: number, seed = 1): TupleRule[] =>
  generateRules({ profile, count, random: createRandom(seed) });

/** Means of sets made with the ClassBench generator, seeds acl1, fw1 and ipc1, at so many rules. */
const PUBLISHED = [
  { profile: 'acl', count: 944, lengthPairs: 87, expansion: 1.37 },
  { profile: 'acl', count: 9804, lengthPairs: 143, expansion: 1.37 },
  { profile: 'fw', count: 827, lengthPairs: 79, expansion: 3.6 },
  { profile: 'fw', count: 9394, lengthPairs: 128, expansion: 3.6 },
  { profile: 'ipc', count: 973, lengthPairs: 204, expansion: 1.32 },
  { profile: 'ipc', count: 9585, lengthPairs: 301, expansion: 1.32 },
] as const;

describe('generated rules', () => {
  it.each(PUBLISHED)('$profile, $count rules: as published, within a quarter', ({ profile, count, ...published }) => {
    const measured = measureRules(rulesOf(profile, count));
    expect(measured.rules).toBe(count);
    for (const name of ['lengthPairs', 'expansion'] as const) {
      expect(Math.abs(measured[name] / published[name] - 1)).toBeLessThan(0.25);
    }
    if (profile === 'acl') expect(measured.exactShare).toBeGreaterThan(0.5);
    if (profile === 'fw') expect(measured.wideSourceShare).toBeGreaterThan(0.5);
  });

  it('are the same for the same seed, others for another', () => {
    expect(rulesOf('acl', 200)).toEqual(rulesOf('acl', 200));
    expect(rulesOf('acl', 200)).not.toEqual(rulesOf('acl', 200, 2));
  });

  it('differ from each other, and come with the highest priority first', () => {
    const rules = rulesOf('fw', 1000);
    expect(new Set(rules.map((rule) => formatMatch(matchOfTuple(rule)))).size).toBe(1000);
    expect(rules[0]!.priority).toBe(65535);
    expect(rules.every((rule, i) => i === 0 || rule.priority === rules[i - 1]!.priority - 1)).toBe(true);
  });

  it('are fewer than asked for where the profile has no more', () => {
    const profile = {
      ...profileOfOne,
      lengths: { source: [[0, 1]], destination: [[0, 1]], count: 1, exponent: 1, offset: 0, variedCount: 1 },
    } as const;
    expect(generateRules({ profile, count: 100, random: createRandom(1) })).toHaveLength(2);
  });

  it('have the matches that their fields say', () => {
    for (const profile of ['acl', 'fw', 'ipc', 'tenant'] as const) {
      for (const rule of rulesOf(profile, 300)) {
        const { tenant, source, destination, protocol, sourcePorts, destinationPorts } = rule;
        const mask = (length: number): number => 2 ** 32 - 2 ** (32 - length);
        const built = buildMatch({
          eth_type: 0x800,
          ...(tenant > 0 && { metadata: tenant }),
          ip_src: { value: source.value, mask: mask(source.length) },
          ip_dst: { value: destination.value, mask: mask(destination.length) },
          ...(protocol !== undefined && { ip_proto: protocol }),
          ...((protocol === 6 || protocol === 17) && { l4_src: sourcePorts, l4_dst: destinationPorts }),
        });
        if (!equalMatches(matchOfTuple(rule), built))
          throw new Error(`${formatMatch(matchOfTuple(rule))} ${formatMatch(built)}`);
      }
    }
  });

  it('of tenants use the same addresses', () => {
    const rules = rulesOf('tenant', 1000);
    expect(new Set(rules.map(({ tenant }) => tenant))).toEqual(new Set([1, 2, 3, 4]));
    expect(
      rules.every(({ source, destination }) =>
        [source, destination].every(({ value, length }) => length === 0 || value >>> 24 === 10),
      ),
    ).toBe(true);
  });

  it('are written as ClassBench writes them', () => {
    expect(
      formatClassBench({
        priority: 1,
        tenant: 0,
        source: { value: 0x0a000000, length: 8 },
        destination: { value: 0, length: 0 },
        protocol: 6,
        sourcePorts: { lo: 0, hi: 65535 },
        destinationPorts: { lo: 80, hi: 80 },
      }),
    ).toBe('@10.0.0.0/8\t0.0.0.0/0\t0 : 65535\t80 : 80\t0x06/0xFF');
  });

  it('refuse a count that is none', () => {
    expect(() => rulesOf('acl', 0)).toThrow('count: must be an integer of at least 1, got 0 (E_BAD_OPTION)');
  });
});

describe('a generated trace', () => {
  it.each(['acl', 'fw', 'ipc', 'tenant'] as const)('of %s has headers that match a rule, some in a row', (profile) => {
    const rules = rulesOf(profile, 300);
    const matches = rules.map(matchOfTuple);
    const trace = generateTrace(rules, { count: 1000, random: createRandom(2) });
    expect(trace).toHaveLength(1000);
    const key = new FlowKey();
    const isMatched = trace.map((header) => {
      loadHeader(header, key);
      return matches.some((match) => matchesKey(match, key.words));
    });
    expect(isMatched).not.toContain(false);
    const changes = trace.filter((header, i) => header !== trace[i - 1]).length;
    expect(changes).toBeGreaterThan(300);
    expect(changes).toBeLessThan(950);
    expect(trace).toEqual(generateTrace(rules, { count: 1000, random: createRandom(2) }));
  });

  it('needs a rule', () => {
    expect(() => generateTrace([], { count: 1, random: createRandom(1) })).toThrow('E_BAD_OPTION');
  });
});

/** One protocol without ports or any: two rules at most. */
const profileOfOne = {
  protocols: [
    [1, 1],
    [undefined, 1],
  ],
  ports: [[['any', 'any'], 1]],
  source: { branching: new Array<number>(32).fill(0.5), skew: 0.5 },
  destination: { branching: new Array<number>(32).fill(0.5), skew: 0.5 },
  nestingMax: 4,
  defaultShare: 0,
  rulesPerTenant: 0,
} as const;
