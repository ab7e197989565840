/** Frames as a guest with offload hands them over: one checksum unfinished, perhaps yet to be cut. */
import * as checksum from './checksum.js';
import * as ethernet from './ethernet.js';
import * as ipv4 from './ipv4.js';
import { EXTENSION } from './ipv6-extensions.js';
import * as ipv6 from './ipv6.js';
import { write16 } from './octets.js';
import { TCP_CHECKSUM_AT, UDP_CHECKSUM_AT, transportPseudoHeader } from './offload/index.js';
import { PacketBuffer } from './packet-buffer.js';
import * as tcp from './tcp.js';
import * as udp from './udp.js';

/** What a guest sends; every field has a plain default. */
export interface OffloadFrameFields {
  /** Default 4. */
  readonly family?: 4 | 6;
  /** Default `tcp`. */
  readonly transport?: 'tcp' | 'udp';
  /** Data behind the TCP or UDP header. Default 16 zeros. */
  readonly payload?: Uint8Array;
  /** Octets of payload per segment; the frame is yet to be cut if it has more. Default 0: it is not. */
  readonly segmentSize?: number;
  /** Octets of TCP options, a multiple of four. */
  readonly tcpOptions?: number;
  /** TCP control bits. Default ACK. */
  readonly flags?: number;
  /** IPv4 identification. */
  readonly identification?: number;
  /** TCP sequence number. Default 1. */
  readonly sequenceNumber?: number;
  /** Source port, by which flows differ. Default 1025. */
  readonly sourcePort?: number;
  /** Octets of IPv4 options, a multiple of four, or of IPv6 destination options, a multiple of eight. */
  readonly ipOptions?: number;
  /** VLAN tags in the frame. */
  readonly tags?: number;
  /** Octets of Ethernet padding. */
  readonly padding?: number;
  /** IPv4 MF, instead of DF. */
  readonly moreFragments?: boolean;
  /** Last octet of both MAC addresses, the locally administered 02:00:00:00:00:xx. Default 2, from 1. */
  readonly stations?: { readonly source: number; readonly destination: number };
}

/** The frame with its checksum left partial, 128 octets of headroom, and offload fields that say so. */
export function offloadFrame(fields: OffloadFrameFields = {}): PacketBuffer {
  const { family = 4, transport = 'tcp', payload = new Uint8Array(16), padding = 0, segmentSize = 0 } = fields;
  const isTcp = transport === 'tcp';
  const link = linkHeader(fields, family);
  const header = isTcp ? tcpHeader(fields) : udpHeader(fields, payload.length);
  const length = header.length + payload.length;
  const protocol = isTcp ? tcp.IP_PROTOCOL : udp.IP_PROTOCOL;
  const network = family === 4 ? ipv4Header(fields, protocol, length) : ipv6Headers(fields, protocol, length);
  const parts = [link, network, header, payload, new Uint8Array(padding).fill(0xdd)];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  const packet = PacketBuffer.from(bytes);
  packet.checksum = 'partial';
  packet.checksumStart = packet.start + link.length + network.length;
  packet.checksumField = packet.checksumStart + (isTcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT);
  if (segmentSize > 0 && payload.length > segmentSize) {
    packet.segmentType = isTcp ? (family === 4 ? 'tcp4' : 'tcp6') : 'udp';
    packet.segmentSize = segmentSize;
  }
  const sum = transportPseudoHeader(packet.bytes, packet.start + link.length, protocol, length);
  write16(packet.bytes, packet.checksumField, sum);
  return packet;
}

/** What a judge found in an ordinary TCP or UDP frame whose lengths and checksums are right. */
export interface JudgedFrame {
  /** IPv4 identification, else 0. */
  readonly identification: number;
  /** TCP sequence number, else 0. */
  readonly sequenceNumber: number;
  /** TCP control bits, else 0. */
  readonly flags: number;
  /** Data behind the TCP or UDP header. */
  readonly payload: Uint8Array;
}

