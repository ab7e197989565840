import { IpAddress, type Locator, parseMac } from '@overlane/wire';
import { portOf } from '../encapsulation/address-plan.js';
import { type Place } from '../nl-arp/options.js';
import { readHigh, readLow } from '../nl-arp/octets.js';

/** A place as the roles pass it around: the outer destination address, the edge switch to send to, and the VLAN if that is set. */
export interface EdgeLocator extends Locator {
  /** Port and tenant, as the IPv4 header has them; 255.255.255.255 for a message to all agents. */
  readonly address: IpAddress;
  /** Upper 16 bits of the edge switch's MAC. */
  readonly edgeHigh: number;
  /** Lower 32 bits of it, signed. */
  readonly edgeLow: number;
  /** VLAN; 0: the path's choice. */
  readonly vlan: number;
}

/** The address of a message to all agents: the signed form of 255.255.255.255. */
export const ALL_AGENTS = -1;

/** A locator that can be pointed elsewhere. */
export class ReusableLocator implements EdgeLocator {
  readonly address = new IpAddress();
  edgeHigh = 0;
  edgeLow = 0;
  vlan = 0;

  /** Points at a place for packets of `tenant`. */
  set(address: number, edgeHigh: number, edgeLow: number, vlan: number): this {
    this.address.setIpv4(address);
    this.edgeHigh = edgeHigh;
    this.edgeLow = edgeLow;
    this.vlan = vlan;
    return this;
  }
}

/**
 * The place of the server with that address, p.x.y.z, behind port p of the edge switch with that MAC: edge switches route
 * p.0.0.0/8 to port p. @throws CodecError E_ADDRESS_SYNTAX for what is no MAC
 */
export function placeOf(address: IpAddress, edgeMac: string): Place {
  const edge = parseMac(edgeMac);
  return { port: portOf(address.word0), edgeHigh: readHigh(edge, 0), edgeLow: readLow(edge, 0) };
}
