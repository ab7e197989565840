/** How the headers of `@overlane/wire` follow one another, as data for `createDissector`. */
import {
  EXTENSION,
  ExtensionWalk,
  arp,
  ethernet,
  icmpv4,
  icmpv6,
  ipv4,
  ipv6,
  isExtension,
  neighbor,
  tcp,
  udp,
} from '@overlane/wire';
import { type Binding, DATA, type DissectContext, type DissectOptions, type NextHeader } from '../dissector.js';
import type { HeaderRecord } from '../field.js';
import type { Layout } from '../header.js';
import * as icmp from './icmp.js';
import { ipv4Layout, ipv6Layout } from './ip.js';
import * as extension from './ipv6-extensions.js';
import { arpLayout, ethernetLayout, vlanLayout } from './link.js';
import { verifyIcmpv6, verifyTcp, verifyUdp } from './transport-checksum.js';
import { tcpLayout, udpLayout } from './transport.js';

const { ETHER_TYPE } = ethernet;

/** Longest payload that an 802.3 length field can announce (IEEE 802.3 §3.2.6). */
const LENGTH_FIELD_MAX = 1500;

const BY_ETHER_TYPE: ReadonlyMap<number, string> = new Map([
  [ETHER_TYPE.IPV4, 'ipv4'],
  [ETHER_TYPE.ARP, 'arp'],
  [ETHER_TYPE.IPV6, 'ipv6'],
  [ETHER_TYPE.C_TAG, 'vlan'],
  [ETHER_TYPE.S_TAG, 'vlan'],
]);

// Protocols that have no binding here get their name all the same, for packages that bring one.
const BY_PROTOCOL: ReadonlyMap<number, string> = new Map([
  [4, 'ipv4'],
  [tcp.IP_PROTOCOL, 'tcp'],
  [udp.IP_PROTOCOL, 'udp'],
  [41, 'ipv6'],
  [47, 'gre'],
  [EXTENSION.AUTHENTICATION, 'ah'],
]);

const BY_IPV4_PROTOCOL: ReadonlyMap<number, string> = new Map([...BY_PROTOCOL, [icmpv4.IP_PROTOCOL, 'icmpv4']]);

const BY_NEXT_HEADER: ReadonlyMap<number, string> = new Map([
  ...BY_PROTOCOL,
  [icmpv6.IP_PROTOCOL, 'icmpv6'],
  [EXTENSION.HOP_BY_HOP, 'ipv6-hop-by-hop'],
  [EXTENSION.ROUTING, 'ipv6-routing'],
  [EXTENSION.FRAGMENT, 'ipv6-fragment'],
  [EXTENSION.DESTINATION_OPTIONS, 'ipv6-destination-options'],
  [EXTENSION.MOBILITY, 'ipv6-mobility'],
  [EXTENSION.HIP, 'hip'],
  [EXTENSION.SHIM6, 'shim6'],
]);

const NEIGHBOR_TYPES: readonly number[] = [icmpv6.TYPE.NEIGHBOR_SOLICITATION, icmpv6.TYPE.NEIGHBOR_ADVERTISEMENT];

const ethernetBinding: Binding<{ etherType: number }> = {
  layout: ethernetLayout,
  check: ethernet.check,
  next: ({ etherType }, context) => behindEtherType(etherType, context),
};

const vlanBinding: Binding<{ etherType: number }> = {
  layout: vlanLayout,
  next: ({ etherType }, context) => behindEtherType(etherType, context),
};

const arpBinding: Binding = {
  layout: arpLayout,
  check: arp.check,
  // What follows the message is Ethernet padding.
  next: (_, { offset, length }) => ({ protocol: DATA, offset: offset + length, end: offset + length }),
};

interface Ipv4Fields extends HeaderRecord {
  readonly totalLength: number;
  readonly moreFragments: boolean;
  readonly fragmentOffset: number;
  readonly protocol: number;
}

const ipv4Binding: Binding<Ipv4Fields> = {
  layout: ipv4Layout,
  check: ipv4.check,
  next: ({ totalLength, moreFragments, fragmentOffset, protocol }, { offset, length, options }) => ({
    protocol: moreFragments || fragmentOffset !== 0 ? DATA : protocolOf(BY_IPV4_PROTOCOL, protocol, options),
    offset: offset + length,
    end: offset + totalLength,
  }),
};

const ipv6Binding: Binding<{ payloadLength: number; nextHeader: number }> = {
  layout: ipv6Layout,
  check: ipv6.check,
  // The rules for extension headers are about the whole chain.
  verify: (_, { bytes, offset }) => new ExtensionWalk().walk(bytes, offset),
  next: ({ payloadLength, nextHeader }, { offset, length, options }) => ({
    protocol: protocolOf(BY_NEXT_HEADER, nextHeader, options),
    offset: offset + length,
    end: offset + length + payloadLength,
  }),
};

