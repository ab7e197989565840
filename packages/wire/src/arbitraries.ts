/** fast-check generators of addresses, headers and whole frames, for your tests and ours. */
import fc from 'fast-check';
import * as checksum from './checksum.js';
import { type ArpMessage, encode as encodeArp } from './arp.js';
import { ETHER_TYPE, type EthernetHeader, encode as encodeEthernet } from './ethernet.js';
import type { IcmpHeader } from './icmp.js';
import * as ipv4 from './ipv4.js';
import * as ipv6 from './ipv6.js';
import type { NeighborMessage } from './neighbor.js';
import { type TcpHeader, encode as encodeTcp } from './tcp.js';
import * as tcp from './tcp.js';
import { type UdpHeader, encode as encodeUdp } from './udp.js';
import * as udp from './udp.js';

export * from './offload-frame.js';

const bits = (n: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** n - 1 });

/** Any 6-octet MAC. */
export const mac = (): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: 6, maxLength: 6 });
/** A MAC of one station: the group bit is clear. */
export const unicastMac = (): fc.Arbitrary<Uint8Array> =>
  mac().map((address) => Uint8Array.of(address[0]! & 0xfe, ...address.subarray(1)));
/** Any IPv4 address as a number. */
export const ipv4Address = (): fc.Arbitrary<number> => bits(32);
/** Any 16-octet IPv6 address, often with runs of zeros. */
export const ipv6Address = (): fc.Arbitrary<Uint8Array> =>
  fc
    .array(fc.oneof(fc.constant(0), bits(16)), { minLength: 8, maxLength: 8 })
    .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 255])));

/** Ethernet headers with 0 to 2 tags; the EtherType is no TPID. */
export const ethernetHeader = (): fc.Arbitrary<EthernetHeader> =>
  fc.record({
    destination: mac(),
    source: mac(),
    tags: fc.array(
      fc.record({
        tpid: fc.constantFrom(ETHER_TYPE.C_TAG, ETHER_TYPE.S_TAG),
        pcp: bits(3),
        dei: bits(1),
        vid: bits(12),
      }),
      { maxLength: 2 },
    ),
    etherType: bits(16).filter((type) => type !== ETHER_TYPE.C_TAG && type !== ETHER_TYPE.S_TAG),
  });

/** ARP messages. */
export const arpMessage = (): fc.Arbitrary<ArpMessage> =>
  fc.record({
    operation: fc.oneof(fc.constantFrom(1, 2), bits(16)),
    senderMac: mac(),
    senderIp: ipv4Address(),
    targetMac: mac(),
    targetIp: ipv4Address(),
  });

const optionWords = (): fc.Arbitrary<Uint8Array> =>
  fc.nat({ max: 10 }).chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 }));

/** IPv4 headers of packets with up to 64 octets of data. */
export const ipv4Header = (): fc.Arbitrary<ipv4.Ipv4Header> =>
  fc
    .record({
      dscp: bits(6),
      ecn: bits(2),
      totalLength: fc.nat({ max: 64 }),
      identification: bits(16),
      dontFragment: fc.boolean(),
      moreFragments: fc.boolean(),
      fragmentOffset: bits(13),
      ttl: bits(8),
      protocol: bits(8),
      source: ipv4Address(),
      destination: ipv4Address(),
      options: optionWords(),
    })
    .map((header) => ({ ...header, totalLength: ipv4.HEADER_LENGTH + header.options.length + header.totalLength }));

/** IPv6 headers of packets with up to 64 octets behind the fixed header. */
export const ipv6Header = (): fc.Arbitrary<ipv6.Ipv6Header> =>
  fc.record({
    dscp: bits(6),
    ecn: bits(2),
    flowLabel: bits(20),
    payloadLength: fc.nat({ max: 64 }),
    nextHeader: bits(8),
    hopLimit: bits(8),
    source: ipv6Address(),
    destination: ipv6Address(),
  });

/** UDP headers of datagrams with up to 64 octets of data. */
export const udpHeader = (): fc.Arbitrary<UdpHeader> =>
  fc.record({
    sourcePort: bits(16),
    destinationPort: bits(16),
    length: fc.integer({ min: udp.HEADER_LENGTH, max: udp.HEADER_LENGTH + 64 }),
    checksum: bits(16),
  });

