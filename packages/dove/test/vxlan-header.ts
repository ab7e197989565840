/** VXLAN's header from the figure of RFC 7348 §5: a second opinion, since protocol packages don't import each other. */

/** The eight octets: I flag, reserved, VNI, reserved. */
export const encode = (vni: number): Uint8Array => Uint8Array.of(0x08, 0, 0, 0, vni >>> 16, vni >>> 8, vni, 0);

/** The VNI. */
export const readVni = (header: Uint8Array): number => header[4]! * 65536 + header[5]! * 256 + header[6]!;
