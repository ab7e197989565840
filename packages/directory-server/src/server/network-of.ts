import { parseIpv6 } from '@overlane/wire';

const DOT = 0x2e;
const ZERO = 0x30;

/**
 * A number for the network of an address, by which unauthenticated senders are counted: IPv4 its /24, IPv6 a hash of its
 * /56. Allocates for IPv6 only.
 */
export function networkOf(address: string): number {
  if (address.includes(':')) return networkOfIpv6(address);
  let network = 0;
  let octet = 0;
  for (let i = 0; i < address.length; i++) {
    const letter = address.charCodeAt(i);
    if (letter === DOT) {
      network = (network << 8) | octet;
      octet = 0;
    } else octet = 10 * octet + letter - ZERO;
  }
  return scramble(network);
}

function networkOfIpv6(address: string): number {
  const octets = parseIpv6(address.replace(/%.*$/, ''));
  let network = 0;
  for (let i = 0; i < 7; i++) network = (Math.imul(network, 0x01000193) ^ octets[i]!) | 0;
  return scramble(network);
}

/** Neighbours should not share a bucket with those a power of two away (Knuth, volume 3, §6.4). */
function scramble(value: number): number {
  return Math.imul(value, 0x9e3779b1) >>> 8;
}
