/** A packet that grows: the first segment of a flow, and the data of those that have continued it. */
import * as checksum from '../checksum.js';
import * as ipv4 from '../ipv4.js';
import * as ipv6 from '../ipv6.js';
import { read16, read32, write16 } from '../octets.js';
import { PacketBuffer } from '../packet-buffer.js';
import { hasRecentView, recentView } from '../recent-view.js';
import { TunnelMetadata } from '../roles.js';
import * as tcp from '../tcp.js';
import * as udp from '../udp.js';
import type { FlowPacket } from './flow-packet.js';
import { TCP_CHECKSUM_AT, UDP_CHECKSUM_AT, transportPseudoHeader } from './inner-transport.js';
import { SEGMENTS_MAX } from './software-offload.js';

/** Longest IP packet that is made, header included, for both families: what Linux calls the legacy GSO size. */
const IP_LENGTH_MAX = 0xffff;
/** Octets of the longest frame that is held: an IPv6 packet behind two VLAN tags. */
const FRAME_LENGTH_MAX = 22 + ipv6.HEADER_LENGTH + 0xffff;

/** One entry of a coalescer's table, with memory of its own for one frame. */
export class HeldFlow {
  /** Whether there is a packet; if not, the entry is free. */
  isHolding = false;
  /** The tunnel that its segments came out of. */
  readonly tunnel = new TunnelMetadata();
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #window: PacketBuffer;
  // Of the first segment, in the memory of the entry.
  #network = 0;
  #transport = 0;
  #payload = 0;
  #end = 0;
  #protocol = 0;
  #segmentSize = 0;
  #segments = 0;
  #flags = 0;

  /** An entry whose memory is `bytes[offset..]`, {@link heldFlowSize} octets, with `headroom` of them in front. */
  constructor(bytes: Uint8Array, offset: number, headroom: number) {
    this.#bytes = bytes;
    // As in a slot of a port: the IP header of an untagged frame at a multiple of four.
    this.#start = ((offset + headroom + 3) & ~3) + 2;
    this.#window = new PacketBuffer(bytes, this.#start, this.#start);
  }

