import type { Replicator } from '@overlane/wire';
import { FLAG } from './constants.js';
import { FaultCounts } from './fault-counts.js';
import { FragmentRoutes, type FragmentRoutesLimits } from './fragment-routes.js';
import { VanMembers } from './members.js';
import { Membership } from './membership.js';
import { VAN_DEFAULTS, type VanLimits } from './options.js';
import { Outbox } from './outbox.js';
import { ProxiedStations } from './proxied-stations.js';
import { PROXY_DEFAULTS, type VanProxyOptions } from './proxy-options.js';
import { RateLimiter } from './rate-limiter.js';
import type { RemoteStationsContext } from './remote-context.js';
import { type Speaker, sendReply } from './speech.js';

/** Where a packet came from. */
export type Side = 'host' | 'peer' | 'neighbor';

/** All that a proxy knows. */
export interface ProxyState extends Speaker {
  /** Our endpoint, a signed integer. */
  readonly own: number;
  readonly limits: VanLimits & FragmentRoutesLimits;
  readonly faults: FaultCounts;
  readonly networks: ReadonlySet<number>;
  readonly hosts: Replicator;
  /** The proxies of other sites, signed integers. */
  readonly peers: Int32Array;
  /** VMs in our site, by host. */
  readonly site: ProxiedStations;
  /** VMs in other sites, by their proxy. */
  readonly remote: ProxiedStations;
  readonly fragments: FragmentRoutes;
  readonly answers: RateLimiter;
  /** Absent if the hosts don't come and go. */
  readonly membership: Membership | undefined;
  sideOf(source: number): Side;
}

/** The state of a proxy that knows nobody yet. */
export function createProxyState(options: VanProxyOptions): ProxyState {
  const { address, hosts, peers, neighbors = [] } = options;
  if (address.family !== 4) throw new TypeError('the endpoint of a VAN proxy is an IPv4 address');
  const limits = { ...VAN_DEFAULTS, ...PROXY_DEFAULTS, ...options };
  const own = address.word0;
  const faults = new FaultCounts();
  const outbox = new Outbox({ capacity: limits.outbox, headroom: limits.headroom }, faults, (network) =>
    hosts.targets(network),
  );
  const random32 = (): number => options.random32();
  const far = new Set(peers.map(({ word0 }) => word0));
  const near = new Set(neighbors.map(({ word0 }) => word0));
  const all = Int32Array.from(far);
  const context = { limits, outbox, faults, random32, flags: FLAG.EXTENSIONS | FLAG.PROXY };
  const unlearns = new RateLimiter(limits.unlearnMs, limits.ratePairs, random32());
  const speaker = { outbox, unlearns, random32 };
  const makeSide = (askedOf: RemoteStationsContext['askedOf']): ProxiedStations => {
    const side: ProxiedStations = new ProxiedStations({ ...context, askedOf }, (slot, waiters) => {
      for (const [source, transactionId] of waiters)
        answerAsProxy(speaker, own, side, slot, source, transactionId, limits);
    });
    return side;
  };
  const served = new Set(options.networks);
  return {
    own,
    limits,
    faults,
    ...speaker,
    networks: served,
    hosts,
    peers: all,
    site: makeSide('members'),
    remote: makeSide(all),
    fragments: new FragmentRoutes(limits, faults, random32()),
    answers: new RateLimiter(limits.answerMs, limits.ratePairs, random32()),
    membership:
      hosts instanceof VanMembers ? new Membership({ members: hosts, outbox, own, served, random32 }) : undefined,
    sideOf: (source) => (far.has(source) ? 'peer' : near.has(source) ? 'neighbor' : 'host'),
  };
}

/** Answers that a station which is learned on `side` is reached through this proxy. */
export function answerAsProxy(
  speaker: Speaker,
  own: number,
  side: ProxiedStations,
  slot: number,
  target: number,
  transactionId: number,
  { lifetimeS }: Pick<VanLimits, 'lifetimeS'>,
): void {
  const place = { locator: own, generation: side.generationOf(slot), flags: FLAG.PROXY, lifetimeS };
  sendReply(speaker, side.networkOf(slot), target, side.highOf(slot), side.lowOf(slot), transactionId, place);
}
