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

/** All that is wrong with `plan`; empty if it holds. O(VLANs · links + pairs · k · links). */
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
  const tree = vlans.find(({ vlan }) => vlan === 1)?.links ?? [];
  const start = topology.switches[0]!.name;
  return topology.switches
    .filter(({ name }) => name !== start && walk(topology, tree, start, name) === undefined)
    .map(({ name }) => ({ rule: 'tree', fact: `VLAN 1 does not join ${start} and ${name}` }));
}

function pairFaults(plan: SpainPlan): PlanFinding[] {
  const { topology, reach, vlans, k } = plan;
  const edges = topology.switches.filter(({ kind }) => kind === 'edge').map(({ name }) => name);
  const findings: PlanFinding[] = [];
  for (const from of edges) {
    for (const to of edges) {
      if (from === to) continue;
      const pair = `${from} to ${to}`;
      const usable = reach.filter((entry) => entry.from === from && entry.to === to).flatMap((entry) => entry.vlans);
      if (usable.length === 0) findings.push({ rule: 'coverage', fact: `${pair} has no VLAN` });
      const union = new Set<number>();
      for (const vlan of usable) {
        const links = vlans.find((one) => one.vlan === vlan)?.links ?? [];
        const way = walk(topology, links, from, to);
        if (way === undefined) findings.push({ rule: 'coverage', fact: `VLAN ${vlan} does not lead from ${pair}` });
        else if (!mayForward(topology, way.through)) {
          findings.push({ rule: 'coverage', fact: `VLAN ${vlan} leads from ${pair} through another edge switch` });
        } else way.links.forEach((link) => union.add(link));
      }
      if (from > to || usable.length === 0) continue;
      const has = disjointPaths(topology, union, from, to, k);
      const could = disjointPaths(topology, new Set(topology.links.keys()), from, to, k);
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

/** The way between two switches over `links`, depth first; in a tree there is one at most. */
function walk(topology: Topology, links: readonly number[], from: string, to: string): Way | undefined {
  const seen = new Set([from]);
  const open: { name: string; way: Way }[] = [{ name: from, way: { links: [], through: [] } }];
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    const { name, way } = step;
    if (name === to) return way;
    for (const link of links) {
      const [a, b] = endsOf(topology, link);
      if (a !== name && b !== name) continue;
      const next = a === name ? b : a;
      if (seen.has(next)) continue;
      seen.add(next);
      const through = name === from ? [] : [...way.through, name];
      open.push({ name: next, way: { links: [...way.links, link], through } });
    }
  }
  return undefined;
}

function mayForward({ switches }: Topology, through: readonly string[]): boolean {
  const kindOf = (name: string): string | undefined => switches.find((one) => one.name === name)?.kind;
  return switches.every(({ kind }) => kind === 'edge') || through.every((name) => kindOf(name) === 'core');
}

/** Paths over `links` with no link in common, `most` at most: a flow of one per link and direction, path by path (Ford and Fulkerson). */
function disjointPaths(topology: Topology, links: ReadonlySet<number>, from: string, to: string, most: number): number {
  // 1: used from end a to end b, -1: from b to a, 0 or absent: free.
  const flow = new Map<number, number>();
  for (let count = 0; count < most; count++) {
    const cameBy = new Map<string, { link: number; from: string }>();
    const open = [from];
    for (const name of open) {
      if (name === to) break;
      if (name !== from && !mayForward(topology, [name])) continue;
      for (const link of links) {
        const [a, b] = endsOf(topology, link);
        if (a !== name && b !== name) continue;
        const next = a === name ? b : a;
        const isForward = flow.get(link) === (a === name ? 1 : -1);
        if (isForward || next === from || cameBy.has(next)) continue;
        cameBy.set(next, { link, from: name });
        open.push(next);
      }
    }
    if (!cameBy.has(to)) return count;
    for (let name = to; name !== from;) {
      const step = cameBy.get(name)!;
      const way = endsOf(topology, step.link)[0] === step.from ? 1 : -1;
      flow.set(step.link, (flow.get(step.link) ?? 0) + way);
      name = step.from;
    }
  }
  return most;
}

function endsOf({ links }: Topology, link: number): readonly [string, string] {
  const { a, b } = links[link]!;
  return [a, b];
}