/** Takes a frame without options in its IP header apart. @throws Error if a length or checksum is wrong, or work is left */
export function judgeFrame(packet: PacketBuffer): JudgedFrame {
  const { bytes, start, end } = packet;
  if (packet.checksum === 'partial' || packet.segmentType !== 'none') throw new Error('work is left');
  const network = start + ethernet.readHeaderLength(bytes, start);
  const isIpv4 = bytes[network]! >>> 4 === 4;
  const fault = isIpv4 ? ipv4.check(bytes, network, end) : ipv6.check(bytes, network, end);
  if (fault !== undefined) throw new Error(fault);
  let transport = network + (isIpv4 ? ipv4.readHeaderLength(bytes, network) : ipv6.HEADER_LENGTH);
  const last = isIpv4
    ? network + ipv4.readTotalLength(bytes, network)
    : transport + ipv6.readPayloadLength(bytes, network);
  let protocol = isIpv4 ? ipv4.readProtocol(bytes, network) : ipv6.readNextHeader(bytes, network);
  if (protocol === EXTENSION.DESTINATION_OPTIONS) {
    protocol = bytes[transport]!;
    transport += (bytes[transport + 1]! + 1) * 8;
  }
  const sum = checksum.sum(bytes, transport, last, pseudoHeaderOf(bytes, network, protocol, last - transport));
  if (sum !== 0xffff) throw new Error(`checksum: the sum is ${sum}`);
  const identification = isIpv4 ? ipv4.decode(bytes, network, end).identification : 0;
  if (protocol === udp.IP_PROTOCOL) {
    if (udp.readLength(bytes, transport) !== last - transport) throw new Error('UDP length');
    if (udp.readChecksum(bytes, transport) === 0) throw new Error('no checksum');
    return { identification, sequenceNumber: 0, flags: 0, payload: bytes.slice(transport + udp.HEADER_LENGTH, last) };
  }
  return {
    identification,
    sequenceNumber: tcp.readSequenceNumber(bytes, transport),
    flags: tcp.readFlags(bytes, transport),
    payload: bytes.slice(transport + tcp.readHeaderLength(bytes, transport), last),
  };
}

function pseudoHeaderOf(bytes: Uint8Array, network: number, protocol: number, length: number): number {
  const isIpv4 = bytes[network]! >>> 4 === 4;
  const addresses = isIpv4 ? bytes.slice(network + 12, network + 20) : bytes.slice(network + 8, network + 40);
  return checksum.sum(addresses, 0, addresses.length, checksum.add(protocol, length));
}

function linkHeader({ tags = 0, stations }: OffloadFrameFields, family: 4 | 6): Uint8Array {
  const { source = 1, destination = 2 } = stations ?? {};
  return ethernet.encode({
    destination: Uint8Array.of(2, 0, 0, 0, 0, destination),
    source: Uint8Array.of(2, 0, 0, 0, 0, source),
    tags: Array.from({ length: tags }, () => ({ tpid: ethernet.ETHER_TYPE.C_TAG, pcp: 0, dei: 0, vid: 7 })),
    etherType: family === 4 ? ethernet.ETHER_TYPE.IPV4 : ethernet.ETHER_TYPE.IPV6,
  });
}

function tcpHeader(fields: OffloadFrameFields): Uint8Array {
  const { tcpOptions = 0, flags = tcp.FLAG.ACK, sequenceNumber = 1, sourcePort = 1025 } = fields;
  const rest = { acknowledgmentNumber: 9, window: 100, checksum: 0, urgentPointer: 0, flags, sequenceNumber };
  const options = new Uint8Array(tcpOptions).fill(1);
  return tcp.encode({ ...rest, sourcePort, destinationPort: 443, options });
}

function udpHeader({ sourcePort = 1025 }: OffloadFrameFields, payload: number): Uint8Array {
  return udp.encode({ sourcePort, destinationPort: 53, length: udp.HEADER_LENGTH + payload, checksum: 0 });
}

function ipv4Header(fields: OffloadFrameFields, protocol: number, length: number): Uint8Array {
  const { identification = 0, moreFragments = false, ipOptions = 0 } = fields;
  const fragment = { identification, dontFragment: !moreFragments, moreFragments, fragmentOffset: 0 };
  const addresses = { source: 0x0a00_0001, destination: 0x0a00_0002 };
  const totalLength = ipv4.HEADER_LENGTH + ipOptions + length;
  const options = new Uint8Array(ipOptions).fill(1);
  return ipv4.encode({ ...addresses, ...fragment, dscp: 1, ecn: 2, ttl: 64, protocol, totalLength, options });
}

function ipv6Headers({ ipOptions = 0 }: OffloadFrameFields, protocol: number, length: number): Uint8Array {
  const address = (last: number): Uint8Array => Uint8Array.of(0x20, 1, ...new Uint8Array(13), last);
  const flow = { dscp: 1, ecn: 2, flowLabel: 5, hopLimit: 64, source: address(1), destination: address(2) };
  const payloadLength = ipOptions + length;
  if (ipOptions === 0) return ipv6.encode({ ...flow, nextHeader: protocol, payloadLength });
  const fixed = ipv6.encode({ ...flow, nextHeader: EXTENSION.DESTINATION_OPTIONS, payloadLength });
  // One PadN option fills the header (RFC 8200 §4.2).
  const padding = new Uint8Array(ipOptions - 4);
  return Uint8Array.of(...fixed, protocol, ipOptions / 8 - 1, 1, padding.length, ...padding);
}
