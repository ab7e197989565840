/** SPAIN's offline half as one step: from a fabric to VLANs, their ports, and the reach table of every edge switch. */
import { FIRST_PATH_VLAN, TREE_VLAN } from './constants.js';
import { type FabricPath, defaultPathCount, findPaths } from './find-paths.js';
import { graphOf, spanningTree } from './graph.js';
import { type PackOptions, packPaths } from './pack-paths.js';
import type { Topology } from './topology.js';

/** A VLAN of the plan: a subgraph free of loops. */
export interface PlannedVlan {
  /** VLAN identifier: TREE_VLAN, or from FIRST_PATH_VLAN on. */
  readonly vlan: number;
  /** Its links, by rising id. */
  readonly links: readonly number[];
}

/** A path and the VLAN that carries it. */
export interface PlannedPath extends FabricPath {
  /** VLAN identifier, from FIRST_PATH_VLAN on. */
  readonly vlan: number;
}

/** Where an edge switch can send over which VLANs. */
export interface PlannedReach {
  /** Name of the edge switch that sends. */
  readonly from: string;
  /** Name of the edge switch to reach. */
  readonly to: string;
  /** VLANs that carry a path between the two, rising, one at least. */
  readonly vlans: readonly number[];
}

/** Which VLANs a switch has at one of its ports. */
export interface PortMembership {
  /** Name of the switch. */
  readonly switch: string;
  /** The link at this port. */
  readonly link: number;
  /** VLANs that are tagged there, rising. */
  readonly vlans: readonly number[];
}

/** Everything that SPAIN makes of a fabric. */
export interface SpainPlan {
  /** The fabric. */
  readonly topology: Topology;
  /** Paths that each pair was to get. */
  readonly k: number;
  /** All paths with their VLANs. */
  readonly paths: readonly PlannedPath[];
  /** TREE_VLAN, which spans everything, then the VLANs of the paths. */
  readonly vlans: readonly PlannedVlan[];
  /** VLANs of paths that there must be at least. */
  readonly lowerBound: number;
  /** For each edge switch and each other one. */
  readonly reach: readonly PlannedReach[];
  /** For each end of each link, switch by switch. */
  readonly ports: readonly PortMembership[];
}

/** How to plan. */
export interface PlanOptions extends PackOptions {
  /** Paths per pair. Default: {@link defaultPathCount}. */
  readonly k?: number;
}

/**
 * Plans the paths of `topology`.
 * @throws CodecError E_SPAIN_TOPOLOGY, E_SPAIN_DISCONNECTED, E_SPAIN_VLAN_LIMIT, E_FIELD_RANGE, with the field at fault
 */
export function planPaths(topology: Topology, options: PlanOptions): SpainPlan {
  const k = options.k ?? defaultPathCount(topology);
  const tree = spanningTree(graphOf(topology));
  const found = findPaths(topology, k);
  const { vlans: packed, vlanOf, lowerBound } = packPaths(topology, found, options);
  const paths = found.map((path, i) => ({ ...path, vlan: FIRST_PATH_VLAN + vlanOf[i]! }));
  const vlans = [{ vlan: TREE_VLAN, links: tree }, ...packed.map((links, i) => ({ vlan: FIRST_PATH_VLAN + i, links }))];
  return { topology, k, paths, vlans, lowerBound, reach: reachOf(topology, paths), ports: portsOf(topology, vlans) };
}

/** Choice: a VLAN counts towards a switch only if it carries a path to it, not if it leads there by some detour. */
function reachOf({ switches }: Topology, paths: readonly PlannedPath[]): PlannedReach[] {
  const used = new Map<string, number[]>();
  for (const { from, to, vlan } of paths) {
    for (const pair of [keyOf(from, to), keyOf(to, from)]) used.set(pair, [...(used.get(pair) ?? []), vlan]);
  }
  const edges = switches.filter(({ kind }) => kind === 'edge').map(({ name }) => name);
  return edges.flatMap((from) =>
    edges
      .filter((to) => to !== from)
      .map((to) => ({ from, to, vlans: used.get(keyOf(from, to))!.sort((a, b) => a - b) })),
  );
}

function portsOf({ switches, links }: Topology, vlans: readonly PlannedVlan[]): PortMembership[] {
  const byLink = links.map((): number[] => []);
  for (const { vlan, links: members } of vlans) for (const link of members) byLink[link]!.push(vlan);
  return switches.flatMap(({ name }) =>
    links.flatMap(({ a, b }, link) => (a === name || b === name ? [{ switch: name, link, vlans: byLink[link]! }] : [])),
  );
}

function keyOf(from: string, to: string): string {
  return `${from}\n${to}`;
}
