/**
 * The fabric under `--system netlord`: two edge switches and two core switches, every edge switch linked to both, one host at each. What is
 * configured anywhere comes from this plan: the switches' VLANs and routes, and the agents' reach tables.
 */
import { edge, spain } from '@overlane/netlord';
import { type SwitchConfig, parseSwitchConfig } from '@overlane/switch';

/** Where a host hangs on the fabric. */
export interface HostPlace {
  /** Name of its edge switch, and its position among the fabric's switches. */
  readonly edge: string;
  /** The port there. */
  readonly port: number;
  /** Its MAC, which no switch but its own sees. */
  readonly mac: string;
  /** Its address: p.0.0.1 at port p. */
  readonly address: string;
}

/** Mean time between chirps: short, so that a failure is over while one watches. */
export const CHIRP_PERIOD_MS = 500;
/** The device of a host that leads to its edge switch. */
export const HOST_DEVICE = 'e0';
/** Without randomness, so that every run builds the same. */
const SEED = 1;

/** Places of `h1` and `h2`. */
export const HOST_PLACES: Readonly<Record<string, HostPlace>> = {
  h1: { edge: 'edge1', port: 3, mac: '02:50:00:00:00:03', address: '3.0.0.1' },
  h2: { edge: 'edge2', port: 12, mac: '02:50:00:00:00:0c', address: '12.0.0.1' },
};

/** The fabric. */
export const FABRIC: edge.Fabric = edge.numberedFabric(spain.fatTree(2, 2), (n) =>
  Object.values(HOST_PLACES).filter((place) => place.edge === `edge${n}`),
);

/** SPAIN's plan for it: VLAN 1 as a tree, VLAN 2 through one core switch, VLAN 3 through the other. */
export const PLAN: spain.SpainPlan = spain.planPaths(FABRIC, { random32: spain.seededRandom32(SEED) });

/** What every switch is told. */
export const SWITCH_CONFIGS: readonly edge.SwitchConfig[] = edge.configureSwitches(FABRIC, PLAN);

/** MACs of the edge switches: all that core switches may ever learn. */
export const EDGE_MACS: readonly string[] = SWITCH_CONFIGS.flatMap(({ mac }) => mac ?? []);

/** The link of the fabric between two switches, by name. */
export function linkBetween(a: string, b: string): number {
  return FABRIC.links.findIndex((link) => (link.a === a && link.b === b) || (link.a === b && link.b === a));
}

/** Configuration of the agent (NLA) on `host`: the switch with NetLord's roles. `networks` are tenants, by their numbers. */
export function agentConfigOf(host: string, networks: readonly number[], rest: object): SwitchConfig {
  const { edge: edgeName } = HOST_PLACES[host]!;
  const macOf = (name: string): string => SWITCH_CONFIGS.find((config) => config.name === name)!.mac!;
  return parseSwitchConfig({
    ...rest,
    name: host,
    encapsulation: {
      type: 'netlord',
      edge: macOf(edgeName),
      chirpPeriodMs: CHIRP_PERIOD_MS,
      // Tenants may have equal address spaces; that they are told apart by tenant alone is what is shown.
      spaces: networks.map((network) => ({ network, tenant: network, macAsId: MAC_AS_ID })),
      reach: PLAN.reach
        .filter(({ from }) => from === edgeName)
        .map(({ to, vlans }) => ({ edge: macOf(to), vlans: [...vlans] })),
    },
    networks: networks.map((network) => ({ network })),
  });
}

/** The address space of every network: 1.0.0.7 as an outer source, which routers let pass. */
const MAC_AS_ID = 0x0100_0007;
