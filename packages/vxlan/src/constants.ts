/** Lengths, ports and bits of VXLAN and VXLAN-GPE. */

/** Octets of the header (RFC 7348 §5, draft-ietf-nvo3-vxlan-gpe §3). */
export const HEADER_LENGTH = 8;
/** UDP port of VXLAN (RFC 7348 §5). */
export const PORT = 4789;
/** UDP port that Linux used before the assignment, and still uses if none is given. */
export const PORT_LINUX_LEGACY = 8472;
/** UDP port of VXLAN-GPE. */
export const PORT_GPE = 4790;
/** Largest VNI: 24 bits. */
export const VNI_MAX = 0xff_ffff;
/** I flag in the first octet: the VNI is valid. */
export const FLAG_VNI_VALID = 0x08;
