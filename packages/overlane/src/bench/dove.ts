/** Rows about `@overlane/dove`: both headers in their tiers, whole packets, fragmentation and reassembly, VAN. */
import { DoveEncapsulation, INSTANCE_ID_MAX, OVERLAY_ID_MAX, dove, otv } from '@overlane/dove';
import { doveLayout, otvLayout } from '@overlane/dove/layout';
import { VxlanEncapsulation } from '@overlane/vxlan';
import {
  FRAGMENT_OCTETS,
  JUMBO_LENGTH,
  copyJumbos,
  cutIntoFragments,
  putTogether,
  storeInterleaved,
} from './dove-operations.js';
import { MEMBERS, STATIONS, learn, replicate, resolveInMap, resolveKnown } from './dove-van.js';
import { type HeaderSubject, headerCases, headerOctets } from './header-cases.js';
import { FRAME_LENGTH, createInputs, createPackets, createPacketsOf } from './inputs.js';
import { keep } from './measure.js';
import { type TunnelLayouts, decodeOuter, encodeOuter } from './packet-layouts.js';
import { required } from './required.js';
import type { BenchCase, Suite } from './suite.js';
import { decapsulate, encapsulate } from './whole-packets.js';

/** Overlay 0: then the octets are VXLAN's too, those of its own suite, which gopacket and scapy know. */
const otvSubject: HeaderSubject<otv.OtvHeader, ReturnType<typeof otvLayout.decode>> = {
  name: 'otv',
  headers: () => createInputs(21, (random) => ({ overlayId: 0, instanceId: random(INSTANCE_ID_MAX) })),
  encode: otv.encode,
  read: (bytes, offset, end) => {
    required(otv.check(bytes, offset, end));
    keep(otv.readOverlayId(bytes, offset) ^ (otv.readInstanceValid(bytes, offset) ? 1 : 0));
    return otv.readInstanceId(bytes, offset);
  },
  reads: 'check, readOverlayId, readInstanceValid, readInstanceId',
  decode: (bytes, offset, end) => otv.decode(bytes, offset, end),
  valueOf: ({ instanceId = 0 }) => instanceId,
  encodeInto: (header, out, offset) => otv.encodeInto(header, out, offset),
  probe: 5,
  layout: otvLayout,
  layoutValueOf: ({ instanceId }) => instanceId,
};

/** With two options that fill 16 octets. */
const doveSubject: HeaderSubject<dove.DoveHeader, ReturnType<typeof doveLayout.decode>> = {
  name: 'dove with options',
  headers: () =>
    createInputs(62, (random) => ({
      version: 1,
      control: false,
      overlayId: random(OVERLAY_ID_MAX),
      instanceId: random(INSTANCE_ID_MAX),
      extensions: [
        { kind: 'options', options: dove.padOptions([dove.policyTag(random(255)), dove.lossClass(random(7))]) },
      ],
    })),
  encode: dove.encode,
  read: (bytes, offset, end) => {
    required(dove.check(bytes, offset, end));
    keep(dove.readHeaderLength(bytes, offset) ^ dove.readOverlayId(bytes, offset));
    keep(dove.readControl(bytes, offset) ? 1 : 0);
    keep(dove.readFragment(bytes, offset) ? 1 : 0);
    return dove.readInstanceId(bytes, offset);
  },
  reads:
    'check (extensions and options walked), readHeaderLength, readOverlayId, readControl, readFragment, readInstanceId',
  decode: (bytes, offset, end) => dove.decode(bytes, offset, end),
  valueOf: ({ instanceId = 0 }) => instanceId,
  encodeInto: (header, out, offset) => dove.encodeInto(header, out, offset),
  probe: 5,
  layout: doveLayout,
  layoutValueOf: ({ instanceId }) => instanceId,
};

/** Of the layouts only the first eight octets: the extensions have layouts of their own. */
function withFixedLayout(row: BenchCase): BenchCase {
  return { ...row, layout: { ...row.layout!, does: `${row.layout!.does}, of the first eight octets only` } };
}

/** gopacket and scapy read and write the same octets as VXLAN. */
function besideVxlan(row: BenchCase): BenchCase {
  const verb = row.name.endsWith('encode') ? 'encode' : 'decode';
  return {
    ...row,
    gopacket: { operation: `vxlan ${verb}`, does: 'layers.VXLAN, whose octets are the same in overlay 0' },
    scapy: { operation: `vxlan ${verb}`, does: 'VXLAN, whose octets are the same in overlay 0' },
  };
}

