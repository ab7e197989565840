import type { Graph } from './graph.js';

/** The links of one VLAN in the making: free of loops at all times. Union-find over the switches. */
export class VlanForest {
  /** Its links. */
  readonly links = new Set<number>();
  readonly #graph: Graph;
  readonly #parents: Int32Array;
  readonly #touched: Uint8Array;

  /** No links yet. */
  constructor(graph: Graph) {
    this.#graph = graph;
    this.#parents = Int32Array.from(graph.neighbors, (_, node) => node);
    this.#touched = new Uint8Array(graph.neighbors.length);
  }

  /** Whether the switch `node` (any number) has a link here. */
  touches(node: number): boolean {
    return this.#touched[node] === 1;
  }

  /** How many links adding the path `links` would add, or -1 if it would close a loop. */
  costOf(links: readonly number[]): number {
    const added = links.filter((link) => !this.links.has(link));
    // Roots that the path would join, as they are joined; a path is short, so a list will do.
    const joined: [number, number][] = [];
    const rootOf = (node: number): number =>
      joined.reduce((root, [from, to]) => (root === from ? to : root), this.#root(node));
    for (const link of added) {
      const [a, b] = this.#graph.ends[link]!;
      const [rootA, rootB] = [rootOf(a), rootOf(b)];
      if (rootA === rootB) return -1;
      joined.push([rootA, rootB]);
    }
    return added.length;
  }

  /** Adds the path `links`. Precondition: {@link costOf} did not return -1. */
  add(links: readonly number[]): void {
    for (const link of links) {
      if (this.links.has(link)) continue;
      const [a, b] = this.#graph.ends[link]!;
      this.links.add(link);
      this.#touched[a] = this.#touched[b] = 1;
      this.#parents[this.#root(a)] = this.#root(b);
    }
  }

  #root(node: number): number {
    let root = node;
    while (this.#parents[root] !== root) root = this.#parents[root] = this.#parents[this.#parents[root]!]!;
    return root;
  }
}
