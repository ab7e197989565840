/** Rows about `@overlane/wire`: each header in its three tiers, and the Internet checksum. */
import * as layouts from '@overlane/layout/headers';
import { checksum, ethernet, flowHash, ipv4, ipv6, tcp, udp } from '@overlane/wire';
import { type HeaderSubject, headerCases, headerOctets } from './header-cases.js';
import { sharedFrames, createInputs, packWindows, randomIpv4, randomMac, randomOctets, randomTcp } from './inputs.js';
import { keep } from './measure.js';
import { required } from './required.js';
import type { BenchCase, Suite } from './suite.js';

/** IP protocols reserved for experiments (RFC 3692): nothing follows that a peer would go on to decode. */
const EXPERIMENT = 253;
/** The EtherType reserved for experiments (IEEE 802, local experimental 1). */
const ETHER_TYPE_EXPERIMENT = 0x88b5;
const NO_NEXT_HEADER = 59;
/** Octets behind the IPv6 header: gopacket takes a length of 0 for a jumbogram, and refuses. */
const IPV6_PAYLOAD = 8;

const ethernetSubject: HeaderSubject<ethernet.EthernetHeader, ReturnType<typeof layouts.ethernetLayout.decode>> = {
  name: 'ethernet',
  headers: () =>
    createInputs(11, (random) => ({
      destination: randomMac(random),
      source: randomMac(random),
      tags: [],
      etherType: ETHER_TYPE_EXPERIMENT + random(1),
    })),
  encode: ethernet.encode,
  read: (bytes, offset, end) => {
    required(ethernet.check(bytes, offset, end));
    keep(ethernet.readHeaderLength(bytes, offset));
    return ethernet.readEtherType(bytes, offset);
  },
  reads: 'check, readHeaderLength, readEtherType',
  decode: (bytes, offset, end) => ethernet.decode(bytes, offset, end),
  valueOf: ({ etherType }) => etherType,
  encodeInto: (header, out, offset) => ethernet.encodeInto(header, out, offset),
  probe: 10,
  layout: layouts.ethernetLayout,
  layoutValueOf: ({ etherType }) => etherType,
  goType: 'Ethernet',
  scapyClass: 'Ether',
};

const ipv4Subject: HeaderSubject<ipv4.Ipv4Header, ReturnType<typeof layouts.ipv4Layout.decode>> = {
  name: 'ipv4',
  headers: () =>
    createInputs(12, (random) => ({
      dscp: random(63),
      ecn: random(3),
      totalLength: ipv4.HEADER_LENGTH,
      identification: random(0xffff),
      dontFragment: random(1) === 1,
      moreFragments: false,
      fragmentOffset: 0,
      ttl: random(255),
      protocol: EXPERIMENT + random(1),
      source: randomIpv4(random),
      destination: randomIpv4(random),
      options: new Uint8Array(0),
    })),
  encode: ipv4.encode,
  read: (bytes, offset, end) => {
    required(ipv4.check(bytes, offset, end));
    keep(ipv4.readSource(bytes, offset) ^ ipv4.readDestination(bytes, offset));
    keep(ipv4.readTos(bytes, offset) ^ ipv4.readTotalLength(bytes, offset));
    return (ipv4.readTtl(bytes, offset) << 8) | ipv4.readProtocol(bytes, offset);
  },
  reads: 'check (checksum verified), readSource, readDestination, readTos, readTotalLength, readTtl, readProtocol',
  decode: (bytes, offset, end) => ipv4.decode(bytes, offset, end),
  valueOf: ({ ttl, protocol }) => (ttl << 8) | protocol,
  encodeInto: (header, out, offset) => ipv4.encodeInto(header, out, offset),
  probe: 10,
  layout: layouts.ipv4Layout,
  layoutValueOf: ({ ttl, protocol }) => (ttl << 8) | protocol,
  goType: 'IPv4',
  scapyClass: 'IP',
};

const ipv6Subject: HeaderSubject<ipv6.Ipv6Header, ReturnType<typeof layouts.ipv6Layout.decode>> = {
  name: 'ipv6',
  headers: () =>
    createInputs(13, (random) => ({
      dscp: random(63),
      ecn: random(3),
      flowLabel: random(0xfffff),
      payloadLength: IPV6_PAYLOAD,
      nextHeader: NO_NEXT_HEADER,
      hopLimit: random(255),
      source: randomOctets(random, 16),
      destination: randomOctets(random, 16),
    })),
  encode: (header) => {
    const packet = new Uint8Array(ipv6.HEADER_LENGTH + IPV6_PAYLOAD);
    ipv6.encodeInto(header, packet);
    return packet;
  },
  read: (bytes, offset, end) => {
    required(ipv6.check(bytes, offset, end));
    keep(ipv6.readTrafficClass(bytes, offset) ^ ipv6.readFlowLabel(bytes, offset));
    keep(ipv6.readPayloadLength(bytes, offset));
    return (ipv6.readHopLimit(bytes, offset) << 8) | ipv6.readNextHeader(bytes, offset);
  },
  reads: 'check, readTrafficClass, readFlowLabel, readPayloadLength, readHopLimit, readNextHeader',
  decode: (bytes, offset, end) => ipv6.decode(bytes, offset, end),
  valueOf: ({ hopLimit, nextHeader }) => (hopLimit << 8) | nextHeader,
  encodeInto: (header, out, offset) => ipv6.encodeInto(header, out, offset),
  probe: 2,
  layout: layouts.ipv6Layout,
  layoutValueOf: ({ hopLimit, nextHeader }) => (hopLimit << 8) | nextHeader,
  goType: 'IPv6',
  scapyClass: 'IPv6',
};

