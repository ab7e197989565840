import { parseIpv4, parseMac } from '@overlane/wire';
import { readHigh, readLow } from '../nl-arp/octets.js';
import { type TenantNetwork } from './network-map.js';

/** A station whose addresses are known from provisioning. */
export interface ProvisionedStation {
  /** IPv4 address. */
  readonly address: string;
  /** MAC. */
  readonly mac: string;
}

/** A network of a tenant with what the virtual router is to know of it. */
export interface RoutedNetwork extends TenantNetwork {
  /** The router's address in it, and its prefix: `10.0.0.1/24`. Default: the router is not in it. */
  readonly router?: string | undefined;
  /** Stations that the router reaches, and that ARP may be answered for. Default none. */
  readonly stations?: readonly ProvisionedStation[] | undefined;
}

/** MAC of all tenants' routers unless told otherwise: locally administered, the same at every agent. */
export const ROUTER_MAC = '02:4e:4c:00:00:01';

/** A network as the router uses it. */
export interface RouterLeg {
  readonly network: number;
  readonly tenant: number;
  /** The router's address, signed; 0 if it isn't in this network. */
  readonly address: number;
  /** Mask of the prefix, signed. */
  readonly mask: number;
  /** By IPv4 address, signed. */
  readonly stations: ReadonlyMap<number, { readonly high: number; readonly low: number }>;
}

/** Reads a network's part. @throws TypeError for a router that is no address with prefix, CodecError for other addresses */
export function routerLeg({ network, tenant, router, stations = [] }: RoutedNetwork): RouterLeg {
  const known = stations.map(({ address, mac }) => {
    const octets = parseMac(mac);
    return [parseIpv4(address) | 0, { high: readHigh(octets, 0), low: readLow(octets, 0) }] as const;
  });
  return { network, tenant, ...parsePrefix(router), stations: new Map(known) };
}

function parsePrefix(text: string | undefined): { address: number; mask: number } {
  if (text === undefined) return { address: 0, mask: -1 };
  const [address = '', length = ''] = text.split('/');
  if (!/^\d{1,2}$/.test(length) || Number(length) > 32) {
    throw new TypeError(`a router has an address and a prefix such as 10.0.0.1/24, not '${text}'`);
  }
  const bits = Number(length);
  return { address: parseIpv4(address) | 0, mask: bits === 0 ? 0 : -1 << (32 - bits) };
}
