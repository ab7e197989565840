/** Published systems as rows of choices: each preset fills the five roles. */
import type { Encapsulation, Locator } from '@overlane/wire';
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
