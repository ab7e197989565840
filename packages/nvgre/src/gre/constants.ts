/** Lengths, numbers and bits of GRE. */
import { ethernet } from '@overlane/wire';

/** IP protocol, or IPv6 next header, of GRE (RFC 2784 §4). */
export const IP_PROTOCOL = 47;
/** Octets without optional fields. */
export const HEADER_LENGTH_MIN = 4;
/** Octets with all optional fields: checksum, key and sequence number. */
export const HEADER_LENGTH_MAX = 16;
/** Largest key: 32 bits. */
export const KEY_MAX = 0xffff_ffff;
/** Largest sequence number: 32 bits; 0 comes next. */
export const SEQUENCE_NUMBER_MAX = 0xffff_ffff;

/** Bits of the first 16-bit word that announce optional fields, which follow in this order (RFC 2890 §2). */
export const FLAG = { CHECKSUM: 0x8000, KEY: 0x2000, SEQUENCE_NUMBER: 0x1000 } as const;
/** Reserved bits 1, 4 and 5, which RFC 1701 used: a receiver without RFC 1701 must discard if one is set (RFC 2784 §2.3). */
export const DISCARD_MASK = 0x4c00;
/** Version, in the low bits of the same word: 0; 1 is PPTP's (RFC 2637). */
export const VERSION_MASK = 0x0007;

/** Protocol types: EtherTypes. `ETHERNET` is transparent Ethernet bridging, a whole frame without FCS. */
export const PROTOCOL_TYPE = {
  IPV4: ethernet.ETHER_TYPE.IPV4,
  IPV6: ethernet.ETHER_TYPE.IPV6,
  ETHERNET: ethernet.ETHER_TYPE.TEB,
} as const;
