/** Rows about `@overlane/geneve`: the header in its tiers, and whole packets without options and with two. */
import * as geneve from '@overlane/geneve';
import { geneveLayout } from '@overlane/geneve/layout';
import { ethernet } from '@overlane/wire';
import { type HeaderSubject, headerCases, headerOctets } from './header-cases.js';
import { FRAME_LENGTH, createInputs, createPacketsOf, randomOctets, sharedFrames } from './inputs.js';
import { keep } from './measure.js';
import { type TunnelLayouts, decodeOuter, encodeOuter } from './packet-layouts.js';
import { required } from './required.js';
import type { BenchCase, Suite } from './suite.js';
import { decapsulate, encapsulate } from './whole-packets.js';

type Layout = ReturnType<typeof geneveLayout.decode>;

/** Two options that nobody must understand, 20 octets in all: of the sizes that INT and OVN send. */
const OPTIONS: readonly geneve.GeneveOption[] = [
  { optionClass: 0x0103, type: 0x01, data: Uint8Array.of(1, 2, 3, 4) },
  { optionClass: 0x0102, type: 0x02, data: Uint8Array.of(5, 6, 7, 8, 9, 10, 11, 12) },
];

const subjectOf = (name: string, seed: number, options: readonly geneve.GeneveOption[]) =>
  ({
    name,
    headers: () =>
      createInputs(seed, (random) => ({
        control: false,
        protocolType: ethernet.ETHER_TYPE.TEB,
        vni: random(geneve.VNI_MAX),
        options: options.map((option) => ({ ...option, data: randomOctets(random, option.data.length) })),
      })),
    encode: geneve.encode,
    read: (bytes, offset, end) => {
      required(geneve.check(bytes, offset, end));
      keep(geneve.readHeaderLength(bytes, offset) ^ geneve.readProtocolType(bytes, offset));
      keep(geneve.readControl(bytes, offset) ? 1 : 0);
      return geneve.readVni(bytes, offset);
    },
    reads: 'check (options walked), readHeaderLength, readProtocolType, readControl, readVni',
    decode: (bytes, offset, end) => geneve.decode(bytes, offset, end),
    valueOf: ({ vni }) => vni,
    encodeInto: (header, out, offset) => geneve.encodeInto(header, out, offset),
    probe: 5,
    layout: geneveLayout,
    layoutValueOf: ({ vni }) => vni,
    goType: 'Geneve',
    // gopacket 1.1.19 can't write Geneve.
    goDoes: 'decode',
    scapyClass: 'GENEVE',
  }) as const satisfies HeaderSubject<geneve.GeneveHeader, Layout>;

const plain = subjectOf('geneve', 31, []);
const withOptions = subjectOf('geneve with two options', 32, OPTIONS);

/** Without UDP checksum, as in the rows about VXLAN: one would be a pass over the frame that hides all else. */
const endpoint = (options: readonly geneve.GeneveOption[]) =>
  new geneve.GeneveEncapsulation({ checksumIpv4: 'zero', options });

const layoutsOf = (options: readonly geneve.GeneveOption[]): TunnelLayouts<Layout> => ({
  layout: geneveLayout,
  networkOf: ({ vni }) => vni,
  carrier: 'udp',
  probe: 33,
  packets: () => createPacketsOf(endpoint(options)),
});

/** `geneve encapsulate` is what peers call it, because VXLAN's rows have the short names. */
function packetCases(suffix: string, options: readonly geneve.GeneveOption[]): BenchCase[] {
  const layouts = layoutsOf(options);
  return [
    {
      name: `encapsulate${suffix}`,
      tier: 'data path',
      octets: FRAME_LENGTH,
      does: 'GeneveEncapsulation.encapsulate in the headroom of the frame: IPv4 (checksum), UDP without checksum, Geneve, ECN',
      setup: () => encapsulate(endpoint(options), layouts.probe),
      layout: { does: 'three layout.encode, joined with the frame in new memory', setup: () => encodeOuter(layouts) },
      scapy: {
        operation: `geneve encapsulate${suffix}`,
        does: 'bytes(IP()/UDP(chksum=0)/GENEVE()/Raw(frame))',
      },
    },
    {
      name: `decapsulate${suffix}`,
      tier: 'data path',
      octets: FRAME_LENGTH,
      does: 'GeneveEncapsulation.decapsulate: IPv4 (checksum verified, addresses read), UDP, Geneve, rules G1-G13, ECN combined',
      setup: () => decapsulate(endpoint(options), layouts.packets()),
      layout: { does: 'layout.decode of IPv4, UDP, Geneve', setup: () => decodeOuter(layouts) },
      gopacket: {
        operation: `geneve decapsulate${suffix}`,
        does: 'DecodingLayerParser over IPv4, UDP, Geneve (fastest container, reused structs; no checksum verified)',
      },
      scapy: {
        operation: `geneve decapsulate${suffix}`,
        does: 'IP(octets), GENEVE payload left raw (no checksum verified)',
      },
    },
  ];
}

const encapsulateWithChecksum: BenchCase = {
  name: 'encapsulate with UDP checksum',
  tier: 'data path',
  octets: FRAME_LENGTH,
  does: 'without options, with a UDP checksum over the whole datagram, as RFC 8926 would have it',
  setup: () => encapsulate(new geneve.GeneveEncapsulation(), 33),
  scapy: { operation: 'geneve encapsulate with UDP checksum', does: 'bytes(IP()/UDP()/GENEVE()/Raw(frame))' },
};

/** Header and whole packets of `@overlane/geneve`. */
export const geneveSuite: Suite = {
  name: 'geneve',
  cases: [
    ...headerCases(plain),
    ...headerCases(withOptions),
    ...packetCases('', []),
    encapsulateWithChecksum,
    ...packetCases(' with two options', OPTIONS),
  ],
  inputs: () => ({
    frames: sharedFrames(),
    geneve: headerOctets(plain),
    'geneve with two options': headerOctets(withOptions),
    'geneve packets': createPacketsOf(endpoint([])),
    'geneve packets with two options': createPacketsOf(endpoint(OPTIONS)),
  }),
};