  /** True if `packet` belongs to the flow held: same addresses, ports and protocol. */
  isOf({ bytes, network, transport, protocol }: FlowPacket): boolean {
    if (protocol !== this.#protocol || transport - network !== this.#transport - this.#network) return false;
    const addresses = isIpv4At(bytes, network) ? 12 : 8;
    return (
      this.#equals(this.#transport, bytes, transport, 4) &&
      this.#equals(this.#network + addresses, bytes, network + addresses, transport - network - addresses)
    );
  }

  /** Holds a copy of `packet`, parsed as `flow`, plain and with a good checksum. */
  hold(packet: PacketBuffer, flow: FlowPacket, tunnel: TunnelMetadata): void {
    const shift = this.#start - flow.start;
    this.isHolding = true;
    this.tunnel.copy(tunnel);
    this.#network = flow.network + shift;
    this.#transport = flow.transport + shift;
    this.#payload = flow.payload + shift;
    this.#end = this.#start;
    this.#protocol = flow.protocol;
    this.#segmentSize = flow.end - flow.payload;
    this.#segments = 1;
    this.#flags = tcp.FLAG.ACK;
    this.#append(flow.bytes, flow.start, flow.end);
    const window = this.#window.reset(this.#bytes, this.#start, this.#end);
    // Whoever takes the packet need not sum it again.
    window.checksum = packet.checksum === 'partial' ? 'partial' : 'verified';
    if (packet.checksum === 'partial') {
      window.checksumStart = packet.checksumStart + shift;
      window.checksumField = packet.checksumField + shift;
    }
  }

  /** True if a segment of this flow, which is plain, is what comes next. */
  isContinuedBy(flow: FlowPacket): boolean {
    const length = flow.end - flow.payload;
    if (length > this.#segmentSize || this.#segments === SEGMENTS_MAX) return false;
    return this.#end + length - this.#network <= IP_LENGTH_MAX && this.#isNext(flow);
  }

  /** Appends the data of a segment that continues this flow and whose checksum is good. */
  join(flow: FlowPacket): 'more may follow' | 'complete' {
    const { bytes, payload, end } = flow;
    const length = end - payload;
    this.#append(bytes, payload, end);
    this.#segments++;
    const isPushed = this.#protocol === tcp.IP_PROTOCOL && tcp.readFlags(bytes, flow.transport) !== tcp.FLAG.ACK;
    if (isPushed) this.#flags |= tcp.FLAG.PSH;
    return isPushed || length < this.#segmentSize ? 'complete' : 'more may follow';
  }

  /**
   * Lets go of the packet and returns it: as it was if nothing was joined, else one packet that is yet to be cut, its
   * checksum partial. Window and octets are valid until the next `hold`.
   */
  release(): PacketBuffer {
    this.isHolding = false;
    const window = this.#window;
    if (this.#segments === 1) return window;
    window.end = this.#end;
    const bytes = this.#bytes;
    const transport = this.#transport;
    const isIpv4 = isIpv4At(bytes, this.#network);
    this.#writeIpLength(isIpv4);
    const isTcp = this.#protocol === tcp.IP_PROTOCOL;
    const length = this.#end - transport;
    if (isTcp) bytes[transport + 13] = this.#flags;
    else write16(bytes, transport + 4, length);
    window.checksum = 'partial';
    window.checksumStart = transport;
    window.checksumField = transport + (isTcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT);
    window.segmentType = isTcp ? (isIpv4 ? 'tcp4' : 'tcp6') : 'udp';
    window.segmentSize = this.#segmentSize;
    const pseudoHeader = transportPseudoHeader(bytes, this.#network, this.#protocol, length);
    write16(bytes, window.checksumField, pseudoHeader);
    return window;
  }

  /** True if the headers of `flow` are those that cutting the joined packet would give it. */
  #isNext(flow: FlowPacket): boolean {
    const { bytes, start, network, transport, payload } = flow;
    if (network - start !== this.#network - this.#start || payload - transport !== this.#payload - this.#transport) {
      return false;
    }
    return (
      this.#equals(this.#start, bytes, start, network - start) &&
      (isIpv4At(bytes, network) ? this.#isNextIpv4(bytes, network) : this.#isNextIpv6(bytes, network)) &&
      (this.#protocol === udp.IP_PROTOCOL || this.#isNextTcp(bytes, transport, payload))
    );
  }

  // Version and header length are known to be the same, and so are addresses, protocol and ports.
  #isNextIpv4(bytes: Uint8Array, at: number): boolean {
    const ours = this.#bytes;
    const first = this.#network;
    const identification = (read16(ours, first + 4) + this.#segments) & 0xffff;
    return (
      read16(bytes, at + 4) === identification &&
      ipv4.readTos(bytes, at) === ipv4.readTos(ours, first) &&
      read16(bytes, at + 6) === read16(ours, first + 6) &&
      ipv4.readTtl(bytes, at) === ipv4.readTtl(ours, first)
    );
  }

  #isNextIpv6(bytes: Uint8Array, at: number): boolean {
    // Version, traffic class and flow label; hop limit.
    return this.#equals(this.#network, bytes, at, 4) && bytes[at + 7] === this.#bytes[this.#network + 7];
  }

  #isNextTcp(bytes: Uint8Array, at: number, payload: number): boolean {
    const ours = this.#bytes;
    const first = this.#transport;
    const expected = (read32(ours, first + 4) + this.#segments * this.#segmentSize) >>> 0;
    return (
      read32(bytes, at + 4) === expected &&
      // Acknowledgment number, header length with its reserved bits.
      this.#equals(first + 8, bytes, at + 8, 5) &&
      read16(bytes, at + 14) === read16(ours, first + 14) &&
      // Urgent pointer and options.
      this.#equals(first + 18, bytes, at + 18, payload - at - 18)
    );
  }

  #writeIpLength(isIpv4: boolean): void {
    const bytes = this.#bytes;
    const at = this.#network;
    if (!isIpv4) {
      write16(bytes, at + 4, this.#end - at - ipv6.HEADER_LENGTH);
      return;
    }
    const before = ipv4.readTotalLength(bytes, at);
    write16(bytes, at + 2, this.#end - at);
    write16(bytes, at + 10, checksum.update(ipv4.readChecksum(bytes, at), before, this.#end - at));
  }

  #equals(offset: number, bytes: Uint8Array, at: number, length: number): boolean {
    const ours = this.#bytes;
    let i = 0;
    // A word at a time where packets and held frames share one array, as in a switch.
    if (bytes === ours && length >= 4 && hasRecentView(bytes)) {
      for (; i + 4 <= length; i += 4) {
        if (recentView.getInt32(offset + i) !== recentView.getInt32(at + i)) return false;
      }
    }
    for (; i < length; i++) if (ours[offset + i] !== bytes[at + i]) return false;
    return true;
  }

  #append(bytes: Uint8Array, from: number, to: number): void {
    if (bytes === this.#bytes) bytes.copyWithin(this.#end, from, to);
    else this.#bytes.set(bytes.subarray(from, to), this.#end);
    this.#end += to - from;
  }
}

/** Octets of memory that an entry needs. */
export function heldFlowSize(headroom: number): number {
  return (headroom + 5 + FRAME_LENGTH_MAX + 3) & ~3;
}

function isIpv4At(bytes: Uint8Array, network: number): boolean {
  return bytes[network]! >>> 4 === 4;
}
