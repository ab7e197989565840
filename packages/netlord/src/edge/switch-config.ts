/**
 * The configuration of a fabric's switches, made once and static from then on (NetLord §3, §4): VLAN membership of every
 * port, ageing, and on edge switches one route per host port. There is no routing protocol and no spanning tree: SPAIN's
 * VLANs have no loops. Core switches learn edge switches' MACs and nothing else.
 */
import { formatIpv4, formatMac, parseMac } from '@overlane/wire';
import { type AddressPlan, ADDRESS_PLAN, toAddress } from '../encapsulation/address-plan.js';
import type { SpainPlan } from '../spain/plan.js';
import type { SwitchKind } from '../spain/topology.js';
import { type Fabric, requireFabric } from './fabric.js';

/** Seconds after which a switch forgets a MAC that it has not seen (NetLord §5: 300). */
export const AGEING_S = 300;

/** A port of a switch that is a tagged member of VLANs. */
export interface SwitchPort {
  /** Name of its device, unique on the switch: `l` and the link's id, or `p` and the host port's number. */
  readonly device: string;
  /** What is at the other end: the name of a switch, or `undefined` for a server. */
  readonly peer: string | undefined;
  /** VLANs that it carries, tagged, rising. Routed packets leave host ports untagged. */
  readonly vlans: readonly number[];
}

/** A route of an edge switch: what starts with this port's number goes out of this port. */
export interface PortRoute {
  /** `12.0.0.0/8` for port 12. */
  readonly prefix: string;
  /** `12.0.0.1`: an address that stands for the server, bound to its MAC. */
  readonly nextHop: string;
  /** The server's MAC, bound to `nextHop` once and for all: nobody answers ARP for it. */
  readonly mac: string;
  /** Device of the port. */
  readonly device: string;
}

/** Everything that one switch must be told. */
export interface SwitchConfig {
  /** Its name. */
  readonly name: string;
  /** What it is there for. */
  readonly kind: SwitchKind;
  /** An edge switch's MAC: of all its VLANs and of the packets that it routes. */
  readonly mac: string | undefined;
  /** Its VLANs, rising. */
  readonly vlans: readonly number[];
  /** Its ports: links first. */
  readonly ports: readonly SwitchPort[];
  /** Its routes; none on core switches. */
  readonly routes: readonly PortRoute[];
  /** Seconds until a MAC is forgotten. */
  readonly ageingS: number;
  /** What its NLAs find it by at start: LLDP with its MAC as chassis id and the port's number as port id. */
  readonly lldp: boolean;
}

/**
 * The configuration of every switch, in the fabric's order. `plan` is SPAIN's for this fabric.
 * @throws CodecError E_EDGE_MAC, E_EDGE_PORT, with the field at fault
 */
export function configureSwitches(
  fabric: Fabric,
  plan: SpainPlan,
  addressPlan: AddressPlan = ADDRESS_PLAN,
): readonly SwitchConfig[] {
  requireFabric(fabric, addressPlan);
  return fabric.switches.map(({ name, kind, mac, hosts = [] }) => {
    const links = plan.ports
      .filter((port) => port.switch === name)
      .map(({ link, vlans }) => {
        const { a, b } = fabric.links[link]!;
        return { device: `l${link}`, peer: a === name ? b : a, vlans };
      });
    const vlans = [...new Set(links.flatMap((link) => link.vlans))].sort((a, b) => a - b);
    // A server may use every VLAN of its edge switch.
    const servers = hosts.map(({ port }) => ({ device: `p${port}`, peer: undefined, vlans }));
    return {
      name,
      kind,
      mac: mac === undefined ? undefined : formatMac(parseMac(mac)),
      vlans,
      ports: [...links, ...servers],
      routes: hosts.map((host) => ({
        prefix: `${formatIpv4(toAddress(host.port, 0, addressPlan))}/${addressPlan.portBits}`,
        nextHop: formatIpv4(toAddress(host.port, 1, addressPlan)),
        mac: formatMac(parseMac(host.mac)),
        device: `p${host.port}`,
      })),
      ageingS: AGEING_S,
      lldp: kind === 'edge',
    };
  });
}
