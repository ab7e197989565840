/** Rows about `@overlane/netlord`: header and message in their tiers, whole packets, refusals, and NL-ARP's table. */
import { IP_PROTOCOL, type NetlordHeader, TTL_SENT, header, nlArp, tenantIdMax } from '@overlane/netlord';
import { netlordLayout, nlArpLayout } from '@overlane/netlord/layout';
import { type HeaderSubject, headerCases } from './header-cases.js';
import { FRAME_LENGTH, createInputs, randomMac } from './inputs.js';
import { keep } from './measure.js';
import { netlordFigures } from './netlord-figures.js';
import {
  NICS,
  lookUp,
  refuse,
  storeHere,
  unwrap,
  unwrapByLayouts,
  unwrapVxlan,
  wrap,
  wrapAndUnwrap,
  wrapByLayouts,
  wrapVxlan,
} from './netlord-operations.js';
import { required } from './required.js';
import type { BenchCase, Suite } from './suite.js';

/** Octets of the packets in the rows about headers: the least with a frame inside. */
const TOTAL_LENGTH = 34;
/** Kept below 2^31, as values of operations are. */
const SPACE_MAX = 0x7fff_ffff;

const headerSubject: HeaderSubject<NetlordHeader, ReturnType<typeof netlordLayout.decode>> = {
  name: 'netlord',
  headers: () =>
    createInputs(82, (random) => ({
      dscp: random(63),
      ecn: random(3),
      totalLength: TOTAL_LENGTH,
      tci: (random(15) << 12) | (1 + random(4093)),
      ttl: TTL_SENT,
      protocol: IP_PROTOCOL.DATA,
      macAsId: random(SPACE_MAX),
      port: 1 + random(125),
      tenantId: random(tenantIdMax()),
    })),
  encode: (value) => {
    const packet = new Uint8Array(TOTAL_LENGTH);
    header.encodeInto(value, packet);
    return packet;
  },
  read: (bytes, offset, end) => {
    required(header.check(bytes, offset, end));
    keep(header.readTci(bytes, offset) ^ header.readPort(bytes, offset) ^ header.readTenantId(bytes, offset));
    return header.readMacAsId(bytes, offset);
  },
  reads: 'check (IPv4 checksum verified), readTci, readPort, readTenantId, readMacAsId',
  decode: (bytes, offset, end) => header.decode(bytes, offset, end),
  valueOf: ({ macAsId }) => macAsId,
  encodeInto: (value, out, offset) => header.encodeInto(value, out, offset),
  probe: 10,
  layout: netlordLayout,
  layoutValueOf: ({ macAsId }) => macAsId,
};

const messageSubject: HeaderSubject<nlArp.NlArpMessage, ReturnType<typeof nlArpLayout.decode>> = {
  name: 'nl-arp',
  headers: () =>
    createInputs(83, (random) => ({
      operation: nlArp.OPERATION.HERE,
      unicast: false,
      stopped: false,
      generation: random(0xffff),
      tenantId: random(tenantIdMax()),
      port: 1 + random(125),
      macAsId: random(SPACE_MAX),
      vmMac: randomMac(random),
      edgeMac: randomMac(random),
    })),
  encode: nlArp.encode,
  read: (bytes, offset, end) => {
    required(nlArp.check(bytes, offset, end));
    keep(nlArp.readOperation(bytes, offset) ^ nlArp.readFlags(bytes, offset) ^ nlArp.readGeneration(bytes, offset));
    keep(nlArp.readTenantId(bytes, offset) ^ nlArp.readPort(bytes, offset));
    return nlArp.readMacAsId(bytes, offset);
  },
  reads: 'check, readOperation, readFlags, readGeneration, readTenantId, readPort, readMacAsId',
  decode: (bytes, offset, end) => nlArp.decode(bytes, offset, end),
  valueOf: ({ macAsId }) => macAsId,
  encodeInto: (message, out, offset) => nlArp.encodeInto(message, out, offset),
  probe: 10,
  layout: nlArpLayout,
  layoutValueOf: ({ macAsId }) => macAsId,
};

const packetCases: readonly BenchCase[] = [
  {
    name: 'encapsulate',
    tier: 'data path',
    octets: FRAME_LENGTH,
    does: 'NetLordEncapsulation.encapsulate in the headroom of the frame: Ethernet, tag, IPv4 (checksum), DSCP and ECN',
    setup: wrap,
    layout: { does: 'two layout.encode, joined with the frame in new memory', setup: wrapByLayouts },
    vxlan: { does: 'VxlanEncapsulation.encapsulate', setup: wrapVxlan },
  },
  {
    name: 'decapsulate',
    tier: 'data path',
    octets: FRAME_LENGTH,
    does: 'NetLordEncapsulation.decapsulate of what an edge switch has routed: all rules in order, ECN combined',
    setup: unwrap,
    layout: { does: 'layout.decode of the IPv4 header', setup: unwrapByLayouts },
    vxlan: { does: 'VxlanEncapsulation.decapsulate', setup: unwrapVxlan },
  },
  {
    name: 'encapsulate and decapsulate',
    tier: 'data path',
    octets: FRAME_LENGTH,
    does: 'both, one behind the other: what NetLord costs a packet from server to server',
    setup: wrapAndUnwrap,
  },
];

const refusals: readonly BenchCase[] = [
  {
    name: 'refuse a wrong checksum',
    tier: 'data path',
    does: 'NetLordEncapsulation.decapsulate of a packet with one bit of its IPv4 header flipped',
    setup: () => refuse((packet, i) => flipped(packet, 18 + (i % 20), i & 7)),
  },
  {
    name: 'refuse a cut packet',
    tier: 'data path',
    does: 'NetLordEncapsulation.decapsulate of a packet cut anywhere',
    setup: () => refuse((packet, i) => packet.subarray(0, i % packet.length)),
  },
];

function flipped(packet: Uint8Array, at: number, bit: number): Uint8Array {
  const octets = packet.slice();
  octets[at]! ^= 1 << bit;
  return octets;
}

const tableCases: readonly BenchCase[] = [
  {
    name: 'NL-ARP store HERE',
    tier: 'data path',
    does: `NlArp.takeMessage of a HERE about one of ${NICS} known NICs that has moved, in turn: check, find, replace`,
    setup: storeHere,
  },
  {
    name: 'NL-ARP look up',
    tier: 'data path',
    does: `NlArpTable.find of one of ${NICS} known NICs, far from the last one`,
    setup: lookUp,
  },
];

/** Headers, whole packets and NL-ARP of `@overlane/netlord`. No peer knows NetLord. */
export const netlordSuite: Suite = {
  name: 'netlord',
  cases: [...headerCases(headerSubject), ...headerCases(messageSubject), ...packetCases, ...refusals, ...tableCases],
  figures: netlordFigures,
  inputs: () => ({}),
};
