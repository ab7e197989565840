/** What OTV and DOVE share: port, lengths and ranges of identifiers. */

/** UDP destination port of both (draft-hasmit-otv-04). Linux's VXLAN took it before 4789 was assigned. */
export const PORT = 8472;
/** Octets of the header, without extensions. */
export const HEADER_LENGTH = 8;
/** Largest overlay identifier: 24 bits. */
export const OVERLAY_ID_MAX = 0xff_ffff;
/** Largest instance identifier: 24 bits. */
export const INSTANCE_ID_MAX = 0xff_ffff;
/** I flag in the first octet: the instance identifier is valid. */
export const FLAG_INSTANCE = 0x08;
/** TTL to send delivery groups with; 64 is for single endpoints. */
export const MULTICAST_TTL = 16;
