import { type Topology, type TopologyLink, clique, failSpain, fatTree } from '../spain/topology.js';
import type { Fabric, FabricHost, FabricSwitch } from './fabric.js';

/** Switches and links that a description may name. Far above any fabric, and below what would exhaust memory. */
const SWITCHES_MAX = 1024;
const LINKS_MAX = 65_536;

const FAT_TREE = /^fat-tree:(\d{1,6})x(\d{1,6})$/;
const CLIQUE = /^clique:(\d{1,6})$/;

/**
 * The topology that `text` names: `fat-tree:8x4` (edge switches by core switches) or `clique:8`. `undefined` if it has
 * neither form. @throws CodecError E_SPAIN_TOPOLOGY if it is too large, or too small to have two edge switches
 */
export function namedTopology(text: string): Topology | undefined {
  const tree = FAT_TREE.exec(text);
  const mesh = CLIQUE.exec(text);
  if (tree === null && mesh === null) return undefined;
  const [edges, cores] = [Number((tree ?? mesh)![1]), Number(tree?.[2] ?? 0)];
  if (edges < 2) failSpain('E_SPAIN_TOPOLOGY', 'topology', `${text} has fewer than two edge switches`);
  if (tree !== null && cores < 1) failSpain('E_SPAIN_TOPOLOGY', 'topology', `${text} has no core switch`);
  const links = tree === null ? (edges * (edges - 1)) / 2 : edges * cores;
  if (edges + cores > SWITCHES_MAX || links > LINKS_MAX) {
    failSpain(
      'E_SPAIN_TOPOLOGY',
      'topology',
      `${text} is too large: ${SWITCHES_MAX} switches, ${LINKS_MAX} links at most`,
    );
  }
  return tree === null ? clique(edges) : fatTree(edges, cores);
}

/**
 * Takes a fabric out of parsed JSON: `{"switches": [{"name", "kind": "edge" | "core", "mac"?, "hosts"?: [{"port", "mac"}]}],
 * "links": [{"a", "b"}]}`. Whether it makes sense as a graph is for others to say. @throws CodecError E_SPAIN_TOPOLOGY with the field at fault
 */
export function parseFabric(value: unknown): Fabric {
  const fabric = requireFields(value, 'topology', ['switches', 'links']);
  const switches = requireList(fabric['switches'], 'switches', SWITCHES_MAX).map(parseSwitch);
  const links = requireList(fabric['links'], 'links', LINKS_MAX).map((one, i): TopologyLink => {
    const link = requireFields(one, `links[${i}]`, ['a', 'b']);
    return { a: requireText(link['a'], `links[${i}].a`), b: requireText(link['b'], `links[${i}].b`) };
  });
  return { switches, links };
}

function parseSwitch(value: unknown, i: number): FabricSwitch {
  const field = `switches[${i}]`;
  const { name, kind, mac, hosts } = requireFields(value, field, ['name', 'kind', 'mac', 'hosts']);
  if (kind !== 'edge' && kind !== 'core') return refuse(`${field}.kind`, '"edge" or "core"', kind);
  return {
    name: requireText(name, `${field}.name`),
    kind,
    ...(mac !== undefined && { mac: requireText(mac, `${field}.mac`) }),
    ...(hosts !== undefined && { hosts: parseHosts(hosts, `${field}.hosts`) }),
  };
}

function parseHosts(value: unknown, field: string): FabricHost[] {
  return requireList(value, field, LINKS_MAX).map((one, i) => {
    const { port, mac } = requireFields(one, `${field}[${i}]`, ['port', 'mac']);
    if (typeof port !== 'number') return refuse(`${field}[${i}].port`, 'a number', port);
    return { port, mac: requireText(mac, `${field}[${i}].mac`) };
  });
}

function requireFields(value: unknown, field: string, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse(field, 'an object', value);
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined)
    failSpain('E_SPAIN_TOPOLOGY', `${field}.${unknown}`, `unknown; known: ${known.join(', ')}`);
  return value as Readonly<Record<string, unknown>>;
}

function requireList(value: unknown, field: string, max: number): readonly unknown[] {
  if (!Array.isArray(value)) return refuse(field, 'a list', value);
  if (value.length > max) failSpain('E_SPAIN_TOPOLOGY', field, `has ${value.length} entries, ${max} at most`);
  return value as readonly unknown[];
}

function requireText(value: unknown, field: string): string {
  return typeof value === 'string' ? value : refuse(field, 'text', value);
}

function refuse(field: string, expected: string, value: unknown): never {
  return failSpain('E_SPAIN_TOPOLOGY', field, `must be ${expected}, got ${JSON.stringify(value) ?? 'nothing'}`);
}
