/** ICMP for both versions of IP: the part all messages share, and the messages that overlays meet. */
import { type FieldItem, flags, hex, ipv6, octets, reserved, rest, uint } from '../field.js';
import { header } from '../header.js';

const start = [uint('type', 8), uint('code', 8), hex('checksum', 16)] as const satisfies FieldItem[];

/** Any ICMP message: what it holds depends on its type. */
export const icmpv4Layout = header('icmpv4', [...start, octets('restOfHeader', 4)], { reference: 'RFC 792' });

/** Echo (type 8) and echo reply (type 0). */
export const icmpv4EchoLayout = header('icmpv4', [...start, uint('identifier', 16), uint('sequenceNumber', 16)], {
  reference: 'RFC 792, Echo or Echo Reply Message',
});

/** Destination unreachable (type 3). `nextHopMtu` has a meaning in code 4 only. */
export const icmpv4UnreachableLayout = header(
  'icmpv4',
  [...start, reserved('unused', 16, 'unused'), uint('nextHopMtu', 16, 'Next-Hop MTU')],
  { reference: 'RFC 792, Destination Unreachable Message; RFC 1191 §4' },
);

/** Any ICMPv6 message with four octets behind the checksum, as all of RFC 4443 have. */
export const icmpv6Layout = header('icmpv6', [...start, octets('messageBody', 4)], { reference: 'RFC 4443 §2.1' });

/** Echo request (type 128) and reply (type 129). */
export const icmpv6EchoLayout = header('icmpv6', [...start, uint('identifier', 16), uint('sequenceNumber', 16)], {
  reference: 'RFC 4443 §4.1, §4.2',
});

/** Destination unreachable (type 1). */
export const icmpv6UnreachableLayout = header('icmpv6', [...start, reserved('unused', 32)], {
  reference: 'RFC 4443 §3.1',
});

/** Packet too big (type 2). */
export const packetTooBigLayout = header('icmpv6', [...start, uint('mtu', 32, 'MTU')], { reference: 'RFC 4443 §3.2' });

/** Neighbor solicitation (type 135) with its options as they stand, up to the end of the message. */
export const neighborSolicitationLayout = header(
  'icmpv6',
  [...start, reserved('reserved', 32), ipv6('targetAddress'), rest('options')],
  { reference: 'RFC 4861 §4.3' },
);

/** Neighbor advertisement (type 136) with its options as they stand, up to the end of the message. */
export const neighborAdvertisementLayout = header(
  'icmpv6',
  [
    ...start,
    flags(['router', 'solicited', 'override']),
    reserved('reserved', 29),
    ipv6('targetAddress'),
    rest('options'),
  ],
  { reference: 'RFC 4861 §4.4' },
);
