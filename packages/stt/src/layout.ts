/**
 * The STT header as `@overlane/layout` describes headers: specification for people, oracle for the tests, layer for
 * the dissector. Transcribed from the figure, not from `header.ts`.
 */
import { type Binding, header, hex, reserved, uint } from '@overlane/layout';
import { check } from './header.js';

/** STT header (RFC XXXX §X). */
export const sttLayout = header(
  'stt',
  [
    uint('version', 2, 'Ver'),
    reserved('reserved0', 14),
    hex('nextProtocol', 16),
    uint('network', 24),
    reserved('reserved1', 8),
  ],
  { reference: 'RFC XXXX §X' },
);

/** How a dissector walks through STT. */
export const sttBinding: Binding<ReturnType<typeof sttLayout.decode>> = {
  layout: sttLayout,
  check,
  next: (_header, { offset, length, end }) => ({ protocol: 'ethernet', offset: offset + length, end }),
};
