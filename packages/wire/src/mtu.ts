/**
 * MTU arithmetic of tunnels (`spec/outer-headers.md` §9). `overhead` is `Encapsulation.overhead`: the octets in front
 * of the inner frame from the outer IP header on. All results are in octets and negative if nothing fits.
 */
import { HEADER_LENGTH as ETHERNET_LENGTH, TAG_LENGTH } from './ethernet.js';
import { HEADER_LENGTH as IPV4_LENGTH } from './ipv4.js';
import { HEADER_LENGTH as IPV6_LENGTH } from './ipv6.js';

/** Least path MTU that every IPv4 or IPv6 path is taken to have (RFC 1191 §3, RFC 8200 §5). */
export const PATH_MTU_MIN = { 4: 576, 6: 1280 } as const;

/** Octets of an outer IP header as we send it, without options or extension headers. */
export function ipHeaderLength(family: 4 | 6): number {
  return family === 4 ? IPV4_LENGTH : IPV6_LENGTH;
}

/** Longest inner payload (for Ethernet payloads: frame without FCS) that fits one outer packet. */
export function innerFrameMax(pathMtu: number, overhead: number): number {
  return pathMtu - overhead;
}

/** MTU to give to interfaces inside the tunnel; `tags` VLAN tags stay inside the frame. */
export function innerIpMtu(pathMtu: number, overhead: number, tags = 0): number {
  return innerFrameMax(pathMtu, overhead) - ETHERNET_LENGTH - tags * TAG_LENGTH;
}

/** Path MTU that the underlay must have for inner packets of `innerMtu` octets. */
export function pathMtuFor(innerMtu: number, overhead: number, tags = 0): number {
  return innerMtu + ETHERNET_LENGTH + tags * TAG_LENGTH + overhead;
}
