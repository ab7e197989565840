import { type Topology, failSpain } from './topology.js';

/** One end of a link as its switch sees it. */
interface Neighbor {
  readonly link: number;
  readonly node: number;
}

/** A topology in numbers: switches are nodes 0..n-1, in order. */
export interface Graph {
  /** The topology. */
  readonly topology: Topology;
  /** Nodes that are edge switches, rising. */
  readonly edgeNodes: readonly number[];
  /** Whether a path may run through an edge switch: only if there are no core switches. */
  readonly edgesForward: boolean;
  /** Both ends of each link. */
  readonly ends: readonly (readonly [number, number])[];
  /** Links of each node, by rising id. */
  readonly neighbors: readonly (readonly Neighbor[])[];
}

/** Checks a topology and numbers it. @throws CodecError E_SPAIN_TOPOLOGY, E_SPAIN_DISCONNECTED, with the field at fault */
export function graphOf(topology: Topology): Graph {
  const nodes = new Map<string, number>();
  topology.switches.forEach(({ name }, i) => {
    if (name === '') failSpain('E_SPAIN_TOPOLOGY', `switches[${i}].name`, 'a switch needs a name');
    if (nodes.has(name)) failSpain('E_SPAIN_TOPOLOGY', `switches[${i}].name`, `there are two switches '${name}'`);
    nodes.set(name, i);
  });
  const neighbors = topology.switches.map((): Neighbor[] => []);
  const ends = topology.links.map((link, i): [number, number] => {
    const [a, b] = [link.a, link.b].map(
      (name, end) =>
        nodes.get(name) ??
        failSpain('E_SPAIN_TOPOLOGY', `links[${i}].${end === 0 ? 'a' : 'b'}`, `there is no switch '${name}'`),
    ) as [number, number];
    if (a === b) failSpain('E_SPAIN_TOPOLOGY', `links[${i}]`, `it joins '${link.a}' to itself`);
    neighbors[a]!.push({ link: i, node: b });
    neighbors[b]!.push({ link: i, node: a });
    return [a, b];
  });
  const edgeNodes = topology.switches.flatMap(({ kind }, i) => (kind === 'edge' ? [i] : []));
  if (edgeNodes.length < 2) failSpain('E_SPAIN_TOPOLOGY', 'switches', 'there must be two edge switches at least');
  const edgesForward = edgeNodes.length === topology.switches.length;
  return { topology, edgeNodes, edgesForward, ends, neighbors };
}

/**
 * Links of a tree that spans all switches, rising: as flat as can be around the first core switch, else the first edge
 * switch, with the lowest link id where there is a choice. @throws CodecError E_SPAIN_DISCONNECTED
 */
export function spanningTree(graph: Graph): readonly number[] {
  const { switches } = graph.topology;
  const root = Math.max(
    0,
    switches.findIndex(({ kind }) => kind === 'core'),
  );
  const seen = new Set([root]);
  const links: number[] = [];
  for (const node of seen) {
    for (const { link, node: next } of graph.neighbors[node]!) {
      if (seen.has(next)) continue;
      seen.add(next);
      links.push(link);
    }
  }
  const lost = switches.findIndex((_, node) => !seen.has(node));
  if (lost >= 0) {
    failSpain(
      'E_SPAIN_DISCONNECTED',
      `switches[${lost}]`,
      `no links lead from '${switches[root]!.name}' to '${switches[lost]!.name}'`,
    );
  }
  return links.sort((a, b) => a - b);
}
