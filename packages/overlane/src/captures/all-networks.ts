/** Sets of networks that need no list. */

class AllNetworks extends Set<number> {
  override has(_network: number): boolean {
    return true;
  }
}

/** Has every network. Not to be changed or iterated. */
export const ALL_NETWORKS: ReadonlySet<number> = new AllNetworks();

/** Has none. */
export const NO_NETWORKS: ReadonlySet<number> = new Set();