const udpSubject: HeaderSubject<udp.UdpHeader, ReturnType<typeof layouts.udpLayout.decode>> = {
  name: 'udp',
  headers: () =>
    createInputs(14, (random) => ({
      sourcePort: 49152 + random(16383),
      destinationPort: 20_000 + random(9999),
      length: udp.HEADER_LENGTH,
      checksum: random(0xffff),
    })),
  encode: udp.encode,
  read: (bytes, offset, end) => {
    required(udp.check(bytes, offset, end));
    keep(udp.readLength(bytes, offset) ^ udp.readChecksum(bytes, offset));
    return udp.readSourcePort(bytes, offset) + udp.readDestinationPort(bytes, offset);
  },
  reads: 'check, readLength, readChecksum, readSourcePort, readDestinationPort',
  decode: (bytes, offset, end) => udp.decode(bytes, offset, end),
  valueOf: ({ sourcePort, destinationPort }) => sourcePort + destinationPort,
  encodeInto: (header, out, offset) => udp.encodeInto(header, out, offset),
  probe: 0,
  layout: layouts.udpLayout,
  layoutValueOf: ({ sourcePort, destinationPort }) => sourcePort + destinationPort,
  goType: 'UDP',
  scapyClass: 'UDP',
};

const tcpSubject: HeaderSubject<tcp.TcpHeader, ReturnType<typeof layouts.tcpLayout.decode>> = {
  name: 'tcp',
  headers: () => createInputs(15, randomTcp),
  encode: tcp.encode,
  read: (bytes, offset, end) => {
    required(tcp.check(bytes, offset, end));
    keep(tcp.readSequenceNumber(bytes, offset) ^ tcp.readAcknowledgmentNumber(bytes, offset));
    keep(tcp.readHeaderLength(bytes, offset) ^ tcp.readFlags(bytes, offset));
    return tcp.readSourcePort(bytes, offset) + tcp.readDestinationPort(bytes, offset);
  },
  reads: 'check, readSequenceNumber, readAcknowledgmentNumber, readHeaderLength, readFlags, both ports',
  decode: (bytes, offset, end) => tcp.decode(bytes, offset, end),
  valueOf: ({ sourcePort, destinationPort }) => sourcePort + destinationPort,
  encodeInto: (header, out, offset) => tcp.encodeInto(header, out, offset),
  probe: 4,
  layout: layouts.tcpLayout,
  layoutValueOf: ({ sourcePort, destinationPort }) => sourcePort + destinationPort,
  goType: 'TCP',
  scapyClass: 'TCP',
};

/** The checksum of the first `octets` octets of frames, each at another offset. gopacket's is not exported. */
function checksumCase(octets: number): BenchCase {
  return {
    name: `checksum ${octets}`,
    tier: 'data path',
    does: `checksum.compute over ${octets} octets`,
    octets,
    setup: () => {
      const { bytes, starts } = packWindows(sharedFrames());
      return (i) => checksum.compute(bytes, starts[i]!, starts[i]! + octets);
    },
    scapy: { operation: `checksum ${octets}`, does: `scapy.utils.checksum over ${octets} octets` },
  };
}

/** What a segment of 64 KiB costs: larger than the first-level cache, and no peer takes part. */
function checksumOfSegment(octets: number): BenchCase {
  return {
    name: `checksum ${octets}`,
    tier: 'data path',
    does: `checksum.compute over ${octets} octets`,
    octets,
    setup: () => {
      const { bytes, starts } = packWindows(sharedFrames());
      const last = bytes.length - octets;
      return (i) => {
        const at = starts[i]! % last;
        return checksum.compute(bytes, at, at + octets);
      };
    },
  };
}

/** Half of all hashes are above 2^31, which V8 boxes when they cross a call that is not inlined. */
const flowHashCase: BenchCase = {
  name: 'flow hash',
  tier: 'data path',
  does: 'flowHash of a frame: addresses, protocol and ports of the TCP segment in it',
  setup: () => {
    const { bytes, starts, ends } = packWindows(sharedFrames());
    return (i) => flowHash(bytes, starts[i]!, ends[i]!) >>> 1;
  },
};

/** Headers and checksums of `@overlane/wire`. */
export const wireSuite: Suite = {
  name: 'wire',
  cases: [
    ...headerCases(ethernetSubject),
    ...headerCases(ipv4Subject),
    ...headerCases(ipv6Subject),
    ...headerCases(udpSubject),
    ...headerCases(tcpSubject),
    flowHashCase,
    checksumCase(20),
    checksumCase(64),
    checksumCase(1450),
    checksumOfSegment(65_536),
  ],
  inputs: () => ({
    ethernet: headerOctets(ethernetSubject),
    ipv4: headerOctets(ipv4Subject),
    ipv6: headerOctets(ipv6Subject),
    udp: headerOctets(udpSubject),
    tcp: headerOctets(tcpSubject),
    frames: sharedFrames(),
  }),
};
