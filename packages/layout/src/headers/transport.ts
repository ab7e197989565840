/** UDP and TCP. */
import { flags, hex, reserved, rest, uint } from '../field.js';
import { header } from '../header.js';

/** UDP header. */
export const udpLayout = header(
  'udp',
  [uint('sourcePort', 16), uint('destinationPort', 16), uint('length', 16), hex('checksum', 16)],
  { reference: 'RFC 768' },
);

/** TCP header with its options as they stand. `dataOffset` counts 32-bit words. */
export const tcpLayout = header(
  'tcp',
  [
    uint('sourcePort', 16),
    uint('destinationPort', 16),
    uint('sequenceNumber', 32),
    uint('acknowledgmentNumber', 32),
    uint('dataOffset', 4),
    reserved('reserved', 4, 'Rsrvd'),
    flags(['cwr', 'ece', 'urg', 'ack', 'psh', 'rst', 'syn', 'fin']),
    uint('window', 16),
    hex('checksum', 16),
    uint('urgentPointer', 16),
    rest('options', ({ dataOffset }: { dataOffset: number }) => 4 * dataOffset - 20, '[Options]'),
  ],
  { reference: 'RFC 9293 §3.1' },
);
