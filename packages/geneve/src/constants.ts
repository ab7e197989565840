/** Lengths, port and bits of Geneve. */

/** Octets of the base header, without options (RFC 8926 §3.4). */
export const HEADER_LENGTH = 8;
/** UDP port (RFC 8926 §3.3). */
export const PORT = 6081;
/** The only version there is (RFC 8926 §3.4). */
export const VERSION = 0;
/** Largest VNI: 24 bits. */
export const VNI_MAX = 0xff_ffff;
/** O bit in the second octet: a control packet, whose payload is never forwarded. */
export const FLAG_CONTROL = 0x80;
/** C bit in the second octet: some option is critical. */
export const FLAG_CRITICAL = 0x40;

/** Octets in front of an option's data (RFC 8926 §3.5). */
export const OPTION_HEADER_LENGTH = 4;
/** Most octets of one option's data: 31 words. */
export const OPTION_DATA_LENGTH_MAX = 124;
/** Most octets of all options together, their headers included: 63 words. */
export const OPTIONS_LENGTH_MAX = 252;
/** Bit of an option's type that makes it critical: whoever doesn't know it drops the packet. */
export const OPTION_CRITICAL = 0x80;
