/** The paths that SPAIN offers to each pair of edge switches: up to k, short, and disjoint where the fabric allows. */
import { PATHS_DEFAULT_MAX } from './constants.js';
import { type Graph, graphOf } from './graph.js';
import { type Topology, failSpain } from './topology.js';

/** One way between two edge switches. */
export interface FabricPath {
  /** Names of the two edge switches, in the topology's order. */
  readonly from: string;
  readonly to: string;
  /** Link ids from one to the other, one at least. */
  readonly links: readonly number[];
  /** The switch in the middle (before the middle if there are two), or `undefined` for a path of one link. */
  readonly transit: string | undefined;
}

/** How many paths each pair gets unless told otherwise: one per core switch; without any, one per other edge switch; at most 16. */
export function defaultPathCount({ switches }: Topology): number {
  const cores = switches.filter(({ kind }) => kind === 'core').length;
  return Math.min(PATHS_DEFAULT_MAX, cores === 0 ? Math.max(1, switches.length - 1) : cores);
}

/**
 * Up to `k` paths for each pair of edge switches, pair by pair. Each is the shortest there is when every use of a link by an earlier
 * one of the pair counts as long as a detour over all links, so paths are disjoint while that is possible; among equals
 * the one with the lower link id where they part. Fewer than `k` if the next would repeat one. Choice: a path runs through
 * an edge switch only where there are no core switches. O(pairs · k · (links + switches²)).
 * @throws CodecError E_SPAIN_TOPOLOGY, E_SPAIN_DISCONNECTED, E_FIELD_RANGE (k)
 */
export function findPaths(topology: Topology, k: number = defaultPathCount(topology)): readonly FabricPath[] {
  if (!Number.isInteger(k) || k < 1) failSpain('E_FIELD_RANGE', 'k', `must be an integer from 1 on, got ${k}`);
  const graph = graphOf(topology);
  const paths: FabricPath[] = [];
  graph.edgeNodes.forEach((from, i) => {
    for (const to of graph.edgeNodes.slice(i + 1)) paths.push(...pathsOf(graph, from, to, k));
  });
  return paths;
}

function pathsOf(graph: Graph, from: number, to: number, k: number): FabricPath[] {
  const { switches, links } = graph.topology;
  const weights = new Float64Array(links.length).fill(1);
  const found = new Map<string, readonly number[]>();
  while (found.size < k) {
    const path = shortest(graph, weights, from, to);
    if (path === undefined) {
      const pair = `${switches[from]!.name} and ${switches[to]!.name}`;
      failSpain('E_SPAIN_DISCONNECTED', 'links', `no path joins ${pair}`);
    }
    if (found.has(path.join())) break;
    found.set(path.join(), path);
    for (const link of path) weights[link]! += links.length;
  }
  const names = { from: switches[from]!.name, to: switches[to]!.name };
  return [...found.values()].map((path) => ({ ...names, links: path, transit: transitOf(graph, from, path) }));
}

/** Distances to `to` by Dijkstra's algorithm until `from` is reached, then down them from `from` by the lowest ids. */
function shortest(graph: Graph, weights: Float64Array, from: number, to: number): readonly number[] | undefined {
  const { neighbors, edgesForward, topology } = graph;
  const distance = new Float64Array(neighbors.length).fill(Infinity);
  const settled = new Uint8Array(neighbors.length);
  const forwards = (node: number): boolean => edgesForward || node === to || topology.switches[node]!.kind === 'core';
  distance[to] = 0;
  // Nodes that have a distance and are not settled. Few, because edge switches that forward nothing are left out.
  const open = [to];
  for (;;) {
    let nearest = 0;
    for (let i = 1; i < open.length; i++) if (distance[open[i]!]! < distance[open[nearest]!]!) nearest = i;
    const node = open[nearest];
    if (node === undefined) return undefined;
    if (node === from) break;
    open[nearest] = open[open.length - 1]!;
    open.pop();
    settled[node] = 1;
    for (const { link, node: next } of neighbors[node]!) {
      if (settled[next] === 1 || (next !== from && !forwards(next))) continue;
      if (distance[next] === Infinity) open.push(next);
      distance[next] = Math.min(distance[next]!, distance[node]! + weights[link]!);
    }
  }
  const path: number[] = [];
  for (let node = from; node !== to;) {
    const step = neighbors[node]!.find(
      ({ link, node: next }) => settled[next] === 1 && distance[next]! + weights[link]! === distance[node],
    )!;
    path.push(step.link);
    node = step.node;
  }
  return path;
}

function transitOf(graph: Graph, from: number, path: readonly number[]): string | undefined {
  if (path.length === 1) return undefined;
  let node = from;
  for (const link of path.slice(0, Math.floor(path.length / 2))) {
    const [a, b] = graph.ends[link]!;
    node = a === node ? b : a;
  }
  return graph.topology.switches[node]!.name;
}
