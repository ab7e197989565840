/**
 * Proves a plan, or says what is wrong with it. Written from the rules alone: it shares nothing with the code that makes plans, and
 * finds loops by plucking leaves, ways by walking trees, and disjoint paths by augmenting flows.
 */
import type { SpainPlan } from './plan.js';
import type { Topology } from './topology.js';

/** One thing wrong with a plan. */
export interface PlanFinding {
  /**
   * `loop`: a VLAN has one. `tree`: the first VLAN does not span the fabric. `coverage`: a pair of edge switches has no VLAN, or one that does
   * not join them, or does so through a third edge switch though there are core switches. `port`: the VLANs at a port are not
   * those of its link. `disjoint`: a pair's ways are cut by fewer broken links than k paths allow.
   */
  readonly rule: 'loop' | 'tree' | 'coverage' | 'port' | 'disjoint';
  /** What is wrong, with names and numbers. */
  readonly fact: string;
}

/** All that is wrong with `plan`; empty if it holds. O(VLANs · links + pairs · k · switches) for a plan that does. */
export function verifyPlan(plan: SpainPlan): readonly PlanFinding[] {
  return [...loops(plan), ...treeGaps(plan), ...pairFaults(plan), ...portFaults(plan)];
}

function loops({ topology, vlans }: SpainPlan): PlanFinding[] {
  return vlans
    .filter(({ links }) => remainderWithoutLeaves(topology, links) > 0)
    .map(({ vlan }) => ({ rule: 'loop', fact: `VLAN ${vlan} has a loop` }));
}

/** Links left when every switch with a single link has lost it, again and again: those of loops and between loops. */
function remainderWithoutLeaves(topology: Topology, links: readonly number[]): number {
  const left = new Set(links);
  if (left.size !== links.length) return 1;
  const at = new Map<string, Set<number>>();
  for (const link of left) {
    for (const name of endsOf(topology, link)) at.set(name, (at.get(name) ?? new Set()).add(link));
  }
  const leaves = [...at].filter(([, own]) => own.size === 1).map(([name]) => name);
  for (const leaf of leaves) {
    const [link] = at.get(leaf)!;
    if (link === undefined) continue;
    left.delete(link);
    for (const name of endsOf(topology, link)) {
      at.get(name)!.delete(link);
      if (at.get(name)!.size === 1) leaves.push(name);
    }
  }
  return left.size;
}

function treeGaps({ topology, vlans }: SpainPlan): PlanFinding[] {
  const tree = roadsOf(topology, vlans.find(({ vlan }) => vlan === 1)?.links ?? []);
  const start = topology.switches[0]!.name;
  return topology.switches
    .filter(({ name }) => name !== start && walk(tree, start, name) === undefined)
    .map(({ name }) => ({ rule: 'tree', fact: `VLAN 1 does not join ${start} and ${name}` }));
}

function pairFaults({ topology, reach, vlans, k }: SpainPlan): PlanFinding[] {
  const edges = topology.switches.filter(({ kind }) => kind === 'edge').map(({ name }) => name);
  const forwards = forwardersOf(topology);
  const roads = new Map(vlans.map(({ vlan, links }) => [vlan, roadsOf(topology, links)]));
  const everything = roadsOf(topology, [...topology.links.keys()]);
  const usableOf = new Map(reach.map(({ from, to, vlans: usable }) => [`${from}\n${to}`, usable]));
  const findings: PlanFinding[] = [];
  for (const from of edges) {
    for (const to of edges) {
      if (from === to) continue;
      const pair = `${from} to ${to}`;
      const usable = usableOf.get(`${from}\n${to}`) ?? [];
      if (usable.length === 0) findings.push({ rule: 'coverage', fact: `${pair} has no VLAN` });
      const union = new Set<number>();
      for (const vlan of usable) {
        const way = walk(roads.get(vlan) ?? new Map(), from, to);
        if (way === undefined) findings.push({ rule: 'coverage', fact: `VLAN ${vlan} does not lead from ${pair}` });
        else if (!way.through.every((name) => forwards.has(name))) {
          findings.push({ rule: 'coverage', fact: `VLAN ${vlan} leads from ${pair} through another edge switch` });
        } else way.links.forEach((link) => union.add(link));
      }
      if (from > to || usable.length === 0) continue;
      const has = disjointPaths(topology, roadsOf(topology, [...union]), forwards, from, to, k);
      const could = has === k ? k : disjointPaths(topology, everything, forwards, from, to, k);
      if (has < could) findings.push({ rule: 'disjoint', fact: `${pair} has ${has} disjoint paths of ${could}` });
    }
  }
  return findings;
}

