/** Lengths and limits of NVGRE. */

/** Octets of the header (RFC 7637 §3.2): GRE with a key and nothing else. */
export const HEADER_LENGTH = 8;
/** Least VSID of a tenant; 0..0xfff are reserved (RFC 7637 §3.4). */
export const VSID_MIN = 0x00_1000;
/** Largest VSID of a tenant. */
export const VSID_MAX = 0xff_fffe;
/** VSID of vendor-specific endpoint-to-endpoint traffic (RFC 7637 §3.4). */
export const VSID_VENDOR = 0xff_ffff;
/** Largest FlowID: 8 bits. */
export const FLOW_ID_MAX = 0xff;
