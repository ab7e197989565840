/**
 * The GENEVE header as `@overlane/layout` describes headers: specification for people, oracle for the tests, layer for
 * the dissector. Transcribed from the figure, not from `header.ts`.
 */
import { type Binding, header, hex, reserved, uint } from '@overlane/layout';
import { check } from './header.js';

/** GENEVE header (RFC XXXX §X). */
export const geneveLayout = header(
  'geneve',
  [
    uint('version', 2, 'Ver'),
    reserved('reserved0', 14),
    hex('nextProtocol', 16),
    uint('network', 24),
    reserved('reserved1', 8),
  ],
  { reference: 'RFC XXXX §X' },
);

/** How a dissector walks through GENEVE. */
export const geneveBinding: Binding<ReturnType<typeof geneveLayout.decode>> = {
  layout: geneveLayout,
  check,
  next: (_header, { offset, length, end }) => ({ protocol: 'ethernet', offset: offset + length, end }),
};
