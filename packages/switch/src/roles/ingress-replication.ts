import type { Locator, Replicator } from '@overlane/wire';

const NOBODY: readonly Locator[] = [];

/** The Replicator of plain VXLAN without multicast: the sender makes one copy per endpoint of the network's list. */
export class IngressReplicator implements Replicator {
  readonly #targets: ReadonlyMap<number, readonly Locator[]>;

  /** `targets`: the far endpoints of each network. Read on every flood, so it may change. */
  constructor(targets: ReadonlyMap<number, readonly Locator[]>) {
    this.#targets = targets;
  }

  /** The endpoints of `network`; nobody if it is unknown. */
  targets(network: number): readonly Locator[] {
    return this.#targets.get(network) ?? NOBODY;
  }
}
