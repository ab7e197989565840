/** Lengths, limits and protocol numbers of NetLord's encapsulation. */

/** Octets of the IPv4 header, which never has options. */
export const HEADER_LENGTH = 20;
/** Octets in front of the inner frame as a server receives it: Ethernet without a tag, and IPv4. The tenant's MTU shrinks by as many. */
export const FRAME_HEADER_LENGTH = 34;
/** Octets in front of the inner frame as a server sends it: the VLAN tag is four more. */
export const TAGGED_FRAME_HEADER_LENGTH = 38;

/** Protocol numbers of the IPv4 header, the two that RFC 3692 sets aside for experiments. */
export const IP_PROTOCOL = {
  /** A tenant's frame. */
  DATA: 253,
  /** An NL-ARP message to one agent. */
  NL_ARP: 254,
} as const;

/** What follows the IPv4 header: a value of IP_PROTOCOL. */
export type NetlordProtocol = (typeof IP_PROTOCOL)[keyof typeof IP_PROTOCOL];

/** TTL as sent: the egress edge switch is the one IP hop, so 1 arrives and a second hop would drop the packet. */
export const TTL_SENT = 2;
/** Least VLAN identifier (IEEE 802.1Q §9.6); 0 is a priority tag. */
export const VID_MIN = 1;
/** Largest VLAN identifier; 4095 is reserved. */
export const VID_MAX = 4094;
/** The VLAN that spans everything (SPAIN's default tree): for broadcasts, and where no path was chosen. */
export const DEFAULT_VID = 1;
/** Largest MAC address space identifier: 32 bits. */
export const MAC_AS_ID_MAX = 0xffff_ffff;
/** Least inner frame: an Ethernet header. */
export const INNER_FRAME_LENGTH_MIN = 14;

/** Whether a packet can travel on this VLAN. */
export function isVid(vid: number): boolean {
  return vid >= VID_MIN && vid <= VID_MAX;
}

/** Least total length of a packet of this protocol; NL-ARP checks its messages itself. */
export function totalLengthMin(protocol: number): number {
  return protocol === IP_PROTOCOL.DATA ? HEADER_LENGTH + INNER_FRAME_LENGTH_MIN : HEADER_LENGTH;
}
