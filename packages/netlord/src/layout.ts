/**
 * The NETLORD header as `@overlane/layout` describes headers: specification for people, oracle for the tests, layer for
 * the dissector. Transcribed from the figure, not from `header.ts`.
 */
import { type Binding, header, hex, reserved, uint } from '@overlane/layout';
import { check } from './header.js';

/** NETLORD header (RFC XXXX §X). */
export const netlordLayout = header(
  'netlord',
  [
    uint('version', 2, 'Ver'),
    reserved('reserved0', 14),
    hex('nextProtocol', 16),
    uint('network', 24),
    reserved('reserved1', 8),
  ],
  { reference: 'RFC XXXX §X' },
);

/** How a dissector walks through NETLORD. */
export const netlordBinding: Binding<ReturnType<typeof netlordLayout.decode>> = {
  layout: netlordLayout,
  check,
  next: (_header, { offset, length, end }) => ({ protocol: 'ethernet', offset: offset + length, end }),
};
