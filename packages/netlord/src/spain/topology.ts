import { CodecError } from '@overlane/wire';

/** What a switch is there for: `edge` switches have servers and forward IP to them, `core` switches only join others. */
export type SwitchKind = 'edge' | 'core';

/** A switch of a fabric. */
export interface TopologySwitch {
  /** Its name, unique and not empty. */
  readonly name: string;
  /** What it is there for. */
  readonly kind: SwitchKind;
}

/** A link between two different switches, by their names. Its id is its position in the list; there may be parallel ones. */
export interface TopologyLink {
  /** One end. */
  readonly a: string;
  /** The other end. */
  readonly b: string;
}

/** A fabric: any connected graph of switches. */
export interface Topology {
  /** All switches, two edge switches at least. */
  readonly switches: readonly TopologySwitch[];
  /** All links; the position is the id. */
  readonly links: readonly TopologyLink[];
}

/** What is wrong with a fabric, or with what was asked of it. */
export type SpainFault = 'E_SPAIN_TOPOLOGY' | 'E_SPAIN_DISCONNECTED' | 'E_SPAIN_VLAN_LIMIT' | 'E_FIELD_RANGE';

/** Throws a fault of SPAIN. `field` says where in the caller's input. */
export function failSpain(code: SpainFault, field: string, fact: string): never {
  throw new CodecError(code, { protocol: 'spain', field }, `${field}: ${fact}`);
}

/** Two tiers: every edge switch has one link to every core switch. Link ids run through the core switches edge by edge. */
export function fatTree(edges: number, cores: number): Topology {
  const edgeNames = names('edge', edges);
  const coreNames = names('core', cores);
  return {
    switches: [...switchesOf(edgeNames, 'edge'), ...switchesOf(coreNames, 'core')],
    links: edgeNames.flatMap((a) => coreNames.map((b) => ({ a, b }))),
  };
}

/** A full mesh of edge switches, without core switches. */
export function clique(edges: number): Topology {
  const all = names('edge', edges);
  return {
    switches: switchesOf(all, 'edge'),
    links: all.flatMap((a, i) => all.slice(i + 1).map((b) => ({ a, b }))),
  };
}

function names(stem: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${stem}${i + 1}`);
}

function switchesOf(all: readonly string[], kind: SwitchKind): TopologySwitch[] {
  return all.map((name) => ({ name, kind }));
}
