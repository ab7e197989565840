/**
 * The laws of NetLord's codecs. Pass your own implementation to test it, with the layouts as oracle:
 *
 *     for (const law of netlordLaws(myCodec)) it(law.name, () => fc.assert(law.property));
 */
import { type Codec, ipv4 } from '@overlane/wire';
import { type Law, type LawSubject, type Oracle, codecLaws } from '@overlane/wire/laws';
import { netlordFrame, netlordHeader, nlArpMessage } from './arbitraries.js';
import * as frame from './encapsulation/frame.js';
import * as header from './encapsulation/header.js';
import { netlordLayout, nlArpLayout, routedEthernetLayout, taggedEthernetLayout } from './layout.js';
import { FLAG, MESSAGE_LENGTH } from './nl-arp/message-constants.js';
import * as nlArp from './nl-arp/message.js';

export { netlordEncapsulationLaws } from './encapsulation-laws.js';

const HEADER_FAULTS = [
  'E_NL_TRUNCATED',
  'E_NL_HEADER',
  'E_NL_CHECKSUM',
  'E_NL_PROTOCOL',
  'E_NL_FRAGMENT',
  'E_NL_TTL',
  'E_NL_PORT',
  'E_NL_VLAN_ID',
  'E_NL_INNER_TRUNCATED',
] as const;

/** NetLord's IPv4 header as a law subject. */
export const netlordSubject = (codec: Codec<header.NetlordHeader> = header): LawSubject<header.NetlordHeader> => ({
  codec,
  faults: HEADER_FAULTS,
  headers: netlordHeader(),
  packetOf: (value) => withPayload(codec.encode(value), value.totalLength),
  canonical: (packet) => canonicalHeader(packet.slice(0, 20)),
  fields: {
    totalLength: { read: header.readTotalLength },
    vid: { read: header.readVid },
    ttl: { read: header.readTtl },
    protocol: { read: header.readProtocol },
    macAsId: { read: header.readMacAsId },
    port: { read: header.readPort },
    tenantId: { read: header.readTenantId },
  },
  oracle: netlordLayout as Oracle,
  toRecord: headerRecord,
});

/** The headers of a frame as a law subject. */
export const netlordFrameSubject = (codec: Codec<frame.NetlordFrame> = frame): LawSubject<frame.NetlordFrame> => ({
  codec,
  faults: HEADER_FAULTS,
  headers: netlordFrame(),
  packetOf: (value) => {
    const octets = codec.encode(value);
    return withPayload(octets, octets.length - 20 + value.header.totalLength);
  },
  canonical: (packet) => {
    const octets = packet.slice(0, codec.readHeaderLength(packet, 0));
    octets.set(canonicalHeader(octets.slice(-20)), octets.length - 20);
    return octets;
  },
  fields: { isTagged: { read: frame.readIsTagged } },
  oracle: frameOracle,
  toRecord: ({ destination, source, isTagged, header: inner }) => ({
    destination,
    source,
    isTagged,
    ...headerRecord(inner),
  }),
});

/** The NL-ARP message as a law subject. */
export const nlArpSubject = (codec: Codec<nlArp.NlArpMessage> = nlArp): LawSubject<nlArp.NlArpMessage> => ({
  codec,
  faults: ['E_NLARP_TRUNCATED', 'E_NLARP_VERSION', 'E_NLARP_OP', 'E_NLARP_LOCATION', 'E_NLARP_VM_MAC'],
  headers: nlArpMessage(),
  packetOf: (message) => codec.encode(message),
  canonical: (packet) => {
    const message = packet.slice(0, MESSAGE_LENGTH);
    message[1]! &= FLAG.UNICAST | FLAG.STOPPED;
    return message;
  },
  fields: {
    operation: { read: nlArp.readOperation },
    generation: { read: nlArp.readGeneration, write: nlArp.writeGeneration, max: 0xffff },
    tenantId: { read: nlArp.readTenantId },
    port: { read: nlArp.readPort },
    macAsId: { read: nlArp.readMacAsId },
    vmMac: { read: nlArp.readVmMac },
    edgeMac: { read: nlArp.readEdgeMac },
  },
  oracle: nlArpLayout as LawSubject<nlArp.NlArpMessage>['oracle'] & object,
  toRecord: (message) => ({ ...message }),
});

/** The laws of a codec of NetLord's IPv4 header: ours, or `codec`. */
export const netlordLaws = (codec?: Codec<header.NetlordHeader>): Law[] => codecLaws(netlordSubject(codec));

/** The laws of a codec of a frame's headers: ours, or `codec`. */
export const netlordFrameLaws = (codec?: Codec<frame.NetlordFrame>): Law[] => codecLaws(netlordFrameSubject(codec));

/** The laws of an NL-ARP message codec: ours, or `codec`. */
export const nlArpLaws = (codec?: Codec<nlArp.NlArpMessage>): Law[] => codecLaws(nlArpSubject(codec));

/** The layouts of Ethernet and NetLord's header one behind the other. */
const frameOracle: Oracle = {
  decode: (bytes, offset, end) => {
    const isTagged = bytes[offset + 12] === 0x81 && bytes[offset + 13] === 0;
    const layout = isTagged ? taggedEthernetLayout : routedEthernetLayout;
    const link = layout.decode(bytes, offset, end);
    const inner = netlordLayout.decode(bytes, offset + layout.length(bytes, offset, end), end);
    return { isTagged, link, inner, destination: link.destination, source: link.source, ...inner };
  },
  encode: ({ isTagged, link, inner }) => {
    const layout = isTagged === true ? taggedEthernetLayout : routedEthernetLayout;
    return Uint8Array.of(...layout.encode(link as never), ...netlordLayout.encode(inner as never));
  },
};

function headerRecord({ tci, ...rest }: header.NetlordHeader): Readonly<Record<string, unknown>> {
  return {
    version: 4,
    ihl: 5,
    pcp: tci >>> 13,
    dei: (tci >>> 12) & 1,
    vid: tci & 0xfff,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    ...rest,
  };
}

function canonicalHeader(octets: Uint8Array): Uint8Array {
  octets[6]! &= 0x7f;
  ipv4.writeChecksum(octets, 0);
  return octets;
}

function withPayload(headers: Uint8Array, length: number): Uint8Array {
  const packet = new Uint8Array(length);
  packet.set(headers);
  return packet;
}
