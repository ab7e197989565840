/**
 * The VAN control message as `@overlane/layout` describes headers: specification for people, oracle for the tests, layer
 * for the dissector. Transcribed from the table of fields, not from `van/message.ts`.
 */
import { type Binding, flags, header, ipv4, mac, reserved, uint } from '@overlane/layout';
import { check } from './van/message.js';

/** VAN control message. */
export const vanLayout = header(
  'van',
  [
    uint('type', 8),
    reserved('reserved0', 5, 'R|R|R|R|R'),
    flags(['proxy', 'hint', 'extensions'], ['P', 'H', 'E']),
    uint('length', 16),
    uint('transactionId', 32, 'Transaction ID'),
    mac('mac', 'VM MAC'),
    uint('lifetime', 16, 'Lifetime (s)'),
    ipv4('locator', 'Locator (IPv4)'),
    uint('generation', 32),
  ],
  { reference: 'VAN control message' },
);

/** How a dissector reads a control message. Nothing follows it. */
export const vanBinding: Binding<ReturnType<typeof vanLayout.decode>> = {
  layout: vanLayout,
  check,
  next: () => undefined,
};
