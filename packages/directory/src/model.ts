/** What the directory holds: where each tenant address is now. */

/** Identity of a mapping. Addresses of different tenants never meet: the tenant is the first field of every key. */
export interface MappingKey {
  /** Tenant, 0..2^32-1; 0 is the infrastructure. Above 2^24-1 only where `wideTenant` is set. */
  readonly tenant: number;
  /** Kind of address, see `KIND`: 1 IPv4, 2 IPv6, 3 MAC. */
  readonly kind: number;
  /** The address at the end of 16 octets, zeros in front. */
  readonly addr: Uint8Array;
}

/** A place in the underlay. */
export interface Locator {
  /** Kind of address, see `KIND`: 1 IPv4, 2 IPv6, 3 MAC of an edge switch (NetLord). */
  readonly kind: number;
  /** Encapsulation to use, see `ENCAPSULATION`. */
  readonly encap: number;
  /** UDP or TCP port of the tunnel, 0 for its default; NetLord: the server's port on the edge switch. */
  readonly port: number;
  /** Logical egress port (NVP), 0..2^32-1; 0 when unused. */
  readonly label: number;
  /** The address at the end of 16 octets, zeros in front. */
  readonly addr: Uint8Array;
}

/** What the directory knows about a key. */
export interface Mapping {
  /** Which address this is about. */
  readonly key: MappingKey;
  /** Where it is: 1..8 places. */
  readonly locators: readonly Locator[];
  /** MAC that the ARP proxy answers, 6 octets. */
  readonly mac: Uint8Array;
  /** Host that may move or delete the mapping, 0..2^53-1. Not told in answers. */
  readonly owner: number;
  /** How long an answer holds, 1..86,400 s. */
  readonly ttl: number;
  /** Bits of `MAPPING_FLAG`. */
  readonly flags: number;
  /** Store revision that wrote the mapping, 0..2^53-1: totally ordered within an epoch. */
  readonly version: number;
}

/** How far a lookup server has followed its store. */
export interface StoreStamp {
  /** Changes only when the store is restored or rebuilt, 0..2^32-1; versions of two epochs can't be compared. */
  readonly epoch: number;
  /** Last store revision applied, 0..2^53-1. */
  readonly revision: number;
}
