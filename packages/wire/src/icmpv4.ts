/** ICMP for IPv4 (RFC 792): the common codec, the types used in overlays, and the next-hop MTU of RFC 1191. */
import { read16 } from './octets.js';

export * from './icmp.js';

/** IP protocol number. */
export const IP_PROTOCOL = 1;
/** Message types. */
export const TYPE = { ECHO_REPLY: 0, UNREACHABLE: 3, ECHO_REQUEST: 8, TIME_EXCEEDED: 11 } as const;
/** Codes of `UNREACHABLE` that an overlay meets. */
export const UNREACHABLE_CODE = { NETWORK: 0, HOST: 1, PORT: 3, FRAGMENTATION_NEEDED: 4, PROHIBITED: 13 } as const;

/** Next-hop MTU of "fragmentation needed"; 0 from routers older than RFC 1191. Precondition: `check` passed. */
export function readNextHopMtu(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 6);
}
