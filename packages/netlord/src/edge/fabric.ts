import { CodecError, formatMac, isGroupMac, parseMac } from '@overlane/wire';
import { type AddressPlan, ADDRESS_PLAN, isPort } from '../encapsulation/address-plan.js';
import type { Topology, TopologySwitch } from '../spain/topology.js';

/** A server at a port of an edge switch. */
export interface FabricHost {
  /** The port it hangs on: the number that leads the outer destination address, within the address plan. */
  readonly port: number;
  /** MAC of the server as text: where the edge switch sends what it has routed. It appears on this one link alone. */
  readonly mac: string;
}

/** A switch of a fabric with what its configuration needs. */
export interface FabricSwitch extends TopologySwitch {
  /** Its MAC as text. Edge switches need one; core switches have no use for it. */
  readonly mac?: string;
  /** Its servers; only edge switches have some. */
  readonly hosts?: readonly FabricHost[];
}

/** A fabric with everything its switches must be told. */
export interface Fabric extends Topology {
  /** All switches. */
  readonly switches: readonly FabricSwitch[];
}

/** What is wrong with a fabric's switches: a MAC missing, malformed or used twice; a port out of range or used twice. */
export type EdgeFault = 'E_EDGE_MAC' | 'E_EDGE_PORT';

/** The MAC that {@link numberedFabric} gives to edge switch `n`, 1..65535: `02:e0:00:00:00:01` for the first. */
export function edgeMac(n: number): string {
  return formatMac(Uint8Array.of(0x02, 0xe0, 0, 0, n >> 8, n & 0xff));
}

/** `topology` with MACs `02:e0:00:00:00:01`, ... for its edge switches, and `hostsOf` (the edge switch's number, from 1 on) for servers. */
export function numberedFabric(
  topology: Topology,
  hostsOf: (edge: number) => readonly FabricHost[] = () => [],
): Fabric {
  let edge = 0;
  const switches = topology.switches.map((one) => {
    if (one.kind === 'core') return one;
    edge++;
    return { ...one, mac: edgeMac(edge), hosts: hostsOf(edge) };
  });
  return { switches, links: topology.links };
}

/** Throws unless every edge switch has a MAC of its own and every host a port of its own and a MAC. @throws CodecError E_EDGE_MAC, E_EDGE_PORT */
export function requireFabric({ switches }: Fabric, plan: AddressPlan = ADDRESS_PLAN): void {
  const macs = new Set<string>();
  const takeMac = (field: string, text: string | undefined): void => {
    const mac = macOf(text);
    if (mac === undefined) throw refused('E_EDGE_MAC', field, 'the MAC of one station', String(text));
    if (macs.has(mac)) throw refused('E_EDGE_MAC', field, 'in the fabric once', mac);
    macs.add(mac);
  };
  switches.forEach(({ kind, mac, hosts = [] }, i) => {
    if (kind === 'edge') takeMac(`switches[${i}].mac`, mac);
    const ports = new Set<number>();
    hosts.forEach((host, j) => {
      const field = `switches[${i}].hosts[${j}]`;
      if (kind === 'core') throw refused('E_EDGE_PORT', field, 'at an edge switch', 'a core switch');
      if (!isPort(host.port, plan))
        throw refused('E_EDGE_PORT', `${field}.port`, 'a port that can be routed', host.port);
      if (ports.has(host.port)) throw refused('E_EDGE_PORT', `${field}.port`, 'at its switch once', host.port);
      ports.add(host.port);
      takeMac(`${field}.mac`, host.mac);
    });
  });
}

function macOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    const mac = parseMac(text);
    return isGroupMac(mac, 0) || mac.every((octet) => octet === 0) ? undefined : formatMac(mac);
  } catch {
    return undefined;
  }
}

function refused(code: EdgeFault, field: string, expected: string, actual: string | number): CodecError {
  return new CodecError(
    code,
    { protocol: 'edge', field, expected, actual },
    `${field} must be ${expected}, got ${actual}`,
  );
}
