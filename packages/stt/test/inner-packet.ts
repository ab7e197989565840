/** Inner TCP and UDP packets as a guest with offload hands them over, and a judge of what became of them. */
import { PacketBuffer, checksum, ethernet, ipv4, ipv6, tcp, udp, write16 } from '@overlane/wire';

/** What a guest sends; every field has a plain default. */
export interface InnerPacket {
  readonly family?: 4 | 6;
  readonly transport?: 'tcp' | 'udp';
  readonly payload?: Uint8Array;
  /** Octets of TCP options, a multiple of four. */
  readonly tcpOptions?: number;
  readonly flags?: number;
  readonly identification?: number;
  readonly sequenceNumber?: number;
  /** VLAN tags in the frame. */
  readonly tags?: number;
  /** Octets of Ethernet padding. */
  readonly padding?: number;
  readonly moreFragments?: boolean;
}

/** The frame with its checksum left partial, and a packet whose offload fields say so. */
export function partialFrame(inner: InnerPacket): PacketBuffer {
  const { family = 4, transport = 'tcp', payload = new Uint8Array(16), tags = 0, padding = 0 } = inner;
  const tag = { tpid: 0x8100, pcp: 0, dei: 0, vid: 7 };
  const link = ethernet.encode({
    destination: Uint8Array.of(0x52, 0x54, 0, 0, 0, 2),
    source: Uint8Array.of(0x52, 0x54, 0, 0, 0, 1),
    tags: Array.from({ length: tags }, () => tag),
    etherType: family === 4 ? ethernet.ETHER_TYPE.IPV4 : ethernet.ETHER_TYPE.IPV6,
  });
  const header = transport === 'tcp' ? tcpHeader(inner) : udpHeader(payload.length);
  const length = header.length + payload.length;
  const protocol = transport === 'tcp' ? tcp.IP_PROTOCOL : udp.IP_PROTOCOL;
  const network = family === 4 ? ipv4Header(inner, protocol, length) : ipv6Header(protocol, length);
  const bytes = Uint8Array.from([...link, ...network, ...header, ...payload, ...new Uint8Array(padding).fill(0xdd)]);
  const packet = PacketBuffer.from(bytes);
  packet.checksum = 'partial';
  packet.checksumStart = packet.start + link.length + network.length;
  packet.checksumField = packet.checksumStart + (transport === 'tcp' ? 16 : 6);
  const at = packet.start + link.length;
  const pseudoHeader = family === 4 ? checksum.pseudoHeaderV4 : checksum.pseudoHeaderV6;
  write16(packet.bytes, packet.checksumField, pseudoHeader(packet.bytes, at, protocol, length));
  return packet;
}

function tcpHeader({ tcpOptions = 0, flags = tcp.FLAG.ACK, sequenceNumber = 1 }: InnerPacket): Uint8Array {
  const ports = { sourcePort: 1025, destinationPort: 443 };
  const rest = { acknowledgmentNumber: 9, window: 100, checksum: 0, urgentPointer: 0 };
  return tcp.encode({ ...ports, ...rest, sequenceNumber, flags, options: new Uint8Array(tcpOptions).fill(1) });
}

function udpHeader(payload: number): Uint8Array {
  return udp.encode({ sourcePort: 1025, destinationPort: 53, length: udp.HEADER_LENGTH + payload, checksum: 0 });
}

function ipv4Header({ identification = 0, moreFragments = false }: InnerPacket, protocol: number, length: number) {
  const addresses = { source: 0x0a00_0001, destination: 0x0a00_0002, options: Uint8Array.of(1, 1, 1, 1) };
  const fragment = { identification, dontFragment: !moreFragments, moreFragments, fragmentOffset: 0 };
  return ipv4.encode({ ...addresses, ...fragment, dscp: 1, ecn: 2, totalLength: 24 + length, ttl: 64, protocol });
}

function ipv6Header(nextHeader: number, payloadLength: number): Uint8Array {
  const address = (last: number): Uint8Array => Uint8Array.of(0x20, 1, ...new Uint8Array(13), last);
  const flow = { dscp: 1, ecn: 2, flowLabel: 5, hopLimit: 64 };
  return ipv6.encode({ ...flow, nextHeader, payloadLength, source: address(1), destination: address(2) });
}

/** A frame taken apart, after its lengths and checksums were found right. Throws if they are not. */
export function judge(packet: PacketBuffer): {
  readonly identification: number;
  readonly sequenceNumber: number;
  readonly flags: number;
  readonly payload: Uint8Array;
} {
  const { bytes, start, end } = packet;
  if (packet.checksum !== 'unverified' || packet.segmentType !== 'none') throw new Error('work left');
  const network = start + ethernet.readHeaderLength(bytes, start);
  const isV4 = bytes[network]! >>> 4 === 4;
  const fault = isV4 ? ipv4.check(bytes, network, end) : ipv6.check(bytes, network, end);
  if (fault !== undefined) throw new Error(fault);
  const transport = network + (isV4 ? ipv4.readHeaderLength(bytes, network) : ipv6.HEADER_LENGTH);
  const last = isV4
    ? network + ipv4.readTotalLength(bytes, network)
    : transport + ipv6.readPayloadLength(bytes, network);
  const protocol = isV4 ? ipv4.readProtocol(bytes, network) : ipv6.readNextHeader(bytes, network);
  const pseudoHeader = isV4 ? checksum.pseudoHeaderV4 : checksum.pseudoHeaderV6;
  const sum = checksum.sum(bytes, transport, last, pseudoHeader(bytes, network, protocol, last - transport));
  if (sum !== 0xffff) throw new Error(`checksum: sum is ${sum}`);
  const identification = isV4 ? ipv4.decode(bytes, network, end).identification : 0;
  if (protocol === udp.IP_PROTOCOL) {
    return { identification, sequenceNumber: 0, flags: 0, payload: bytes.slice(transport + udp.HEADER_LENGTH, last) };
  }
  return {
    identification,
    sequenceNumber: tcp.readSequenceNumber(bytes, transport),
    flags: tcp.readFlags(bytes, transport),
    payload: bytes.slice(transport + tcp.readHeaderLength(bytes, transport), last),
  };
}
