/** Looks for the carrier of a tunnel in a packet: just enough of the outer headers to say whose it is. */
import { ExtensionWalk, ipv6, read16, tcp, udp } from '@overlane/wire';

const IPV4_FRAGMENT_OFFSET = 0x1fff;
const IPV6_FRAGMENT_OFFSET = 0xfff8;

const walk = new ExtensionWalk();

/** A carrier: the IP protocol, and the destination port where it has one. */
export interface Carrier {
  /** Protocol number behind the IP headers. */
  protocol: number;
  /** Destination port; `undefined` if the protocol has none, or the packet is a later fragment. */
  port: number | undefined;
}

/**
 * The carrier of the IP packet at `bytes[offset..]`, or `undefined` if that can't be told. Looser than the codecs'
 * checks: a tunnel packet with a wrong checksum or length is still a tunnel packet, and decapsulation names its fault.
 */
export function findCarrier(bytes: Uint8Array, offset: number): Carrier | undefined {
  const left = bytes.length - offset;
  if (left < 1) return undefined;
  return bytes[offset]! >>> 4 === 6 ? findBehindIpv6(bytes, offset, left) : findBehindIpv4(bytes, offset, left);
}

function findBehindIpv4(bytes: Uint8Array, offset: number, left: number): Carrier | undefined {
  const headerLength = (bytes[offset]! & 15) << 2;
  if (left < 20 || headerLength < 20) return undefined;
  const isLaterFragment = (read16(bytes, offset + 6) & IPV4_FRAGMENT_OFFSET) !== 0;
  return carrierAt(bytes, offset + headerLength, bytes[offset + 9]!, isLaterFragment);
}

function findBehindIpv6(bytes: Uint8Array, offset: number, left: number): Carrier | undefined {
  if (left < ipv6.HEADER_LENGTH) return undefined;
  const wellFormed = ipv6.check(bytes, offset) === undefined && walk.walk(bytes, offset) === undefined;
  return wellFormed
    ? carrierAt(bytes, walk.offset, walk.protocol, isLaterFragmentBefore(bytes, walk.offset))
    : carrierAt(bytes, offset + ipv6.HEADER_LENGTH, ipv6.readNextHeader(bytes, offset), false);
}

/** Behind a real fragment header the walk stops, so it is the last one in front of `offset`. */
function isLaterFragmentBefore(bytes: Uint8Array, offset: number): boolean {
  return walk.isFragment && (read16(bytes, offset - 6) & IPV6_FRAGMENT_OFFSET) !== 0;
}

function carrierAt(bytes: Uint8Array, offset: number, protocol: number, isLaterFragment: boolean): Carrier {
  const hasPort = (protocol === udp.IP_PROTOCOL || protocol === tcp.IP_PROTOCOL) && !isLaterFragment;
  return { protocol, port: hasPort && bytes.length - offset >= 4 ? read16(bytes, offset + 2) : undefined };
}
