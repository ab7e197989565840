/** Rows about `@overlane/vxlan`: the header in its tiers, and whole packets with their outer and inner headers. */
import { PacketBuffer, TunnelMetadata, ethernet, ipv4, read16, tcp } from '@overlane/wire';
import * as vxlan from '@overlane/vxlan';
import { vxlanLayout } from '@overlane/vxlan/layout';
import { type HeaderSubject, headerCases, headerOctets } from './header-cases.js';
import { FRAME_LENGTH, sharedFrames, createInputs, createPackets, packWindows } from './inputs.js';
import { type Operation, keep } from './measure.js';
import { decodeOuter, encodeOuter } from './packet-layouts.js';
import { required } from './required.js';
import type { BenchCase, Suite } from './suite.js';
import { decodeAllLayouts, vxlanLayouts } from './vxlan-layouts.js';
import { decapsulate, encapsulate } from './whole-packets.js';

const headerSubject: HeaderSubject<vxlan.VxlanHeader, ReturnType<typeof vxlanLayout.decode>> = {
  name: 'vxlan',
  headers: () => createInputs(21, (random) => ({ vni: random(vxlan.VNI_MAX) })),
  encode: vxlan.encode,
  read: (bytes, offset, end) => {
    required(vxlan.check(bytes, offset, end));
    return vxlan.readVni(bytes, offset);
  },
  reads: 'check, readVni',
  decode: (bytes, offset, end) => vxlan.decode(bytes, offset, end),
  valueOf: ({ vni }) => vni,
  encodeInto: (header, out, offset) => vxlan.encodeInto(header, out, offset),
  probe: 5,
  layout: vxlanLayout,
  layoutValueOf: ({ vni }) => vni,
  goType: 'VXLAN',
  scapyClass: 'VXLAN',
};

const [headerRead, headerDecode, headerEncode] = headerCases(headerSubject) as [BenchCase, BenchCase, BenchCase];

const headerWrite: BenchCase = {
  ...headerEncode,
  name: 'vxlan write',
  tier: 'data path',
  does: 'writeHeader: a VNI known to be in range, into a reused buffer',
  setup: () => {
    const vnis = Int32Array.from(headerSubject.headers(), ({ vni }) => vni);
    const { bytes, starts } = packWindows(headerOctets(headerSubject));
    return (i) => {
      vxlan.writeHeader(bytes, starts[i]!, vnis[i]!);
      return read16(bytes, starts[i]! + 5);
    };
  },
};

/** Decapsulates, then checks and reads the headers that gopacket's parser decodes too. */
function decapsulateWithInner(): Operation {
  const { bytes, starts, ends } = packWindows(createPackets());
  const encapsulation = new vxlan.VxlanEncapsulation();
  const packet = new PacketBuffer(bytes);
  const tunnel = new TunnelMetadata();
  return (i) => {
    packet.reset(bytes, starts[i]!, ends[i]!);
    required(encapsulation.decapsulate(packet, tunnel));
    return tunnel.network ^ readInner(bytes, packet.start, packet.end);
  };
}

function readInner(bytes: Uint8Array, start: number, end: number): number {
  required(ethernet.check(bytes, start, end));
  keep(ethernet.readEtherType(bytes, start));
  const network = start + ethernet.readHeaderLength(bytes, start);
  required(ipv4.check(bytes, network, end));
  keep(ipv4.readSource(bytes, network) ^ ipv4.readDestination(bytes, network));
  keep(ipv4.readTtl(bytes, network) ^ ipv4.readProtocol(bytes, network) ^ ipv4.readTos(bytes, network));
  const transport = network + ipv4.readHeaderLength(bytes, network);
  required(tcp.check(bytes, transport, network + ipv4.readTotalLength(bytes, network)));
  keep(tcp.readSequenceNumber(bytes, transport) ^ tcp.readAcknowledgmentNumber(bytes, transport));
  keep(tcp.readFlags(bytes, transport));
  return tcp.readSourcePort(bytes, transport) ^ tcp.readDestinationPort(bytes, transport);
}

const wholePackets: readonly BenchCase[] = [
  {
    name: 'encapsulate',
    tier: 'data path',
    octets: FRAME_LENGTH,
    does: 'VxlanEncapsulation.encapsulate in the headroom of the frame: IPv4 (checksum), UDP without checksum, VXLAN, ECN',
    setup: () => encapsulate(new vxlan.VxlanEncapsulation(), vxlanLayouts.probe),
    layout: {
      does: 'three layout.encode, joined with the frame in new memory',
      setup: () => encodeOuter(vxlanLayouts),
    },
    gopacket: {
      operation: 'encapsulate',
      does: 'SerializeTo of payload, VXLAN, UDP, IPv4 (checksum) into a reused buffer; copies the frame',
    },
    scapy: { operation: 'encapsulate', does: 'bytes(IP()/UDP(chksum=0)/VXLAN()/Raw(frame))' },
  },
  {
    name: 'encapsulate with UDP checksum',
    tier: 'data path',
    octets: FRAME_LENGTH,
    does: 'the same with a UDP checksum over the whole datagram',
    setup: () => encapsulate(new vxlan.VxlanEncapsulation({ checksumIpv4: 'computed' }), vxlanLayouts.probe),
    gopacket: {
      operation: 'encapsulate with UDP checksum',
      does: 'SerializeLayers with ComputeChecksums; copies the frame',
    },
    scapy: { operation: 'encapsulate with UDP checksum', does: 'bytes(IP()/UDP()/VXLAN()/Raw(frame))' },
  },
  {
    name: 'decapsulate',
    tier: 'data path',
    octets: FRAME_LENGTH,
    does: 'VxlanEncapsulation.decapsulate: IPv4 (checksum verified, addresses read), UDP, VXLAN, rules V1-V11, ECN combined',
    setup: () => decapsulate(new vxlan.VxlanEncapsulation(), createPackets()),
    layout: { does: 'layout.decode of IPv4, UDP, VXLAN', setup: () => decodeOuter(vxlanLayouts) },
    gopacket: {
      operation: 'decapsulate',
      does: 'DecodingLayerParser over IPv4, UDP, VXLAN (fastest container, reused structs; no checksum verified)',
    },
    scapy: { operation: 'decapsulate', does: 'IP(octets), VXLAN payload left raw (no checksum verified)' },
  },
  {
    name: 'decapsulate with inner headers',
    tier: 'data path',
    octets: FRAME_LENGTH,
    does: 'the same, then check and read* of inner Ethernet, IPv4 (checksum verified), TCP',
    setup: decapsulateWithInner,
    layout: { does: 'layout.decode of all six headers', setup: decodeAllLayouts },
    gopacket: {
      operation: 'decapsulate with inner headers',
      does: 'DecodingLayerParser over IPv4, UDP, VXLAN, Ethernet, IPv4, TCP (no checksum verified)',
    },
    scapy: { operation: 'decapsulate with inner headers', does: 'IP(octets), all six layers (no checksum verified)' },
  },
];

/** Header and whole packets of `@overlane/vxlan`. */
export const vxlanSuite: Suite = {
  name: 'vxlan',
  cases: [headerRead, headerDecode, headerWrite, headerEncode, ...wholePackets],
  inputs: () => ({ vxlan: headerOctets(headerSubject), frames: sharedFrames(), packets: createPackets() }),
};
