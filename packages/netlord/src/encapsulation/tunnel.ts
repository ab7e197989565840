import { TunnelMetadata } from '@overlane/wire';
import { type AddressPlan, ADDRESS_PLAN, portOf, tenantIdOf, toAddress } from './address-plan.js';
import { TTL_SENT } from './constants.js';

/**
 * What NetLord's headers say about a packet: `source` is the MAC address space, `destination` egress port and tenant, both
 * as they stand in the IPv4 header, and the Ethernet header adds edge switch and VLAN. After decapsulation `network` is the
 * tenant, on encapsulation it says nothing. `entropy` is not NetLord's: the path is chosen by VLAN.
 */
export class NetlordTunnel extends TunnelMetadata {
  /** Outer TTL, 1..255. Default 2: one edge switch routes the packet, and a second would drop it. */
  override ttl: number = TTL_SENT;
  /** Upper 16 bits of an edge switch's MAC: the egress edge switch on encapsulation, the one it came from on decapsulation. */
  edgeMacHigh = 0;
  /** Its lower 32 bits, as a signed integer. */
  edgeMacLow = 0;
  /** TCI of the VLAN tag: the path. Its low 12 bits are 1..4094. */
  tci = 1;

  /** MAC address space within the tenant, 0..2^32-1. */
  get macAsId(): number {
    return this.source.word0 >>> 0;
  }

  set macAsId(macAsId: number) {
    this.source.setIpv4(macAsId);
  }

  /** Sets where the packet goes: a port and tenant in the range of the plan. */
  setDestination(port: number, tenantId: number, plan: AddressPlan = ADDRESS_PLAN): void {
    this.destination.setIpv4(toAddress(port, tenantId, plan));
  }

  /** Port of the egress edge switch. */
  port(plan: AddressPlan = ADDRESS_PLAN): number {
    return portOf(this.destination.word0, plan);
  }

  /** Tenant identifier. */
  tenantId(plan: AddressPlan = ADDRESS_PLAN): number {
    return tenantIdOf(this.destination.word0, plan);
  }

  /** Takes over everything that `other` says. */
  override copy(other: NetlordTunnel): this {
    super.copy(other);
    this.edgeMacHigh = other.edgeMacHigh;
    this.edgeMacLow = other.edgeMacLow;
    this.tci = other.tci;
    return this;
  }

  /** As `TunnelMetadata.isSameTunnel`, edge switch and VLAN included. */
  override isSameTunnel(other: NetlordTunnel): boolean {
    return (
      super.isSameTunnel(other) &&
      this.edgeMacHigh === other.edgeMacHigh &&
      this.edgeMacLow === other.edgeMacLow &&
      this.tci === other.tci
    );
  }
}
