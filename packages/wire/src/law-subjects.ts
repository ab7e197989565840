/** The headers of this package as law subjects. Pass another codec of the same shape to test it with our laws. */
import * as arb from './arbitraries.js';
import * as arp from './arp.js';
import type { Codec } from './codec.js';
import * as ethernet from './ethernet.js';
import * as icmp from './icmp.js';
import * as ipv4 from './ipv4.js';
import * as ipv6 from './ipv6.js';
import type { LawSubject } from './codec-laws.js';
import * as neighbor from './neighbor.js';
import { read16 } from './octets.js';
import * as tcp from './tcp.js';
import * as udp from './udp.js';

function padded(header: Uint8Array, length: number): Uint8Array {
  const packet = new Uint8Array(Math.max(length, header.length));
  packet.set(header);
  return packet;
}

/** Ethernet with tags. */
export const ethernetSubject = (
  codec: Codec<ethernet.EthernetHeader> = ethernet,
): LawSubject<ethernet.EthernetHeader> => ({
  codec,
  faults: ['E_ETH_TRUNCATED', 'E_ETH_VLAN_TRUNCATED', 'E_ETH_TOO_MANY_TAGS'],
  headers: arb.ethernetHeader(),
  packetOf: (header) => codec.encode(header),
  fields: {},
});

/** ARP. */
export const arpSubject = (codec: Codec<arp.ArpMessage> = arp): LawSubject<arp.ArpMessage> => ({
  codec,
  faults: ['E_ARP_TRUNCATED', 'E_ARP_UNSUPPORTED_TYPE', 'E_ARP_BAD_ADDRESS_LENGTH'],
  headers: arb.arpMessage(),
  packetOf: (message) => codec.encode(message),
  fields: {
    operation: { read: arp.readOperation },
    senderIp: { read: arp.readSenderIp },
    targetIp: { read: arp.readTargetIp },
  },
  toRecord: (message) => ({ ...message }),
});

/** IPv4. */
export const ipv4Subject = (codec: Codec<ipv4.Ipv4Header> = ipv4): LawSubject<ipv4.Ipv4Header> => ({
  codec,
  faults: [
    'E_IPV4_TRUNCATED',
    'E_IPV4_BAD_VERSION',
    'E_IPV4_BAD_IHL',
    'E_IPV4_BAD_CHECKSUM',
    'E_IPV4_BAD_TOTAL_LENGTH',
  ],
  headers: arb.ipv4Header(),
  packetOf: (header) => padded(codec.encode(header), header.totalLength),
  canonical: (packet) => {
    const header = packet.slice(0, ipv4.readHeaderLength(packet, 0));
    header[6]! &= 0x7f;
    ipv4.writeChecksum(header, 0);
    return header;
  },
  fields: {
    ecn: { read: ipv4.readEcn },
    totalLength: { read: ipv4.readTotalLength },
    ttl: { read: ipv4.readTtl },
    protocol: { read: ipv4.readProtocol },
    headerChecksum: { read: ipv4.readChecksum },
    source: { read: ipv4.readSource },
    destination: { read: ipv4.readDestination },
  },
  toRecord: (header) => ({ ...header }),
});

/** IPv6 fixed header. */
export const ipv6Subject = (codec: Codec<ipv6.Ipv6Header> = ipv6): LawSubject<ipv6.Ipv6Header> => ({
  codec,
  faults: ['E_IPV6_TRUNCATED', 'E_IPV6_BAD_VERSION', 'E_IPV6_BAD_PAYLOAD_LENGTH'],
  headers: arb.ipv6Header(),
  packetOf: (header) => padded(codec.encode(header), ipv6.HEADER_LENGTH + header.payloadLength),
  fields: {
    ecn: { read: ipv6.readEcn, write: ipv6.writeEcn, max: 3 },
    flowLabel: { read: ipv6.readFlowLabel },
    payloadLength: { read: ipv6.readPayloadLength },
    nextHeader: { read: ipv6.readNextHeader },
    hopLimit: { read: ipv6.readHopLimit },
  },
  toRecord: (header) => ({ ...header }),
});

/** UDP. */
export const udpSubject = (codec: Codec<udp.UdpHeader> = udp): LawSubject<udp.UdpHeader> => ({
  codec,
  faults: ['E_UDP_TRUNCATED', 'E_UDP_BAD_LENGTH'],
  headers: arb.udpHeader(),
  packetOf: (header) => padded(codec.encode(header), header.length),
  fields: {
    sourcePort: { read: udp.readSourcePort, write: udp.writeSourcePort, max: 0xffff },
    destinationPort: { read: udp.readDestinationPort, write: udp.writeDestinationPort, max: 0xffff },
    length: { read: udp.readLength },
    checksum: { read: udp.readChecksum },
  },
  toRecord: (header) => ({ ...header }),
});

/** TCP. */
export const tcpSubject = (codec: Codec<tcp.TcpHeader> = tcp): LawSubject<tcp.TcpHeader> => ({
  codec,
  faults: ['E_TCP_TRUNCATED', 'E_TCP_BAD_DATA_OFFSET'],
  headers: arb.tcpHeader(),
  packetOf: (header) => codec.encode(header),
  canonical: (packet) => {
    const header = packet.slice(0, tcp.readHeaderLength(packet, 0));
    header[12]! &= 0xf0;
    return header;
  },
  fields: {
    sourcePort: { read: tcp.readSourcePort },
    destinationPort: { read: tcp.readDestinationPort },
    sequenceNumber: { read: tcp.readSequenceNumber },
    acknowledgmentNumber: { read: tcp.readAcknowledgmentNumber },
  },
  toRecord: ({ flags, ...rest }) => ({
    ...rest,
    fin: (flags & tcp.FLAG.FIN) !== 0,
    syn: (flags & tcp.FLAG.SYN) !== 0,
    rst: (flags & tcp.FLAG.RST) !== 0,
    psh: (flags & tcp.FLAG.PSH) !== 0,
    ack: (flags & tcp.FLAG.ACK) !== 0,
    urg: (flags & tcp.FLAG.URG) !== 0,
    ece: (flags & tcp.FLAG.ECE) !== 0,
    cwr: (flags & tcp.FLAG.CWR) !== 0,
  }),
});

/** The common header of ICMP and ICMPv6. */
export const icmpSubject = (codec: Codec<icmp.IcmpHeader> = icmp): LawSubject<icmp.IcmpHeader> => ({
  codec,
  faults: ['E_ICMP_TRUNCATED'],
  headers: arb.icmpHeader(),
  packetOf: (header) => codec.encode(header),
  fields: { type: { read: icmp.readType }, code: { read: icmp.readCode } },
});

/** Neighbour discovery; in canonical form the link-layer address is the only option. */
export const neighborSubject = (
  codec: Codec<neighbor.NeighborMessage> = neighbor,
): LawSubject<neighbor.NeighborMessage> => ({
  codec,
  faults: ['E_ICMP_TRUNCATED', 'E_ND_NOT_NEIGHBOR', 'E_ND_BAD_OPTION'],
  headers: arb.neighborMessage(),
  packetOf: (message) => codec.encode(message),
  canonical: (packet) => {
    const link = neighbor.findLinkLayerAddress(packet, 0, packet.length);
    const option = link < 0 ? [] : packet.subarray(link - 2, link + 6);
    const message = Uint8Array.of(...packet.subarray(0, neighbor.HEADER_LENGTH), ...option);
    message[4]! &= 0xe0;
    message.fill(0, 5, 8);
    return message;
  },
  fields: { checksum: { read: (bytes, offset) => read16(bytes, offset + 2) } },
});
