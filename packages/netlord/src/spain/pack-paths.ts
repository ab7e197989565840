/**
 * Puts paths into as few VLANs as it can, each free of loops. That is NP-hard, so it is greedy and randomised, as SPAIN has
 * it. What is ours is the eye on the transit switch: paths through one switch make a star, and stars never conflict. With
 * random placement a fabric of 8 edge and 4 core switches takes 13 to 16 VLANs; with this, 4.
 */
import { PACKING_ROUNDS, PATH_VLANS_MAX } from './constants.js';
import type { FabricPath } from './find-paths.js';
import { type Graph, graphOf } from './graph.js';
import { type Topology, failSpain } from './topology.js';
import { VlanForest } from './vlan-forest.js';

/** How to pack. */
export interface PackOptions {
  /** 32 random bits, signed or not; with a seeded generator the outcome can be repeated. */
  readonly random32: () => number;
  /** Orders that are tried, from 1 on; the best one counts. Default PACKING_ROUNDS. */
  readonly rounds?: number;
}

/** Paths in VLANs. */
export interface Packing {
  /** Link ids of each VLAN, rising; the first one is to be FIRST_PATH_VLAN. */
  readonly vlans: readonly (readonly number[])[];
  /** For each path its position in `vlans`. */
  readonly vlanOf: readonly number[];
  /** Fewer VLANs can't do: two paths of one pair always close a loop. */
  readonly lowerBound: number;
}

/**
 * Packs `paths`, which are {@link findPaths}' of `topology`. O(rounds · paths · VLANs · path length).
 * @throws CodecError E_SPAIN_VLAN_LIMIT if it takes more than PATH_VLANS_MAX, E_FIELD_RANGE (rounds), E_SPAIN_TOPOLOGY
 */
export function packPaths(topology: Topology, paths: readonly FabricPath[], options: PackOptions): Packing {
  const { random32, rounds = PACKING_ROUNDS } = options;
  if (!Number.isInteger(rounds) || rounds < 1) failSpain('E_FIELD_RANGE', 'rounds', `must be from 1 on, got ${rounds}`);
  const graph = graphOf(topology);
  const bound = lowerBound(paths);
  requireRoom(bound);
  let best = packOnce(graph, paths, bound, random32);
  for (let round = 1; round < rounds && best.vlans.length > bound; round++) {
    const other = packOnce(graph, paths, bound, random32);
    if (other.vlans.length < best.vlans.length) best = other;
  }
  requireRoom(best.vlans.length);
  return best;
}

function requireRoom(vlans: number): void {
  if (vlans <= PATH_VLANS_MAX) return;
  failSpain('E_SPAIN_VLAN_LIMIT', 'k', `the paths take ${vlans} VLANs or more, there are ${PATH_VLANS_MAX}`);
}

/** The most paths that one pair has. */
function lowerBound(paths: readonly FabricPath[]): number {
  const counts = new Map<string, number>();
  for (const { from, to } of paths) counts.set(`${from}\n${to}`, (counts.get(`${from}\n${to}`) ?? 0) + 1);
  return Math.max(0, ...counts.values());
}

function packOnce(graph: Graph, paths: readonly FabricPath[], bound: number, random32: () => number): Packing {
  const nodes = new Map(graph.topology.switches.map(({ name }, node) => [name, node]));
  const transits = paths.map(({ transit }) => (transit === undefined ? Infinity : nodes.get(transit)!));
  const order = shuffled(paths.length, random32).sort((a, b) => transits[a]! - transits[b]! || 0);
  const forests: VlanForest[] = [];
  const vlanOf: number[] = [];
  for (const i of order) {
    const { links } = paths[i]!;
    const best = bestFor(forests, links, transits[i]!, random32);
    const fits = best !== undefined && (best.touches || best.added < links.length || forests.length >= bound);
    const chosen = fits ? best.position : forests.push(new VlanForest(graph)) - 1;
    forests[chosen]!.add(links);
    vlanOf[i] = chosen;
  }
  return { vlans: forests.map(({ links }) => [...links].sort((a, b) => a - b)), vlanOf, lowerBound: bound };
}

interface Candidate {
  readonly position: number;
  /** Whether the VLAN has a link at the transit switch. */
  readonly touches: boolean;
  /** Links that it would get. */
  readonly added: number;
  readonly size: number;
  readonly tie: number;
}

function bestFor(
  forests: readonly VlanForest[],
  links: readonly number[],
  transit: number,
  random32: () => number,
): Candidate | undefined {
  let best: Candidate | undefined;
  forests.forEach((forest, position) => {
    const added = forest.costOf(links);
    if (added < 0) return;
    const candidate = {
      position,
      touches: forest.touches(transit),
      added,
      size: forest.links.size,
      tie: random32() >>> 0,
    };
    if (best === undefined || compare(candidate, best) < 0) best = candidate;
  });
  return best;
}

function compare(a: Candidate, b: Candidate): number {
  return Number(b.touches) - Number(a.touches) || a.added - b.added || b.size - a.size || a.tie - b.tie;
}

/** The numbers 0..count-1 in a random order (Fisher and Yates). */
function shuffled(count: number, random32: () => number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(((random32() >>> 0) / 0x1_0000_0000) * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}
