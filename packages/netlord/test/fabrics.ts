import fc from 'fast-check';
import type { spain } from '../src/index.js';

/**
 * Connected fabrics of up to five edge and three core switches, some without core switches, with parallel links now and
 * then. Every edge switch has a way to every other that runs through core switches alone, if there are any.
 */
export const fabrics = (): fc.Arbitrary<spain.Topology> =>
  fc
    .record({ edges: fc.integer({ min: 2, max: 5 }), cores: fc.integer({ min: 0, max: 3 }) })
    .chain(({ edges, cores }) => {
      const switches: spain.TopologySwitch[] = [
        ...Array.from({ length: edges }, (_, i) => ({ name: `e${i}`, kind: 'edge' as const })),
        ...Array.from({ length: cores }, (_, i) => ({ name: `c${i}`, kind: 'core' as const })),
      ];
      const inner = cores > 0 ? switches.slice(edges) : switches;
      // A tree over the switches that forward, each edge switch hung on one of them, and any links on top.
      const hooks = fc.array(fc.nat(), { minLength: switches.length, maxLength: switches.length });
      const extra = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 8 });
      return fc.tuple(hooks, extra).map(([hook, more]) => {
        const links: spain.TopologyLink[] = [];
        inner.slice(1).forEach(({ name }, i) => links.push({ a: inner[hook[i]! % (i + 1)]!.name, b: name }));
        if (cores > 0) {
          switches
            .slice(0, edges)
            .forEach(({ name }, i) => links.push({ a: name, b: inner[hook[i + cores]! % cores]!.name }));
        }
        for (const [i, j] of more) {
          const [a, b] = [switches[i % switches.length]!.name, switches[j % switches.length]!.name];
          if (a !== b) links.push({ a, b });
        }
        return { switches, links };
      });
    });
