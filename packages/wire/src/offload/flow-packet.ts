/** What a coalescer looks at in a frame: a TCP or UDP packet with plain headers, and where its parts are. */
import * as checksum from '../checksum.js';
import * as ethernet from '../ethernet.js';
import * as ipv4 from '../ipv4.js';
import * as ipv6 from '../ipv6.js';
import { EXTENSION, isExtension } from '../ipv6-extensions.js';
import { read16 } from '../octets.js';
import type { PacketBuffer } from '../packet-buffer.js';
import * as tcp from '../tcp.js';
import * as udp from '../udp.js';
import {
  TCP_CHECKSUM_AT,
  UDP_CHECKSUM_AT,
  ipPacketEnd,
  networkOffset,
  transportPseudoHeader,
} from './inner-transport.js';

/**
 * What a frame is to a coalescer: part of a flow that can be told; `other`, nothing that is ever held; or `unclear`: it may
 * belong to a flow that is held, but where its ports are, if it has any, would take more than a look.
 */
export type FlowKind = 'flow' | 'other' | 'unclear';

const ACK_OR_PSH = tcp.FLAG.ACK | tcp.FLAG.PSH;

/** A parsed frame. One object is reused for all. */
export class FlowPacket {
  /** The array of the frame, as of the last {@link read}. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Offset of the Ethernet header. */
  start = 0;
  /** Offset of the IP header. */
  network = 0;
  /** Offset of the TCP or UDP header. */
  transport = 0;
  /** Offset of the data behind it. */
  payload = 0;
  /** Offset behind the IP packet. */
  end = 0;
  /** 6 or 17. */
  protocol = 0;

  /**
   * Looks at `packet`. Unless the answer is `flow` the fields hold nothing of use. A flow's IP header is whole, right, and
   * has neither options nor extension headers; its ports are there; but `payload` means something only if
   * {@link isPlain}.
   */
  read(packet: PacketBuffer): FlowKind {
    const { bytes, start, end } = packet;
    if (ethernet.check(bytes, start, end) !== undefined) return 'other';
    const network = networkOffset(packet);
    switch (read16(bytes, network - 2)) {
      case ethernet.ETHER_TYPE.IPV4: {
        if (ipv4.check(bytes, network, end) !== undefined) return 'unclear';
        const protocol = ipv4.readProtocol(bytes, network);
        if (protocol !== tcp.IP_PROTOCOL && protocol !== udp.IP_PROTOCOL) return 'other';
        if (bytes[network] !== 0x45 || ipv4.readIsFragment(bytes, network)) return 'unclear';
        return this.#set(bytes, start, network, network + ipv4.HEADER_LENGTH, protocol);
      }
      case ethernet.ETHER_TYPE.IPV6: {
        if (ipv6.check(bytes, network, end) !== undefined) return 'unclear';
        const protocol = ipv6.readNextHeader(bytes, network);
        if (protocol === tcp.IP_PROTOCOL || protocol === udp.IP_PROTOCOL) {
          return this.#set(bytes, start, network, network + ipv6.HEADER_LENGTH, protocol);
        }
        return isExtension(protocol) && protocol !== EXTENSION.AUTHENTICATION ? 'unclear' : 'other';
      }
      default:
        return 'other';
    }
  }

  /**
   * True if `packet`, which was {@link read} as a flow's, is one that could be joined with others: data behind a whole
   * header, nothing behind the data, no TCP flag but ACK and PSH, and a checksum.
   */
  isPlain(packet: PacketBuffer): boolean {
    const { bytes, transport, end } = this;
    if (end !== packet.end || packet.segmentType !== 'none') return false;
    if (this.protocol === tcp.IP_PROTOCOL) {
      if (tcp.check(bytes, transport, end) !== undefined) return false;
      if (!this.hasPlainFlags) return false;
      this.payload = transport + tcp.readHeaderLength(bytes, transport);
      return this.payload < end;
    }
    if (end - transport <= udp.HEADER_LENGTH || udp.readLength(bytes, transport) !== end - transport) return false;
    this.payload = transport + udp.HEADER_LENGTH;
    // Without a checksum there is nothing to verify, and the joined datagram would be given one.
    return udp.readChecksum(bytes, transport) !== 0;
  }

  /** True if the checksum is right, or the sender left it unfinished. Costs a pass over the data. Precondition: plain. */
  isGood(packet: PacketBuffer): boolean {
    const { transport, protocol } = this;
    if (packet.checksum === 'verified') return true;
    if (packet.checksum === 'partial') {
      const fieldAt = protocol === tcp.IP_PROTOCOL ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT;
      return packet.checksumStart === transport && packet.checksumField === transport + fieldAt;
    }
    return this.isSummedRight();
  }

  /** True if the checksum is right. Costs a pass over the data. */
  isSummedRight(): boolean {
    const { bytes, network, transport, end, protocol } = this;
    const pseudoHeader = transportPseudoHeader(bytes, network, protocol, end - transport);
    return checksum.sum(bytes, transport, end, pseudoHeader) === 0xffff;
  }

  /** Moves on by so many octets, to a packet whose headers are the same. */
  shift(octets: number): void {
    this.start += octets;
    this.network += octets;
    this.transport += octets;
    this.payload += octets;
    this.end += octets;
  }

  /** True if a TCP header has no flag but ACK and PSH. */
  get hasPlainFlags(): boolean {
    return (tcp.readFlags(this.bytes, this.transport) | tcp.FLAG.PSH) === ACK_OR_PSH;
  }

  #set(bytes: Uint8Array, start: number, network: number, transport: number, protocol: number): FlowKind {
    this.bytes = bytes;
    this.start = start;
    this.network = network;
    this.transport = transport;
    this.protocol = protocol;
    this.end = ipPacketEnd(bytes, network);
    // Ports, which TCP and UDP have in the same place.
    return this.end - transport < 4 ? 'unclear' : 'flow';
  }
}
