import type { IpAddress, Replicator } from '@overlane/wire';
import type { FragmentRoutesLimits } from './fragment-routes.js';
import type { VanLimits } from './options.js';

/** What a proxy is made with. */
export interface VanProxyOptions extends Partial<VanLimits>, Partial<FragmentRoutesLimits> {
  /** Our endpoint, reached by the hosts of the site and by the peers; IPv4. */
  readonly address: IpAddress;
  /** The switches of each instance in our site. `VanMembers` come and go by JOIN and LEAVE. */
  readonly hosts: Replicator;
  /** The proxies of other sites. */
  readonly peers: readonly IpAddress[];
  /** Other proxies of our own site: nothing of theirs is passed on. Default none. */
  readonly neighbors?: readonly IpAddress[];
  /** Instances that this proxy serves. */
  readonly networks: Iterable<number>;
  /** Any 32 bits, anew on each call, that others can't guess. */
  random32(): number;
}

/** Defaults of the limits that only proxies have. */
export const PROXY_DEFAULTS = { fragmentedPayloads: 1024, heldFragmentOctets: 1 << 20, fragmentMs: 1000 } as const;
