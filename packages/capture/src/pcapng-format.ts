/** Numbers of the pcapng file format, version 1.0 (draft-ietf-opsawg-pcapng). */

/** Block types (§3.2, §4, Appendix A). The first is a palindrome, so it reads the same in both byte orders. */
export const SECTION_HEADER_BLOCK = 0x0a0d0d0a;
export const INTERFACE_DESCRIPTION_BLOCK = 1;
export const PACKET_BLOCK = 2;
export const SIMPLE_PACKET_BLOCK = 3;
export const ENHANCED_PACKET_BLOCK = 6;

/** Tells the byte order of a section (§4.1). */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
export const SWAPPED_BYTE_ORDER_MAGIC = 0x4d3c2b1a;

/** Type, length and the repeated length: the least that a block has (§3.1). */
export const BLOCK_OVERHEAD = 12;

/** Octets in front of the options or packet data, block type and length included. */
export const SECTION_HEADER_FIXED = 24;
export const INTERFACE_DESCRIPTION_FIXED = 16;
export const PACKET_FIXED = 28;
export const SIMPLE_PACKET_FIXED = 12;

/** Options of an interface (§3.5, §4.2). */
export const OPTION_END = 0;
export const OPTION_IF_TSRESOL = 9;
export const OPTION_IF_TSOFFSET = 14;

/** `length` rounded up to the 32-bit boundary that every item ends on. Exact for all 32-bit lengths. */
export function padTo32Bits(length: number): number {
  return Math.ceil(length / 4) * 4;
}
