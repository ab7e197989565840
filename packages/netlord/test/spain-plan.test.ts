import { describe, expect, it } from '@jest/globals';
import { CodecError } from '@overlane/wire';
import fc from 'fast-check';
import { spain } from '../src/index.js';
import { fabrics } from './fabrics.js';

const { clique, fatTree, findPaths, packPaths, planPaths, seededRandom32, verifyPlan } = spain;

/** Fewest and most VLANs that single rounds with 20 seeds take. */
function vlanCounts(
  topology: spain.Topology,
  k: number,
): { paths: number; bound: number; least: number; most: number } {
  const paths = findPaths(topology, k);
  const packings = Array.from({ length: 20 }, (_, seed) =>
    packPaths(topology, paths, { random32: seededRandom32(seed), rounds: 1 }),
  );
  const counts = packings.map(({ vlans }) => vlans.length);
  return {
    paths: paths.length,
    bound: packings[0]!.lowerBound,
    least: Math.min(...counts),
    most: Math.max(...counts),
  };
}

describe('the reference table: paths, lower bound, VLANs over 20 seeds', () => {
  it('8 edge and 4 core switches take 4 VLANs with every seed', () => {
    expect(vlanCounts(fatTree(8, 4), 4)).toEqual({ paths: 112, bound: 4, least: 4, most: 4 });
  });

  it('16 edge and 8 core switches take 8', () => {
    expect(vlanCounts(fatTree(16, 8), 8)).toEqual({ paths: 960, bound: 8, least: 8, most: 8 });
  });

  it('a clique of 8 with 4 paths takes 6 or 7', () => {
    expect(vlanCounts(clique(8), 4)).toEqual({ paths: 112, bound: 4, least: 6, most: 7 });
  });

  it('a clique of 8 with 7 paths takes 8', () => {
    expect(vlanCounts(clique(8), 7)).toEqual({ paths: 196, bound: 7, least: 8, most: 8 });
  });
});

describe('a plan', () => {
  it('holds for fat trees and cliques, disjointness included', () => {
    for (const topology of [fatTree(8, 4), fatTree(2, 2), fatTree(5, 1), clique(8), clique(2)]) {
      expect(verifyPlan(planPaths(topology, { random32: seededRandom32(7) }))).toEqual([]);
    }
  });

  it('is the same again with the same seed', () => {
    const plan = (seed: number): spain.SpainPlan => planPaths(clique(7), { k: 3, random32: seededRandom32(seed) });
    expect(plan(3)).toEqual(plan(3));
  });

  it('says for the smallest fabric what runs where', () => {
    const { paths, vlans, reach, ports } = planPaths(fatTree(2, 2), { random32: seededRandom32(1) });
    // Links: 0 edge1-core1, 1 edge1-core2, 2 edge2-core1, 3 edge2-core2.
    expect(paths.map(({ links, transit }) => ({ links, transit }))).toEqual([
      { links: [0, 2], transit: 'core1' },
      { links: [1, 3], transit: 'core2' },
    ]);
    expect(vlans).toEqual([
      { vlan: 1, links: [0, 1, 2] },
      { vlan: 2, links: [0, 2] },
      { vlan: 3, links: [1, 3] },
    ]);
    expect(reach).toEqual([
      { from: 'edge1', to: 'edge2', vlans: [2, 3] },
      { from: 'edge2', to: 'edge1', vlans: [2, 3] },
    ]);
    expect(ports).toEqual([
      { switch: 'edge1', link: 0, vlans: [1, 2] },
      { switch: 'edge1', link: 1, vlans: [1, 3] },
      { switch: 'edge2', link: 2, vlans: [1, 2] },
      { switch: 'edge2', link: 3, vlans: [3] },
      { switch: 'core1', link: 0, vlans: [1, 2] },
      { switch: 'core1', link: 2, vlans: [1, 2] },
      { switch: 'core2', link: 1, vlans: [1, 3] },
      { switch: 'core2', link: 3, vlans: [3] },
    ]);
  });

  it('of any fabric has no loop, joins every pair and says the right VLANs at every port', () => {
    fc.assert(
      fc.property(fabrics(), fc.integer({ min: 1, max: 4 }), fc.nat(), (topology, k, seed) => {
        const findings = verifyPlan(planPaths(topology, { k, random32: seededRandom32(seed), rounds: 1 }));
        // Whether penalties find all disjoint paths of a fabric depends on the fabric.
        return findings.every(({ rule }) => rule === 'disjoint');
      }),
    );
  });

  it("starts each pair with a shortest path, and never repeats one of the pair's", () => {
    fc.assert(
      fc.property(fabrics(), (topology) => {
        const paths = findPaths(topology, 4);
        const pairs = new Map<string, number[][]>();
        for (const { from, to, links } of paths) {
          const pair = `${from} ${to}`;
          pairs.set(pair, [...(pairs.get(pair) ?? []), [...links]]);
          if (links.length < hops(topology, from, to)) return false;
        }
        return [...pairs].every(([pair, all]) => {
          const [from, to] = pair.split(' ') as [string, string];
          return all[0]!.length === hops(topology, from, to) && new Set(all.map(String)).size === all.length;
        });
      }),
    );
  });
});

