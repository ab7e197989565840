/** Published systems as rows of choices: each preset fills the five roles. */
import { type DoveEndpointOptions, DoveEncapsulation, van } from '@overlane/dove';
import { type AgentOptions, createAgent } from '@overlane/netlord';
import type { Encapsulation, IpAddress, Locator } from '@overlane/wire';
import { type VxlanOptions, VxlanEncapsulation } from '@overlane/vxlan';
import type { MacTableOptions } from './mac-table.js';
import { DropQueue } from './roles/drop-queue.js';
import { EcmpPath } from './roles/ecmp-path.js';
import { FloodAndLearnResolver } from './roles/flood-and-learn.js';
import { IngressReplicator } from './roles/ingress-replication.js';
import type { SwitchRoles } from './switch-options.js';

/** What a flood-and-learn overlay needs to know. */
export interface FloodAndLearnOptions {
  /** The far endpoints of each network, for flooding. Read on every flood, so it may change. */
  readonly peers: ReadonlyMap<number, readonly Locator[]>;
  /** Size and ageing of each network's table of remote addresses. */
  readonly learning?: MacTableOptions;
}

/** Plain VXLAN's answers around any encapsulation: flood and learn, ingress replication, ECMP by hash, drop when full. */
export function floodAndLearn(encapsulation: Encapsulation, options: FloodAndLearnOptions): SwitchRoles {
  return {
    encapsulation,
    resolver: new FloodAndLearnResolver(options.learning),
    replicator: new IngressReplicator(options.peers),
    path: new EcmpPath(),
    makeQueue: () => new DropQueue(),
  };
}

/** Plain VXLAN (RFC 7348). */
export function vxlan(options: VxlanOptions & FloodAndLearnOptions): SwitchRoles {
  return floodAndLearn(new VxlanEncapsulation(options), options);
}

/** What a DOVE overlay without a directory needs to know. */
export interface DoveOptions extends Omit<DoveEndpointOptions, 'takesExtensions' | 'seed'>, Partial<van.VanLimits> {
  /** Our endpoint, IPv4. */
  readonly address: IpAddress;
  /** Endpoints to start with, by network; those that they know come by JOIN. Read once. */
  readonly peers: ReadonlyMap<number, readonly Locator[]>;
  /** Any 32 bits, anew on each call, that others can't guess. */
  random32(): number;
}

/**
 * DOVE with VAN (Barabash et al.): endpoints learn from each other where stations are, and un-learn it when they move. Give
 * the switch `learning.ageingMs: Infinity`: a VAN switch knows its stations, and who is silent must not be un-learned.
 */
export function dove(options: DoveOptions): SwitchRoles {
  const addresses = ([network, locators]: [number, readonly Locator[]]): [number, IpAddress[]] => [
    network,
    locators.map(({ address }) => address),
  ];
  const replicator = new van.VanMembers({ configured: new Map([...options.peers].map(addresses)) });
  const resolver = new van.VanResolver({ ...options, replicator });
  return {
    spoofFault: 'E_DOVE_SPOOF',
    encapsulation: new DoveEncapsulation({
      ...options,
      seed: options.random32() >>> 0,
      takesExtensions: (peer) => resolver.takesExtensions(peer),
    }),
    resolver,
    replicator,
    path: new EcmpPath(),
    makeQueue: () => new DropQueue(),
  };
}

/**
 * NetLord (SIGCOMM 2011): frames inside packets that commodity switches forward by the addresses of edge switches alone. The
 * switch is the agent of one server. Give it `learning.ageingMs: Infinity`, as for {@link dove}.
 */
export function netlord(options: AgentOptions): SwitchRoles {
  const { nlArp: _nlArp, spain: _spain, ...roles } = createAgent(options);
  return { ...roles, spoofFault: 'E_NL_SPOOF', makeQueue: () => new DropQueue() };
}
