/** Lengths, limits and bits of the NETLORD header. */

/** Octets of the header (RFC XXXX §X). */
export const HEADER_LENGTH = 8;
/** The only version there is (RFC XXXX §X). */
export const VERSION = 0;
/** Largest network identifier: 24 bits. */
export const NETWORK_MAX = 0xff_ffff;
/** Largest next protocol: 16 bits, an EtherType. */
export const NEXT_PROTOCOL_MAX = 0xffff;
