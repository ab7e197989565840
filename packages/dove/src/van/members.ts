import { IpAddress, type Locator, type Replicator } from '@overlane/wire';

/** What a list of members starts with. */
export interface VanMembersOptions {
  /** Switches that are always members, by instance; IPv4. Each is asked to introduce us to the others. Default none. */
  readonly configured?: ReadonlyMap<number, readonly IpAddress[]>;
  /** Most members per instance that come by JOIN. Default 1,024. */
  readonly membersPerInstance?: number;
}

/** What `note` did. */
export type MemberOutcome = 'added' | 'known' | 'full';

interface Instance {
  readonly locators: Locator[];
  readonly configured: number;
  // When those behind the configured ones last spoke for themselves.
  readonly heardMs: number[];
}

const NOBODY: readonly Locator[] = [];
const CAPACITY = 1024;

/**
 * Replicator for an underlay without multicast ("multi-unicast"): the switches of each instance, configured or come by
 * JOIN, each of which gets a copy of its own. Adding and removing cost O(n), sending nothing but the copies. Memory:
 * about 200 octets per member.
 */
export class VanMembers implements Replicator {
  readonly #capacity: number;
  readonly #instances = new Map<number, Instance>();

  /** The configured members only. */
  constructor(options: VanMembersOptions = {}) {
    this.#capacity = options.membersPerInstance ?? CAPACITY;
    for (const [network, addresses] of options.configured ?? []) {
      const locators = addresses.map((address) => ({ address }));
      this.#instances.set(network, { locators, configured: locators.length, heardMs: [] });
    }
  }

  /** The members of `network`. The array changes as they come and go. */
  targets(network: number): readonly Locator[] {
    return this.#instances.get(network)?.locators ?? NOBODY;
  }

  /** True if `locator`, a signed integer, is a member. */
  has(network: number, locator: number): boolean {
    return this.#find(network, locator) >= 0;
  }

  /** Notes a member that spoke for itself, or was spoken for. */
  note(network: number, locator: number, nowMs: number): MemberOutcome {
    let instance = this.#instances.get(network);
    const at = this.#find(network, locator);
    if (instance !== undefined && at >= 0) {
      if (at >= instance.configured) instance.heardMs[at - instance.configured] = nowMs;
      return 'known';
    }
    if (instance === undefined) {
      instance = { locators: [], configured: 0, heardMs: [] };
      this.#instances.set(network, instance);
    }
    if (instance.heardMs.length >= this.#capacity) return 'full';
    const address = new IpAddress();
    address.setIpv4(locator);
    instance.locators.push({ address });
    instance.heardMs.push(nowMs);
    return 'added';
  }

  /** Takes a member out, unless it is configured. False if there was none to take out. */
  remove(network: number, locator: number): boolean {
    const instance = this.#instances.get(network);
    const at = this.#find(network, locator);
    if (instance === undefined || at < instance.configured) return false;
    this.#cut(network, instance, at);
    return true;
  }

  /** Takes out the members that were not heard since `sinceMs`, but no configured ones. */
  removeSilent(network: number, sinceMs: number): void {
    const instance = this.#instances.get(network);
    if (instance === undefined) return;
    for (let i = instance.heardMs.length - 1; i >= 0; i--) {
      if (instance.heardMs[i]! < sinceMs) this.#cut(network, instance, instance.configured + i);
    }
  }

  /** Takes out everybody but the configured ones. */
  clear(network: number): void {
    this.removeSilent(network, Infinity);
  }

  #cut(network: number, instance: Instance, at: number): void {
    instance.locators.splice(at, 1);
    instance.heardMs.splice(at - instance.configured, 1);
    if (instance.locators.length === 0) this.#instances.delete(network);
  }

  #find(network: number, locator: number): number {
    const locators = this.targets(network);
    for (let i = 0; i < locators.length; i++) if (locators[i]!.address.word0 === locator) return i;
    return -1;
  }
}
