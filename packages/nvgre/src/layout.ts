/**
 * The GRE and NVGRE headers as `@overlane/layout` describes headers: specification for people, oracle for the tests,
 * layers for the dissector. Transcribed from the figures, not from the codecs.
 */
import {
  type Binding,
  type FieldItem,
  type HeaderRecord,
  type Layout,
  flags,
  header,
  hex,
  reserved,
  uint,
} from '@overlane/layout';
import * as gre from './gre/header.js';
import { check } from './header.js';

const REFERENCE = 'RFC 2784 §2, RFC 2890 §2';

const firstWord = [
  flags(['checksumPresent'], ['C']),
  reserved('reserved0', 1, 'R'),
  flags(['keyPresent', 'sequenceNumberPresent'], ['K', 'S']),
  reserved('reserved1', 9, 'Reserved0'),
  uint('version', 3, 'Ver'),
  hex('protocolType', 16),
] as const satisfies FieldItem[];
const checksumWord = [hex('checksum', 16, 'Checksum (optional)'), reserved('reserved2', 16, 'Reserved1 (Optional)')];
const keyWord = [uint('key', 32, 'Key (optional)')];
const sequenceNumberWord = [uint('sequenceNumber', 32, 'Sequence Number (Optional)')];

/** The first four octets of every GRE header: all that those without optional fields have. */
export const greLayout = header('gre', firstWord, { reference: REFERENCE });

/** The GRE header with all optional fields, which is the figure of RFC 2890 §2. */
export const greFullLayout = header('gre', [...firstWord, ...checksumWord, ...keyWord, ...sequenceNumberWord], {
  reference: REFERENCE,
});

/** By flags: C counts 4, K 2, S 1. */
const LAYOUTS: readonly Layout[] = [0, 1, 2, 3, 4, 5, 6, 7].map((present) => {
  const optional = [
    ...((present & 4) === 0 ? [] : checksumWord),
    ...((present & 2) === 0 ? [] : keyWord),
    ...((present & 1) === 0 ? [] : sequenceNumberWord),
  ];
  return header('gre', [...firstWord, ...optional], { reference: REFERENCE });
});

/** The layout with exactly the optional fields that the flags in `record`, which any layout of GRE gives, announce. */
export function greLayoutOf(record: HeaderRecord): Layout {
  const { checksumPresent, keyPresent, sequenceNumberPresent } = record;
  return LAYOUTS[(checksumPresent ? 4 : 0) | (keyPresent ? 2 : 0) | (sequenceNumberPresent ? 1 : 0)]!;
}

/** NVGRE header (RFC 7637 §3.2): the fixed bits of the figure are fields here, because a layout judges nothing. */
export const nvgreLayout = header(
  'nvgre',
  [
    flags(['checksumPresent'], ['0']),
    reserved('reserved0', 1, 'R'),
    flags(['keyPresent', 'sequenceNumberPresent'], ['1', '0']),
    reserved('reserved1', 9, 'Reserved0'),
    uint('version', 3, 'Ver'),
    hex('protocolType', 16, 'Protocol Type 0x6558'),
    uint('vsid', 24, 'Virtual Subnet ID (VSID)'),
    uint('flowId', 8, 'FlowID'),
  ],
  { reference: 'RFC 7637 §3.2' },
);

const BY_PROTOCOL_TYPE: ReadonlyMap<number, string> = new Map([
  [0x0800, 'ipv4'],
  [0x0806, 'arp'],
  [0x6558, 'ethernet'],
  [0x86dd, 'ipv6'],
]);

/** How a dissector walks through GRE: its checksum is verified, payloads that are neither Ethernet nor IP stay data. */
export const greBinding: Binding<ReturnType<typeof greLayout.decode>> = {
  layout: greLayout,
  variant: greLayoutOf,
  check: gre.check,
  verify: (_header, { bytes, offset, end }) => gre.checkChecksum(bytes, offset, end),
  next: ({ protocolType }, { offset, length, end }) => ({
    protocol: BY_PROTOCOL_TYPE.get(protocolType) ?? 'data',
    offset: offset + length,
    end,
  }),
};

/** How a dissector walks through NVGRE. */
export const nvgreBinding: Binding<ReturnType<typeof nvgreLayout.decode>> = {
  layout: nvgreLayout,
  check,
  next: (_header, { offset, length, end }) => ({ protocol: 'ethernet', offset: offset + length, end }),
};

/** Both, for `createDissector`. IP protocol 47 is then GRE. */
export const nvgreBindings = [greBinding, nvgreBinding] as const;

/**
 * Takes IP protocol 47 for NVGRE, in `DissectOptions.ipProtocols`: the octets can't tell it from plain GRE with a key,
 * so that is for the caller to know.
 */
export const NVGRE_IP_PROTOCOLS: Readonly<Record<number, string>> = { 47: 'nvgre' };
