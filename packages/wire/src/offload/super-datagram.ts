/** Super-datagrams: many UDP datagrams of one length behind one pair of headers, which a kernel or a network card cuts. */
import { write16 } from '../octets.js';
import * as ipv4 from '../ipv4.js';
import * as ipv6 from '../ipv6.js';
import { outerPseudoHeader } from '../outer-ip.js';
import * as udp from '../udp.js';
import { UDP_CHECKSUM_AT } from './inner-transport.js';

/** Datagrams that every kernel with segmentation of UDP cuts (UDP_MAX_SEGMENTS; 128 since Linux 6.9). */
export const SEGMENTS_MAX = 64;
/** Octets of the longest super-datagram, IP header included: below every device's limit. */
export const OCTETS_MAX = 65_400;

/**
 * Writes into the IP header at `at` and the UDP header at `transport` the lengths of a super-datagram of `udpLength` octets, UDP header
 * included, and the sum of the pseudo-header as UDP checksum, to be finished by who cuts it. Choice: the datagrams get a
 * real checksum even if they asked for none, because the kernel cuts (and joins) no datagrams without.
 */
export function writeDatagramLengths(bytes: Uint8Array, at: number, transport: number, udpLength: number): void {
  const family = bytes[at]! >>> 4 === 4 ? 4 : 6;
  write16(bytes, transport + 4, udpLength);
  if (family === 4) {
    write16(bytes, at + 2, transport - at + udpLength);
    ipv4.writeChecksum(bytes, at);
  } else {
    write16(bytes, at + 4, transport - at - ipv6.HEADER_LENGTH + udpLength);
  }
  write16(bytes, transport + UDP_CHECKSUM_AT, outerPseudoHeader(bytes, at, family, udp.IP_PROTOCOL, udpLength));
}