/** TCP headers. */
export const tcpHeader = (): fc.Arbitrary<TcpHeader> =>
  fc.record({
    sourcePort: bits(16),
    destinationPort: bits(16),
    sequenceNumber: bits(32),
    acknowledgmentNumber: bits(32),
    flags: bits(8),
    window: bits(16),
    checksum: bits(16),
    urgentPointer: bits(16),
    options: optionWords(),
  });

/** Common headers of ICMP and ICMPv6. */
export const icmpHeader = (): fc.Arbitrary<IcmpHeader> =>
  fc.record({ type: bits(8), code: bits(8), checksum: bits(16), rest: bits(32) });

/** Neighbour solicitations and advertisements. */
export const neighborMessage = (): fc.Arbitrary<NeighborMessage> =>
  fc.record({
    type: fc.constantFrom(135 as const, 136 as const),
    checksum: bits(16),
    router: fc.boolean(),
    solicited: fc.boolean(),
    override: fc.boolean(),
    target: ipv6Address(),
    linkLayerAddress: fc.option(mac(), { nil: undefined }),
  });

/** Sizes of generated frames. */
export interface FrameOptions {
  /** Most octets of payload behind the innermost header. Default 64. */
  readonly payloadMax?: number;
}

/**
 * Whole Ethernet frames as tenants send them, without FCS and VLAN tags, with right lengths and checksums: ARP, UDP and
 * TCP over IPv4 and IPv6, and unknown EtherTypes.
 */
export const frame = (options: FrameOptions = {}): fc.Arbitrary<Uint8Array> => {
  const payload = fc.uint8Array({ maxLength: options.payloadMax ?? 64 });
  const addresses = fc.record({ destination: mac(), source: unicastMac() });
  const other = payload.map((data) => ({ etherType: 0x88b5, data }));
  const arp = arpMessage().map((message) => ({ etherType: ETHER_TYPE.ARP, data: encodeArp(message) as Uint8Array }));
  const v4 = fc.tuple(ipv4Header(), segment(payload)).map(([header, part]) => ({
    etherType: ETHER_TYPE.IPV4,
    data: ipv4Packet(header, part.protocol, part.octets),
  }));
  const v6 = fc.tuple(ipv6Header(), segment(payload)).map(([header, part]) => ({
    etherType: ETHER_TYPE.IPV6,
    data: ipv6Packet(header, part.protocol, part.octets),
  }));
  return fc
    .tuple(addresses, fc.oneof(other, arp, v4, v6))
    .map(([link, { etherType, data }]) => join(encodeEthernet({ ...link, tags: [], etherType }), data));
};

interface Segment {
  readonly protocol: number;
  readonly octets: Uint8Array;
}

const segment = (payload: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Segment> =>
  fc.oneof(
    fc.tuple(udpHeader(), payload).map(([header, data]) => ({
      protocol: udp.IP_PROTOCOL,
      octets: join(encodeUdp({ ...header, length: udp.HEADER_LENGTH + data.length }), data),
    })),
    fc.tuple(tcpHeader(), payload).map(([header, data]) => ({
      protocol: tcp.IP_PROTOCOL,
      octets: join(encodeTcp({ ...header, options: new Uint8Array(0) }), data),
    })),
  );

function ipv4Packet(fields: ipv4.Ipv4Header, protocol: number, octets: Uint8Array): Uint8Array {
  const totalLength = ipv4.HEADER_LENGTH + octets.length;
  const whole = {
    ...fields,
    protocol,
    totalLength,
    options: new Uint8Array(0),
    moreFragments: false,
    fragmentOffset: 0,
  };
  const packet = join(ipv4.encode(whole), octets);
  finish(packet, ipv4.HEADER_LENGTH, protocol, checksum.pseudoHeaderV4(packet, 0, protocol, octets.length));
  return packet;
}

function ipv6Packet(fields: ipv6.Ipv6Header, protocol: number, octets: Uint8Array): Uint8Array {
  const packet = join(ipv6.encode({ ...fields, nextHeader: protocol, payloadLength: octets.length }), octets);
  finish(packet, ipv6.HEADER_LENGTH, protocol, checksum.pseudoHeaderV6(packet, 0, protocol, octets.length));
  return packet;
}

function finish(packet: Uint8Array, offset: number, protocol: number, pseudoHeader: number): void {
  if (protocol === udp.IP_PROTOCOL) udp.writeChecksum(packet, offset, pseudoHeader);
  else tcp.writeChecksum(packet, offset, packet.length, pseudoHeader);
}

function join(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
