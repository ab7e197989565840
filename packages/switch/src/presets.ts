/** Published systems as rows of choices: each preset fills the five roles. */
import type { Locator } from '@overlane/wire';
import { type VxlanOptions, VxlanEncapsulation } from '@overlane/vxlan';
import type { MacTableOptions } from './mac-table.js';
import { DropQueue } from './roles/drop-queue.js';
import { EcmpPath } from './roles/ecmp-path.js';
import { FloodAndLearnResolver } from './roles/flood-and-learn.js';
import { IngressReplicator } from './roles/ingress-replication.js';
import type { SwitchRoles } from './switch.js';

/** What plain VXLAN needs to know. */
export interface VxlanPresetOptions extends VxlanOptions {
  /** The far endpoints of each network, for flooding. Read on every flood, so it may change. */
  readonly peers: ReadonlyMap<number, readonly Locator[]>;
  /** Size and ageing of each network's table of remote addresses. */
  readonly learning?: MacTableOptions;
}

/** Plain VXLAN (RFC 7348): flood and learn, ingress replication, ECMP by source port, drop when full. */
export function vxlan(options: VxlanPresetOptions): SwitchRoles {
  return {
    encapsulation: new VxlanEncapsulation(options),
    resolver: new FloodAndLearnResolver(options.learning),
    replicator: new IngressReplicator(options.peers),
    path: new EcmpPath(),
    makeQueue: () => new DropQueue(),
  };
}