const fragmentBinding: Binding<{ nextHeader: number; fragmentOffset: number; moreFragments: boolean }> = {
  layout: extension.fragmentLayout,
  // An atomic fragment is a whole packet (RFC 6946).
  next: ({ nextHeader, fragmentOffset, moreFragments }, context) =>
    behindNextHeader(moreFragments || fragmentOffset !== 0 ? undefined : nextHeader, context),
};

const udpBinding: Binding<{ sourcePort: number; destinationPort: number; length: number }> = {
  layout: udpLayout,
  check: udp.check,
  verify: verifyUdp,
  next: (record, { offset, length, options: { udpPorts = {} } }) => ({
    protocol: udpPorts[record.destinationPort] ?? udpPorts[record.sourcePort] ?? DATA,
    offset: offset + length,
    end: offset + record.length,
  }),
};

const tcpBinding: Binding = { layout: tcpLayout, check: tcp.check, verify: verifyTcp };

const icmpv4Binding: Binding<{ type: number }> = {
  layout: icmp.icmpv4Layout,
  check: icmpv4.check,
  variant: ({ type }) => {
    switch (type) {
      case icmpv4.TYPE.ECHO_REQUEST:
      case icmpv4.TYPE.ECHO_REPLY:
        return icmp.icmpv4EchoLayout;
      case icmpv4.TYPE.UNREACHABLE:
        return icmp.icmpv4UnreachableLayout;
      default:
        return undefined;
    }
  },
  verify: (_, { bytes, offset, end }) => icmpv4.checkChecksum(bytes, offset, end),
};

const icmpv6Binding: Binding<{ type: number }> = {
  layout: icmp.icmpv6Layout,
  check: (bytes, offset, end) =>
    icmpv6.check(bytes, offset, end) ??
    (NEIGHBOR_TYPES.includes(bytes[offset]!) ? neighbor.check(bytes, offset, end) : undefined),
  variant: ({ type }) => ICMPV6_LAYOUTS.get(type),
  verify: verifyIcmpv6,
};

const ICMPV6_LAYOUTS: ReadonlyMap<number, Layout> = new Map<number, Layout>([
  [icmpv6.TYPE.UNREACHABLE, icmp.icmpv6UnreachableLayout],
  [icmpv6.TYPE.PACKET_TOO_BIG, icmp.packetTooBigLayout],
  [icmpv6.TYPE.ECHO_REQUEST, icmp.icmpv6EchoLayout],
  [icmpv6.TYPE.ECHO_REPLY, icmp.icmpv6EchoLayout],
  [icmpv6.TYPE.NEIGHBOR_SOLICITATION, icmp.neighborSolicitationLayout],
  [icmpv6.TYPE.NEIGHBOR_ADVERTISEMENT, icmp.neighborAdvertisementLayout],
]);

/**
 * The bindings of every header in `@overlane/wire`. Faults come from the codecs' own `check`s; checksums of UDP, TCP and
 * ICMP are verified where the pseudo-header is known. Fragments, unknown types and embedded packets of ICMP errors are
 * data.
 */
export const wireBindings: readonly Binding[] = [
  ethernetBinding,
  vlanBinding,
  arpBinding,
  ipv4Binding,
  ipv6Binding,
  ...[
    extension.hopByHopLayout,
    extension.destinationOptionsLayout,
    extension.mobilityLayout,
    extension.hipLayout,
    extension.shim6Layout,
    extension.routingLayout,
    extension.authenticationLayout,
  ].map(extensionBinding),
  fragmentBinding,
  udpBinding,
  tcpBinding,
  icmpv4Binding,
  icmpv6Binding,
];

function extensionBinding(layout: Layout): Binding {
  return { layout, next: ({ nextHeader }, context) => behindNextHeader(nextHeader as number, context) };
}

function behindEtherType(etherType: number, { offset, length, end, options }: DissectContext): NextHeader {
  const start = offset + length;
  if (etherType <= LENGTH_FIELD_MAX) return { protocol: DATA, offset: start, end: start + etherType };
  return { protocol: options.etherTypes?.[etherType] ?? nameOf(BY_ETHER_TYPE, etherType), offset: start, end };
}

/** What follows an extension header; AH stands behind IPv4 too, where the numbers mean other things. */
function behindNextHeader(nextHeader: number | undefined, context: DissectContext): NextHeader {
  const { outer, offset, length, end, options } = context;
  const ip = [...outer].reverse().find(({ protocol }) => protocol === 'ipv4' || protocol === 'ipv6');
  const names = ip?.protocol === 'ipv4' ? BY_IPV4_PROTOCOL : BY_NEXT_HEADER;
  const protocol = nextHeader === undefined ? DATA : protocolOf(names, nextHeader, options);
  return { protocol, offset: offset + length, end };
}

/** The caller's name for an IP protocol, or ours. A walk over extension headers is never cut short by a name. */
function protocolOf(names: ReadonlyMap<number, string>, value: number, { ipProtocols }: DissectOptions): string {
  return (isExtension(value) ? undefined : ipProtocols?.[value]) ?? nameOf(names, value);
}

function nameOf(names: ReadonlyMap<number, string>, value: number): string {
  return names.get(value) ?? DATA;
}
