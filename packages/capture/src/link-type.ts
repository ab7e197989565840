/**
 * Link types: what the first octets of a packet are. Names and values of the registry in
 * draft-ietf-opsawg-pcaplinktype; any other value in 0..65535 is read and written just as well.
 */

/** BSD loopback: a 4-octet address family in the byte order of the capturing host, then the packet. */
export const LINKTYPE_NULL = 0;
/** Ethernet frame without preamble; usually without frame check sequence. */
export const LINKTYPE_ETHERNET = 1;
/** IPv4 or IPv6 packet; the first nibble says which. */
export const LINKTYPE_RAW = 101;
/** Linux "cooked" capture, as on the `any` device. */
export const LINKTYPE_LINUX_SLL = 113;
/** IPv4 packet. */
export const LINKTYPE_IPV4 = 228;
/** IPv6 packet. */
export const LINKTYPE_IPV6 = 229;
/** Linux "cooked" capture, version 2. */
export const LINKTYPE_LINUX_SLL2 = 276;
