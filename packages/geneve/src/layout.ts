/**
 * The Geneve header and its options as `@overlane/layout` describes headers: specification for people, oracle for the
 * tests, layer for the dissector. Transcribed from the figures, not from `header.ts`.
 */
import { type Binding, type Field, type FieldItem, type Layout, flags, header, hex } from '@overlane/layout';
import { octets, reserved, rest, uint } from '@overlane/layout';
import { PORT } from './constants.js';
import { check } from './header.js';

const REFERENCE = 'RFC 8926 §3.4';

const baseFields = [
  uint('version', 2, 'Ver'),
  uint('optLen', 6, 'Opt Len'),
  flags(['control', 'critical'], ['O', 'C']),
  reserved('reserved0', 6, 'Rsvd.'),
  hex('protocolType', 16),
  uint('vni', 24, 'Virtual Network Identifier (VNI)'),
  reserved('reserved1', 8),
] as const satisfies FieldItem[];

/** Geneve header (RFC 8926 §3.4), the options as they stand. `optLen` counts 32-bit words. */
export const geneveLayout = header(
  'geneve',
  [...baseFields, rest('options', ({ optLen }: { optLen: number }) => 4 * optLen, 'Variable-Length Options')],
  { reference: REFERENCE },
);

/** One option (RFC 8926 §3.5). `length` counts the 32-bit words of the data. */
export const geneveOptionLayout = header(
  'geneve-option',
  [
    hex('optionClass', 16),
    hex('type', 8),
    reserved('reserved', 3, 'R|R|R'),
    uint('length', 5),
    rest('data', ({ length }: { length: number }) => 4 * length, 'Variable-Length Option Data'),
  ],
  { reference: 'RFC 8926 §3.5' },
);

/** The options in octets that hold nothing else, in order. @throws CodecError E_LAYOUT_TRUNCATED if the last is cut */
export function splitOptions(bytes: Uint8Array): ReturnType<typeof geneveOptionLayout.decode>[] {
  const options = [];
  for (let at = 0; at < bytes.length; at += geneveOptionLayout.length(bytes, at)) {
    options.push(geneveOptionLayout.decode(bytes, at));
  }
  return options;
}

/**
 * The header with these options field by field, instead of octets: `option0Class`, `option0Type`, `option0Reserved`,
 * `option0Length` and, unless it is empty, `option0Data`; then `option1Class` and so on.
 * @throws CodecError E_LAYOUT_TRUNCATED if `options` are not whole options
 */
export function geneveLayoutWith(options: Uint8Array): Layout {
  const fields: Field[] = splitOptions(options).flatMap(({ data }, i) => [
    hex(`option${i}Class`, 16),
    hex(`option${i}Type`, 8),
    reserved(`option${i}Reserved`, 3, 'R|R|R'),
    uint(`option${i}Length`, 5, 'Length'),
    ...(data.length === 0 ? [] : [octets(`option${i}Data`, data.length)]),
  ]);
  return header('geneve', [...baseFields, ...fields] as FieldItem[], { reference: REFERENCE });
}

const PAYLOAD: Readonly<Record<number, string>> = { 0x0800: 'ipv4', 0x6558: 'ethernet', 0x86dd: 'ipv6' };

/**
 * How a dissector walks through Geneve. Choice: the options are fields of the header's own layer, not layers of their
 * own: a list may be longer than a stack of layers. Payloads that are neither IP nor Ethernet stay data.
 */
export const geneveBinding: Binding<ReturnType<typeof geneveLayout.decode>> = {
  layout: geneveLayout,
  variant: ({ options }) => (options.length === 0 ? undefined : geneveLayoutWith(options)),
  check,
  next: ({ protocolType }, { offset, length, end }) => ({
    protocol: PAYLOAD[protocolType] ?? 'data',
    offset: offset + length,
    end,
  }),
};

/** The assigned UDP port, for `DissectOptions.udpPorts`. */
export const GENEVE_UDP_PORTS: Readonly<Record<number, string>> = { [PORT]: 'geneve' };
