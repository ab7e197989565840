/** The outer Ethernet header that `encap` writes: a capture begins there, an encapsulation at the IP header. */
import { type IpAddress, ethernet } from '@overlane/wire';

/**
 * A MAC for an IP address, in new memory. Unicast: locally administered, `02:00` and the IPv4 address or the last four
 * octets of the IPv6 address. Choice: made from the address, so that the same endpoint has the same MAC in every file.
 * Multicast: the group's own (RFC 1112 §6.4, RFC 2464 §7).
 */
export function macOf(address: IpAddress): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(address.length);
  address.write(octets, 0);
  const last = octets.subarray(-4);
  if (!address.isMulticast) return Uint8Array.of(0x02, 0x00, ...last);
  if (address.family === 6) return Uint8Array.of(0x33, 0x33, ...last);
  const isBroadcast = octets.every((octet) => octet === 0xff);
  return isBroadcast
    ? new Uint8Array(6).fill(0xff)
    : Uint8Array.of(0x01, 0x00, 0x5e, octets[1]! & 0x7f, octets[2]!, octets[3]!);
}

/** The 14 octets in front of an IP packet of this family. */
export function encodeOuterEthernet(destination: Uint8Array, source: Uint8Array, family: 4 | 6): Uint8Array {
  const etherType = family === 4 ? ethernet.ETHER_TYPE.IPV4 : ethernet.ETHER_TYPE.IPV6;
  return ethernet.encode({ destination, source, tags: [], etherType });
}
