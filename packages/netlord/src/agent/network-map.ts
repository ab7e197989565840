/** One network of a tenant, as this agent knows it. */
export interface TenantNetwork {
  /** Number that ports and roles know it by, 0..2^53-1: the agent's own choice, never sent. */
  readonly network: number;
  /** Tenant, 0..2^24-1. */
  readonly tenant: number;
  /** MAC address space within the tenant, 0..2^32-1. */
  readonly macAsId: number;
}

/** No network of this agent. */
export const NO_NETWORK = -1;

/**
 * The networks of one agent. Tenant and address space have 56 bits together, more than a number holds; so each network has a
 * local number. Read-only; looking up allocates nothing.
 */
export class NetworkMap {
  readonly #networks = new Map<number, TenantNetwork>();
  // By tenant, then by address space as a signed integer.
  readonly #numbers = new Map<number, Map<number, number>>();

  /** These networks. @throws TypeError if a number, or a tenant's address space, comes twice */
  constructor(networks: Iterable<TenantNetwork>) {
    for (const { network, tenant, macAsId } of networks) {
      let spaces = this.#numbers.get(tenant);
      if (spaces === undefined) this.#numbers.set(tenant, (spaces = new Map<number, number>()));
      if (this.#networks.has(network)) throw new TypeError(`two networks have number ${network}`);
      if (spaces.has(macAsId | 0)) throw new TypeError(`two networks are space ${macAsId} of tenant ${tenant}`);
      spaces.set(macAsId | 0, network);
      this.#networks.set(network, { network, tenant, macAsId: macAsId | 0 });
    }
  }

  /** Tenant and address space of a network, the latter as a signed integer. */
  get(network: number): TenantNetwork | undefined {
    return this.#networks.get(network);
  }

  /** Number of the network, or NO_NETWORK. `macAsId` is signed. */
  find(tenant: number, macAsId: number): number {
    return this.#numbers.get(tenant)?.get(macAsId) ?? NO_NETWORK;
  }

  /** Whether any network here is the tenant's. */
  hasTenant(tenant: number): boolean {
    return this.#numbers.has(tenant);
  }
}
