/** IPv4 and IPv6. */
import { flags, hex, ipv4, ipv6, reserved, rest, uint } from '../field.js';
import { header } from '../header.js';

/** IPv4 header with its options as they stand. `ihl` counts 32-bit words, `fragmentOffset` units of eight octets. */
export const ipv4Layout = header(
  'ipv4',
  [
    uint('version', 4),
    uint('ihl', 4, 'IHL'),
    uint('dscp', 6, 'DSCP'),
    uint('ecn', 2, 'ECN'),
    uint('totalLength', 16),
    uint('identification', 16),
    reserved('reserved', 1),
    flags(['dontFragment', 'moreFragments'], ['DF', 'MF']),
    uint('fragmentOffset', 13),
    uint('ttl', 8, 'Time to Live'),
    uint('protocol', 8),
    hex('headerChecksum', 16),
    ipv4('source', 'Source Address'),
    ipv4('destination', 'Destination Address'),
    rest('options', ({ ihl }: { ihl: number }) => 4 * ihl - 20),
  ],
  { reference: 'RFC 791 §3.1, RFC 2474 §3, RFC 3168 §5' },
);

/** IPv6 fixed header. */
export const ipv6Layout = header(
  'ipv6',
  [
    uint('version', 4),
    uint('dscp', 6, 'DSCP'),
    uint('ecn', 2, 'ECN'),
    uint('flowLabel', 20),
    uint('payloadLength', 16),
    uint('nextHeader', 8),
    uint('hopLimit', 8),
    ipv6('source', 'Source Address'),
    ipv6('destination', 'Destination Address'),
  ],
  { reference: 'RFC 8200 §3, RFC 2474 §3, RFC 3168 §5' },
);