function portFaults({ topology, vlans, ports }: SpainPlan): PlanFinding[] {
  return topology.links.flatMap((_, link) => {
    const wanted = vlans.filter(({ links }) => links.includes(link)).map(({ vlan }) => vlan);
    return endsOf(topology, link).flatMap((name): PlanFinding[] => {
      const own = ports.filter((port) => port.switch === name && port.link === link);
      const isRight = own.length === 1 && own[0]!.vlans.join() === wanted.join();
      return isRight ? [] : [{ rule: 'port', fact: `link ${link} at ${name} must have the VLANs ${wanted.join()}` }];
    });
  });
}

interface Way {
  readonly links: readonly number[];
  readonly through: readonly string[];
}

/** Links that lead away from each switch. */
type Roads = ReadonlyMap<string, readonly { readonly link: number; readonly next: string }[]>;

function roadsOf(topology: Topology, links: readonly number[]): Roads {
  const roads = new Map<string, { link: number; next: string }[]>();
  for (const link of links) {
    const [a, b] = endsOf(topology, link);
    roads.set(a, [...(roads.get(a) ?? []), { link, next: b }]);
    roads.set(b, [...(roads.get(b) ?? []), { link, next: a }]);
  }
  return roads;
}

/** The way between two switches, depth first; in a tree there is one at most. */
function walk(roads: Roads, from: string, to: string): Way | undefined {
  const cameBy = new Map<string, { readonly link: number; readonly from: string } | undefined>([[from, undefined]]);
  const open = [from];
  for (let name = open.pop(); name !== undefined && name !== to; name = open.pop()) {
    for (const { link, next } of roads.get(name) ?? []) {
      if (cameBy.has(next)) continue;
      cameBy.set(next, { link, from: name });
      open.push(next);
    }
  }
  if (!cameBy.has(to)) return undefined;
  const way = { links: [] as number[], through: [] as string[] };
  for (let step = cameBy.get(to); step !== undefined; step = cameBy.get(step.from)) {
    way.links.push(step.link);
    if (step.from !== from) way.through.push(step.from);
  }
  return way;
}

/** Switches that a path may run through: the core switches, or all where there are none. */
function forwardersOf({ switches }: Topology): ReadonlySet<string> {
  const cores = switches.filter(({ kind }) => kind === 'core');
  return new Set((cores.length > 0 ? cores : switches).map(({ name }) => name));
}

/** Paths with no link in common, `most` at most: a flow of one per link and direction, path by path (Ford and Fulkerson). */
function disjointPaths(
  topology: Topology,
  roads: Roads,
  forwards: ReadonlySet<string>,
  from: string,
  to: string,
  most: number,
): number {
  // 1: used from end a to end b, -1: from b to a, 0 or absent: free.
  const flow = new Map<number, number>();
  const wayOf = (link: number, name: string): number => (endsOf(topology, link)[0] === name ? 1 : -1);
  for (let count = 0; count < most; count++) {
    const cameBy = new Map<string, { link: number; from: string }>();
    const open = [from];
    for (const name of open) {
      if (name === to) break;
      if (name !== from && !forwards.has(name)) continue;
      for (const { link, next } of roads.get(name) ?? []) {
        const isUsed = flow.get(link) === wayOf(link, name);
        if (isUsed || next === from || cameBy.has(next)) continue;
        cameBy.set(next, { link, from: name });
        open.push(next);
      }
    }
    if (!cameBy.has(to)) return count;
    for (let name = to; name !== from;) {
      const step = cameBy.get(name)!;
      flow.set(step.link, (flow.get(step.link) ?? 0) + wayOf(step.link, step.from));
      name = step.from;
    }
  }
  return most;
}

function endsOf({ links }: Topology, link: number): readonly [string, string] {
  const { a, b } = links[link]!;
  return [a, b];
}
