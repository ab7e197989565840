/**
 * The VXLAN and VXLAN-GPE headers as `@overlane/layout` describes headers: specification for people, oracle for the
 * tests, layers for the dissector. Transcribed from the figures, not from `header.ts`.
 */
import { type Binding, flags, header, hex, reserved, uint } from '@overlane/layout';
import { PORT, PORT_GPE } from './constants.js';
import * as gpe from './gpe.js';
import { check } from './header.js';

/** VXLAN header (RFC 7348 §5). */
export const vxlanLayout = header(
  'vxlan',
  [
    reserved('reserved0', 4, 'R|R|R|R'),
    flags(['vniValid'], ['I']),
    reserved('reserved1', 3, 'R|R|R'),
    reserved('reserved2', 24),
    uint('vni', 24, 'VXLAN Network Identifier (VNI)'),
    reserved('reserved3', 8),
  ],
  { reference: 'RFC 7348 §5' },
);

/** VXLAN-GPE header (draft-ietf-nvo3-vxlan-gpe-10 §3). */
export const vxlanGpeLayout = header(
  'vxlan-gpe',
  [
    reserved('reserved0', 2, 'R|R'),
    uint('version', 2, 'Ver'),
    flags(['vniValid', 'nextProtocolValid', 'bum', 'oam'], ['I', 'P', 'B', 'O']),
    reserved('reserved1', 16),
    hex('nextProtocol', 8),
    uint('vni', 24, 'VXLAN Network Identifier (VNI)'),
    reserved('reserved2', 8),
  ],
  { reference: 'draft-ietf-nvo3-vxlan-gpe-10 §3' },
);

const GPE_PAYLOAD: Readonly<Record<number, string>> = {
  [gpe.NEXT_PROTOCOL.IPV4]: 'ipv4',
  [gpe.NEXT_PROTOCOL.IPV6]: 'ipv6',
  [gpe.NEXT_PROTOCOL.ETHERNET]: 'ethernet',
};

/** How a dissector walks through VXLAN. */
export const vxlanBinding: Binding<ReturnType<typeof vxlanLayout.decode>> = {
  layout: vxlanLayout,
  check,
  next: (_header, { offset, length, end }) => ({ protocol: 'ethernet', offset: offset + length, end }),
};

/** How a dissector walks through VXLAN-GPE. Payloads that are neither IP nor Ethernet stay data. */
export const vxlanGpeBinding: Binding<ReturnType<typeof vxlanGpeLayout.decode>> = {
  layout: vxlanGpeLayout,
  check: gpe.check,
  next: (_header, { bytes, offset, length, end }) => ({
    protocol: GPE_PAYLOAD[gpe.readNextProtocol(bytes, offset)] ?? 'data',
    offset: offset + length,
    end,
  }),
};

/** Both, for `createDissector`. */
export const vxlanBindings = [vxlanBinding, vxlanGpeBinding] as const;

/** The assigned UDP ports, for `DissectOptions.udpPorts`: the mode belongs to the port. */
export const VXLAN_UDP_PORTS: Readonly<Record<number, string>> = { [PORT]: 'vxlan', [PORT_GPE]: 'vxlan-gpe' };
