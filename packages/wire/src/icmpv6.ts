/** ICMPv6 (RFC 4443): the common codec, the types used in overlays, and the MTU of "packet too big". */
import { read32 } from './octets.js';

export * from './icmp.js';

/** IP protocol number. */
export const IP_PROTOCOL = 58;
/** Message types (RFC 4443, RFC 4861 §4). */
export const TYPE = {
  UNREACHABLE: 1,
  PACKET_TOO_BIG: 2,
  ECHO_REQUEST: 128,
  ECHO_REPLY: 129,
  NEIGHBOR_SOLICITATION: 135,
  NEIGHBOR_ADVERTISEMENT: 136,
} as const;

/** MTU of "packet too big", 0..2^32-1. Precondition: `check` passed. */
export function readMtu(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 4);
}
