/** IPv6 extension headers, and the Authentication Header, which IPv4 carries too. */
import { type FieldItem, flags, reserved, rest, uint } from '../field.js';
import { header } from '../header.js';

/** All of the generic form start so. The length counts units of eight octets, the first left out (RFC 8200 §4). */
const start = [uint('nextHeader', 8), uint('headerExtensionLength', 8, 'Hdr Ext Len')] as const satisfies FieldItem[];

const octetsBehind =
  (fixedLength: number) =>
  ({ headerExtensionLength }: { headerExtensionLength: number }): number =>
    8 * (headerExtensionLength + 1) - fixedLength;

const options = rest('options', octetsBehind(2));
const headerSpecificData = rest('headerSpecificData', octetsBehind(2));

/** Hop-by-hop options, next header 0. */
export const hopByHopLayout = header('ipv6-hop-by-hop', [...start, options], { reference: 'RFC 8200 §4.3' });

/** Destination options, next header 60. */
export const destinationOptionsLayout = header('ipv6-destination-options', [...start, options], {
  reference: 'RFC 8200 §4.6',
});

/** Mobility header, next header 135, in the generic form that all extension headers share. */
export const mobilityLayout = header('ipv6-mobility', [...start, headerSpecificData], {
  reference: 'RFC 6564 §4, RFC 6275 §6.1.1',
});

/** Host Identity Protocol, next header 139, in the generic form. */
export const hipLayout = header('hip', [...start, headerSpecificData], { reference: 'RFC 6564 §4, RFC 7401 §5.1' });

/** Shim6, next header 140, in the generic form. */
export const shim6Layout = header('shim6', [...start, headerSpecificData], { reference: 'RFC 6564 §4, RFC 5533 §5.1' });

/** Routing header, next header 43. */
export const routingLayout = header(
  'ipv6-routing',
  [
    ...start,
    uint('routingType', 8),
    uint('segmentsLeft', 8),
    rest('typeSpecificData', octetsBehind(4), 'type-specific data'),
  ],
  { reference: 'RFC 8200 §4.4' },
);

/** Fragment header, next header 44. `fragmentOffset` counts units of eight octets. */
export const fragmentLayout = header(
  'ipv6-fragment',
  [
    uint('nextHeader', 8),
    reserved('reserved', 8),
    uint('fragmentOffset', 13),
    reserved('res', 2),
    flags(['moreFragments'], ['M']),
    uint('identification', 32),
  ],
  { reference: 'RFC 8200 §4.5' },
);

/** Authentication Header, protocol 51. `payloadLength` counts 32-bit words, less two. */
export const authenticationLayout = header(
  'ah',
  [
    uint('nextHeader', 8),
    uint('payloadLength', 8, 'Payload Len'),
    reserved('reserved', 16),
    uint('spi', 32, 'Security Parameters Index (SPI)'),
    uint('sequenceNumber', 32, 'Sequence Number Field'),
    rest(
      'icv',
      ({ payloadLength }: { payloadLength: number }) => 4 * (payloadLength + 2) - 12,
      'Integrity Check Value-ICV (variable)',
    ),
  ],
  { reference: 'RFC 4302 §2' },
);
