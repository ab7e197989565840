import { IpAddress, type Locator, type Replicator } from '@overlane/wire';

const GROUPS = 0xef00_0000;

/** The delivery group of an instance: 239.x.y.z with the instance's 24 bits. Others who share it check the instance. */
export function deliveryGroup(network: number): number {
  return (GROUPS | (network & 0xff_ffff)) >>> 0;
}

/**
 * Replicator for an underlay with multicast: one copy, to the delivery group of the instance. The switch has to be a
 * member of the groups of its instances.
 */
export class DeliveryGroups implements Replicator {
  readonly #address = new IpAddress();
  readonly #target: readonly Locator[] = [{ address: this.#address }];

  /** The group, valid until the next call. */
  targets(network: number): readonly Locator[] {
    this.#address.setIpv4(deliveryGroup(network));
    return this.#target;
  }
}
