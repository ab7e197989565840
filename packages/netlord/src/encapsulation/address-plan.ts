/**
 * How the outer destination address is shared between the egress port and the tenant (NetLord §3): the port in front,
 * so that the edge switch routes on a prefix per port, the tenant behind it.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |  Egress Port  |                   Tenant ID                   |     8 port bits
 *     |      Egress Port      |               Tenant ID               |     12 port bits
 */
import { requireInteger } from '@overlane/wire';

const ADDRESS_BITS = 32;
const PORT_BITS_MIN = 8;
const PORT_BITS_MAX = 12;
const LOOPBACK = 127;
const MULTICAST = 224;

/** What a whole NetLord network agrees on. */
export interface AddressPlan {
  /**
   * Leading bits that name the port, 8..12; the others name the tenant. Default 8: a route per port is a /8, and there are
   * 2^24 tenants. More serve edge switches with more host ports, at the price of tenants.
   */
  readonly portBits: number;
  /**
   * Whether ports may also lie in 128.0.0.0 to 223.255.255.255. Default `refused`: 126 ports are more than the 72 host
   * ports of the largest switch in the paper, and a smaller range finds more damaged headers.
   */
  readonly widePorts: 'accepted' | 'refused';
}

/** The plan of a network that asks for nothing else: 8 port bits, ports 1..126. */
export const ADDRESS_PLAN: AddressPlan = Object.freeze({ portBits: PORT_BITS_MIN, widePorts: 'refused' });

/** A plan with defaults for what `options` leaves out. @throws CodecError E_FIELD_RANGE unless `portBits` is 8..12 */
export function addressPlan(options: Partial<AddressPlan> = {}): AddressPlan {
  const { portBits = ADDRESS_PLAN.portBits, widePorts = ADDRESS_PLAN.widePorts } = options;
  requireInteger('netlord', 'portBits above 8', portBits - PORT_BITS_MIN, PORT_BITS_MAX - PORT_BITS_MIN);
  return Object.freeze({ portBits, widePorts });
}

/** Largest tenant identifier: 2^24-1 with 8 port bits, 2^20-1 with 12. */
export function tenantIdMax(plan: AddressPlan = ADDRESS_PLAN): number {
  return 0xffff_ffff >>> plan.portBits;
}

/** Whether a port can be coded: a switch would not forward to 0.0.0.0/8, 127.0.0.0/8 or from 224.0.0.0 on. */
export function isPort(port: number, plan: AddressPlan = ADDRESS_PLAN): boolean {
  return Number.isInteger(port) && port >= 0 && isForwardable(Math.floor(port / 2 ** (plan.portBits - 8)), plan);
}

/** Whether the address, given by its first octet, leads to a port. */
export function isForwardable(firstOctet: number, plan: AddressPlan = ADDRESS_PLAN): boolean {
  if (firstOctet > LOOPBACK) return plan.widePorts === 'accepted' && firstOctet < MULTICAST;
  return firstOctet !== 0 && firstOctet !== LOOPBACK;
}

/** The outer destination address, 0..2^32-1, for a port and tenant in range. */
export function toAddress(port: number, tenantId: number, plan: AddressPlan = ADDRESS_PLAN): number {
  return ((port << (ADDRESS_BITS - plan.portBits)) | tenantId) >>> 0;
}

/** The port of an address, signed or not. */
export function portOf(address: number, plan: AddressPlan = ADDRESS_PLAN): number {
  return address >>> (ADDRESS_BITS - plan.portBits);
}

/** The tenant identifier of an address, signed or not. */
export function tenantIdOf(address: number, plan: AddressPlan = ADDRESS_PLAN): number {
  return address & tenantIdMax(plan);
}
