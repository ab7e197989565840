/** Rows about `@overlane/nvgre`: the NVGRE and GRE headers in their tiers, and whole packets of both. */
import * as nvgre from '@overlane/nvgre';
import { greFullLayout, greLayoutOf, nvgreLayout } from '@overlane/nvgre/layout';
import type { HeaderRecord } from '@overlane/layout';
import { type Encapsulation, type TunnelMetadata } from '@overlane/wire';
import { type HeaderSubject, headerCases, headerOctets } from './header-cases.js';
import { FRAME_LENGTH, createInputs, createPacketsOf, createTunnels, sharedFrames } from './inputs.js';
import { keep } from './measure.js';
import { type TunnelLayouts, decodeOuter, encodeOuter } from './packet-layouts.js';
import { required } from './required.js';
import type { BenchCase, Suite } from './suite.js';
import { decapsulate, encapsulate } from './whole-packets.js';

const { gre } = nvgre;

/** Keys are kept below 2^31: the sums of three languages are compared. */
const KEY_MAX = 0x7fff_ffff;

const nvgreSubject: HeaderSubject<nvgre.NvgreHeader, ReturnType<typeof nvgreLayout.decode>> = {
  name: 'nvgre',
  headers: () =>
    createInputs(41, (random) => ({
      vsid: nvgre.VSID_MIN + random(nvgre.VSID_MAX - nvgre.VSID_MIN),
      flowId: random(nvgre.FLOW_ID_MAX),
    })),
  encode: nvgre.encode,
  read: (bytes, offset, end) => {
    required(nvgre.check(bytes, offset, end));
    keep(nvgre.readFlowId(bytes, offset));
    return nvgre.readVsid(bytes, offset);
  },
  reads: 'check, readFlowId, readVsid',
  decode: (bytes, offset, end) => nvgre.decode(bytes, offset, end),
  valueOf: ({ vsid }) => vsid,
  encodeInto: (header, out, offset) => nvgre.encodeInto(header, out, offset),
  probe: 5,
  layout: nvgreLayout,
  layoutValueOf: ({ vsid }) => vsid,
  goType: 'GRE',
  scapyClass: 'GRE',
};

const greSubject: HeaderSubject<nvgre.gre.GreHeader, ReturnType<typeof greFullLayout.decode>> = {
  name: 'gre',
  headers: () =>
    createInputs(42, (random) => ({
      protocolType: gre.PROTOCOL_TYPE.ETHERNET,
      checksum: random(0xffff),
      key: random(KEY_MAX),
      sequenceNumber: random(0xffff_ffff),
    })),
  encode: gre.encode,
  read: (bytes, offset, end) => {
    required(gre.check(bytes, offset, end));
    keep(gre.readHeaderLength(bytes, offset) ^ gre.readProtocolType(bytes, offset));
    keep(gre.readChecksum(bytes, offset)! ^ gre.readSequenceNumber(bytes, offset)!);
    return gre.readKey(bytes, offset)!;
  },
  reads: 'check, readHeaderLength, readProtocolType, readChecksum, readKey, readSequenceNumber',
  decode: (bytes, offset, end) => gre.decode(bytes, offset, end),
  valueOf: ({ key }) => key!,
  encodeInto: (header, out, offset) => gre.encodeInto(header, out, offset),
  probe: 10,
  layout: greFullLayout,
  layoutValueOf: ({ key }) => key,
  goType: 'GRE',
  scapyClass: 'GRE',
};

/** The tunnels of the other suites, their networks raised above those that NVGRE reserves. */
function nvgreTunnels(): TunnelMetadata[] {
  const tunnels = createTunnels();
  for (const tunnel of tunnels) {
    tunnel.network = Math.min(Math.max(tunnel.network, nvgre.VSID_MIN), nvgre.VSID_MAX);
  }
  return tunnels;
}

const nvgreLayouts: TunnelLayouts<ReturnType<typeof nvgreLayout.decode>> = {
  layout: nvgreLayout,
  networkOf: ({ vsid }) => vsid,
  carrier: 'none',
  probe: 25,
  packets: () => createPacketsOf(new nvgre.NvgreEncapsulation(), nvgreTunnels()),
};

const greLayouts: TunnelLayouts<HeaderRecord> = {
  // The layout of a header with a key and nothing else.
  layout: greLayoutOf({ checksumPresent: false, keyPresent: true, sequenceNumberPresent: false }),
  networkOf: ({ key }) => Number(key),
  carrier: 'none',
  probe: 26,
  packets: () => createPacketsOf(new gre.GreEncapsulation(), nvgreTunnels()),
};

function packetCases<Header>(
  name: string,
  create: () => Encapsulation,
  layouts: TunnelLayouts<Header>,
  rules: string,
): BenchCase[] {
  return [
    {
      name: `${name} encapsulate`,
      tier: 'data path',
      octets: FRAME_LENGTH,
      does: `encapsulate in the headroom of the frame: IPv4 (checksum), ${name}, ECN`,
      setup: () => encapsulate(create(), layouts.probe, nvgreTunnels()),
      layout: { does: 'two layout.encode, joined with the frame in new memory', setup: () => encodeOuter(layouts) },
      gopacket: {
        operation: `${name} encapsulate`,
        does: 'SerializeLayers of IPv4 (checksum), GRE and payload into a reused buffer; copies the frame',
      },
      scapy: { operation: `${name} encapsulate`, does: 'bytes(IP()/GRE(key=...)/Raw(frame))' },
    },
    {
      name: `${name} decapsulate`,
      tier: 'data path',
      octets: FRAME_LENGTH,
      does: `decapsulate: IPv4 (checksum verified, addresses read), ${rules}, ECN combined`,
      setup: () => decapsulate(create(), layouts.packets()),
      layout: { does: `layout.decode of IPv4 and ${name}`, setup: () => decodeOuter(layouts) },
      gopacket: {
        operation: `${name} decapsulate`,
        does: 'DecodingLayerParser over IPv4, GRE (fastest container, reused structs; no checksum verified)',
      },
      scapy: { operation: `${name} decapsulate`, does: 'IP(octets), GRE payload left raw (no checksum verified)' },
    },
  ];
}

/** Headers and whole packets of `@overlane/nvgre`. */
export const nvgreSuite: Suite = {
  name: 'nvgre',
  cases: [
    ...headerCases(nvgreSubject),
    ...headerCases(greSubject),
    ...packetCases('nvgre', () => new nvgre.NvgreEncapsulation(), nvgreLayouts, 'NVGRE, rules N1-N13'),
    ...packetCases('gre', () => new gre.GreEncapsulation(), greLayouts, 'GRE with a key'),
  ],
  inputs: () => ({
    frames: sharedFrames(),
    nvgre: headerOctets(nvgreSubject),
    gre: headerOctets(greSubject),
    'nvgre packets': nvgreLayouts.packets(),
    'gre packets': greLayouts.packets(),
  }),
};
