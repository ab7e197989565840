/**
 * The NetLord agent (NLA) of one server, as answers to the roles of a switch: Resolver (NL-ARP), Replicator (one copy per
 * server), Path (SPAIN) and Encapsulation. What the paper calls the agent's send and receive algorithms is a switch with these
 * roles: it looks for the destination on its own ports, asks the resolver, chooses a path, and wraps.
 */
import { type EcnMode, type Encapsulation, type IpAddress, MAC_LENGTH, write16, write32 } from '@overlane/wire';
import { NlArp } from '../nl-arp/nl-arp.js';
import type { NlArpLimits } from '../nl-arp/options.js';
import type { ReachTable } from '../spain/reach.js';
import { SpainPath } from '../spain/spain-path.js';
import { AgentEncapsulation } from './encapsulation.js';
import { placeOf } from './locator.js';
import { NetworkMap } from './network-map.js';
import { EdgePath } from './path.js';
import { NetLordResolver } from './resolver.js';
import type { RoutedNetwork } from './router-config.js';
import { ServerReplicator } from './servers.js';
import { VirtualRouter } from './virtual-router.js';

/** What an agent needs to know. Everything but its place and its networks has a default. */
export interface AgentOptions extends Partial<NlArpLimits> {
  /** Address of the server, p.x.y.z behind port p of its edge switch; IPv4. */
  readonly address: IpAddress;
  /** MAC of that edge switch, as text. */
  readonly edge: string;
  /** The networks served, and their parts of the tenants' routers. Read once. */
  readonly networks: readonly RoutedNetwork[];
  /** MAC of all tenants' routers, the same at all agents. Default ROUTER_MAC. */
  readonly routerMac?: string;
  /** Whether ARP is answered for provisioned stations, or for the routers only. Default `router`. */
  readonly arpProxy?: 'router' | 'stations';
  /** VLANs towards the other edge switches. Default: none, and everything takes the VLAN that spans all. */
  readonly reach?: ReachTable;
  /** Mean time between chirps. Default 2,500 ms. All agents must have the same. */
  readonly chirpPeriodMs?: number;
  /** MTU of the physical network, in octets. */
  readonly pathMtu?: number;
  /** ECN towards the outer header (RFC 6040 §4.3). */
  readonly ecnMode?: EcnMode;
  /** Any 32 bits, anew on each call, that others can't guess. */
  random32(): number;
}

/** The roles of one agent, and what they share. */
export interface Agent {
  /** Which octets go around a frame. */
  readonly encapsulation: Encapsulation;
  /** Where a NIC is. */
  readonly resolver: NetLordResolver;
  /** Who gets a broadcast. */
  readonly replicator: ServerReplicator;
  /** Which VLAN a flow takes. */
  readonly path: EdgePath;
  /** Tenants' routers and the ARP proxy. */
  readonly gateway: VirtualRouter;
  /** NL-ARP itself, to look at. */
  readonly nlArp: NlArp;
  /** SPAIN itself, to look at. */
  readonly spain: SpainPath;
}

/** Makes an agent. @throws TypeError, CodecError or RangeError for options that can't be */
export function createAgent(options: AgentOptions): Agent {
  const { address, edge, reach = [], pathMtu, ecnMode, chirpPeriodMs, random32 } = options;
  if (address.family !== 4) throw new TypeError('a NetLord agent has an IPv4 address: p.x.y.z behind port p');
  const place = placeOf(address, edge);
  const edgeMac = new Uint8Array(MAC_LENGTH);
  write16(edgeMac, 0, place.edgeHigh);
  write32(edgeMac, 2, place.edgeLow);
  const networks = new NetworkMap(options.networks);
  const replicator = new ServerReplicator(networks);
  const nlArp = new NlArp({ ...options, place, watcher: replicator });
  const spain = new SpainPath({
    ownEdge: edgeMac,
    reach,
    random32: () => random32(),
    ...(chirpPeriodMs !== undefined && { chirpPeriodMs }),
  });
  const path = new EdgePath(spain);
  const encapsulation = new AgentEncapsulation(networks, {
    edgeMac,
    port: place.port,
    ...(pathMtu !== undefined && { pathMtu }),
    ...(ecnMode !== undefined && { ecnMode }),
  });
  const gateway = new VirtualRouter(options);
  const isRouter = (high: number, low: number): boolean => gateway.isRouter(high, low);
  const resolver = new NetLordResolver({ networks, nlArp, spain, path, isRouter });
  return { encapsulation, resolver, replicator, path, gateway, nlArp, spain };
}