/** Least hops between two edge switches, by spreading out one hop at a time. */
function hops({ switches, links }: spain.Topology, from: string, to: string): number {
  const cores = new Set(switches.filter(({ kind }) => kind === 'core').map(({ name }) => name));
  let reached = new Set([from]);
  for (let count = 0; ; count++) {
    if (reached.has(to)) return count;
    const next = new Set(reached);
    for (const { a, b } of links) {
      for (const [near, far] of [
        [a, b],
        [b, a],
      ] as const) {
        if (reached.has(near) && (near === from || cores.size === 0 || cores.has(near))) next.add(far);
      }
    }
    reached = next;
  }
}

describe('the verifier finds', () => {
  const plan = planPaths(fatTree(3, 2), { random32: seededRandom32(1) });
  const rules = (broken: spain.SpainPlan): Set<string> => new Set(verifyPlan(broken).map(({ rule }) => rule));
  const withLinks = (vlan: number, links: readonly number[]): spain.SpainPlan => ({
    ...plan,
    vlans: plan.vlans.map((one) => (one.vlan === vlan ? { vlan, links } : one)),
  });

  it('nothing in a good plan', () => {
    expect(verifyPlan(plan)).toEqual([]);
  });

  it('a loop', () => {
    expect(
      rules(
        withLinks(
          2,
          plan.topology.links.map((_, link) => link),
        ),
      ),
    ).toContain('loop');
    expect(rules(withLinks(2, [0, 0]))).toContain('loop');
  });

  it('a tree that does not span, and ports that differ', () => {
    expect(rules(withLinks(1, [0]))).toEqual(new Set(['tree', 'port']));
  });

  it('a VLAN that leads nowhere', () => {
    expect(rules(withLinks(2, []))).toEqual(new Set(['coverage', 'disjoint', 'port']));
  });

  it('a pair without a VLAN', () => {
    const { reach } = plan;
    expect(rules({ ...plan, reach: reach.slice(1) })).toEqual(new Set(['coverage']));
  });

  it('a pair with fewer disjoint paths than there could be', () => {
    const reach = plan.reach.map((entry) => ({ ...entry, vlans: [2] }));
    expect(rules({ ...plan, reach })).toEqual(new Set(['disjoint']));
  });

  it('a way through a third edge switch where there is a core', () => {
    const topology: spain.Topology = {
      switches: plan.topology.switches,
      links: [...plan.topology.links, { a: 'edge1', b: 'edge2' }, { a: 'edge2', b: 'edge3' }],
    };
    const vlans = [plan.vlans[0]!, { vlan: 2, links: [6, 7] }, plan.vlans[2]!];
    expect(verifyPlan({ ...plan, topology, vlans })).toContainEqual({
      rule: 'coverage',
      fact: 'VLAN 2 leads from edge1 to edge3 through another edge switch',
    });
  });
});

describe('a fabric that can not be', () => {
  const refused = (topology: spain.Topology, k?: number): unknown => {
    try {
      planPaths(topology, { random32: seededRandom32(1), ...(k === undefined ? {} : { k }) });
    } catch (error) {
      return CodecError.is(error) ? [error.code, error.detail.field] : error;
    }
    return undefined;
  };
  const edge = (name: string): spain.TopologySwitch => ({ name, kind: 'edge' });

  it.each<[string, spain.Topology, unknown]>([
    ['one edge switch', { switches: [edge('a')], links: [] }, ['E_SPAIN_TOPOLOGY', 'switches']],
    ['no name', { switches: [edge('a'), edge('')], links: [] }, ['E_SPAIN_TOPOLOGY', 'switches[1].name']],
    ['one name twice', { switches: [edge('a'), edge('a')], links: [] }, ['E_SPAIN_TOPOLOGY', 'switches[1].name']],
    [
      'an unknown switch',
      { switches: [edge('a'), edge('b')], links: [{ a: 'a', b: 'c' }] },
      ['E_SPAIN_TOPOLOGY', 'links[0].b'],
    ],
    [
      'a link to itself',
      { switches: [edge('a'), edge('b')], links: [{ a: 'a', b: 'a' }] },
      ['E_SPAIN_TOPOLOGY', 'links[0]'],
    ],
    ['two parts', { switches: [edge('a'), edge('b')], links: [] }, ['E_SPAIN_DISCONNECTED', 'switches[1]']],
    [
      'edge switches joined by an edge switch alone, beside a core switch',
      {
        switches: [edge('a'), edge('b'), edge('c'), { name: 'd', kind: 'core' }],
        links: [
          { a: 'a', b: 'b' },
          { a: 'b', b: 'c' },
          { a: 'd', b: 'a' },
        ],
      },
      ['E_SPAIN_DISCONNECTED', 'links'],
    ],
  ])('is refused by name: %s', (_, topology, fault) => {
    expect(refused(topology)).toEqual(fault);
  });

  it('is refused for a number of paths that is none', () => {
    for (const k of [0, -1, 1.5, NaN]) expect(refused(fatTree(2, 2), k)).toEqual(['E_FIELD_RANGE', 'k']);
  });

  it('is refused if it takes more VLANs than there are', () => {
    const topology: spain.Topology = {
      switches: [edge('a'), edge('b')],
      links: Array.from({ length: 4094 }, () => ({ a: 'a', b: 'b' })),
    };
    const paths = topology.links.map((_, link) => ({ from: 'a', to: 'b', links: [link], transit: undefined }));
    expect(() => packPaths(topology, paths, { random32: seededRandom32(1) })).toThrow(
      expect.objectContaining({ code: 'E_SPAIN_VLAN_LIMIT' }),
    );
  });
});