const layouts: TunnelLayouts<ReturnType<typeof doveLayout.decode>> = {
  layout: doveLayout,
  networkOf: ({ instanceId }) => instanceId,
  carrier: 'udp',
  probe: 33,
  packets: () => createPacketsOf(new DoveEncapsulation()),
};

const packetCases: readonly BenchCase[] = [
  {
    name: 'encapsulate',
    tier: 'data path',
    octets: FRAME_LENGTH,
    does: 'DoveEncapsulation.encapsulate in the headroom of the frame: IPv4 (checksum), UDP without checksum, DOVE, ECN',
    setup: () => encapsulate(new DoveEncapsulation(), layouts.probe),
    layout: { does: 'three layout.encode, joined with the frame in new memory', setup: () => encodeOuter(layouts) },
    vxlan: {
      does: 'VxlanEncapsulation.encapsulate',
      setup: () => encapsulate(new VxlanEncapsulation(), layouts.probe),
    },
  },
  {
    name: 'decapsulate',
    tier: 'data path',
    octets: FRAME_LENGTH,
    does: 'DoveEncapsulation.decapsulate: IPv4 (checksum verified, addresses read), UDP, DOVE, rules 1-15, ECN combined',
    setup: () => decapsulate(new DoveEncapsulation(), layouts.packets()),
    layout: { does: 'layout.decode of IPv4, UDP, DOVE', setup: () => decodeOuter(layouts) },
    vxlan: {
      does: 'VxlanEncapsulation.decapsulate',
      setup: () => decapsulate(new VxlanEncapsulation(), createPackets()),
    },
  },
];

const jumbo = { tier: 'data path', octets: JUMBO_LENGTH } as const;

const fragmentCases: readonly BenchCase[] = [
  {
    ...jumbo,
    name: 'fragment',
    does: 'DoveEncapsulation.encapsulate of a frame of 9,000 octets at path MTU 1500: seven fragments, octets copied twice',
    setup: cutIntoFragments,
    set: { does: 'Uint8Array.set of the same octets, into 32 places in turn', setup: () => copyJumbos(32) },
  },
  {
    ...jumbo,
    name: 'reassemble',
    does: 'DoveEncapsulation.decapsulate of the seven fragments of a frame, in order: all rules, octets copied twice',
    setup: putTogether,
    set: { does: 'Uint8Array.set of the same octets, always to one place', setup: () => copyJumbos(1) },
  },
  {
    tier: 'data path',
    octets: FRAGMENT_OCTETS,
    name: 'reassemble 1,000 interleaved',
    does: 'ReassemblyStore.accept of one fragment, each of another one of 1,000 datagrams in turn, completed ones delivered',
    setup: storeInterleaved,
  },
];

const vanCases: readonly BenchCase[] = [
  {
    tier: 'data path',
    name: 'VAN known station',
    does: `VanResolver.resolve of a frame to one of ${STATIONS} known stations, in turn`,
    setup: resolveKnown,
    map: { does: 'a Map keyed by the network and the six octets, as text', setup: resolveInMap },
  },
  {
    tier: 'value',
    name: 'VAN learn and un-learn',
    does: 'VanResolver: a frame for a stranger, LEARN out, REPLY in, the frame out, UNLEARN in',
    setup: learn,
  },
  {
    tier: 'data path',
    name: 'VAN copy of a broadcast',
    octets: FRAME_LENGTH,
    perCall: MEMBERS,
    does: `DoveEncapsulation.encapsulate of one frame for each of ${MEMBERS} members, in headers of its own`,
    setup: replicate,
  },
];

/** Headers, whole packets, fragments and control plane of `@overlane/dove`. No peer knows OTV or DOVE; two know VXLAN's equal octets. */
export const doveSuite: Suite = {
  name: 'dove',
  cases: [
    ...headerCases(otvSubject).map(besideVxlan),
    ...headerCases(doveSubject).map(withFixedLayout).slice(0, 2),
    ...packetCases,
    ...fragmentCases,
    ...vanCases,
  ],
  inputs: () => ({ vxlan: headerOctets(otvSubject) }),
};
