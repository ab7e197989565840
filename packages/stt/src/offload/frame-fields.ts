/** The offload fields of the frame header, and what they are on a `PacketBuffer`: both directions. */
import {
  type PacketBuffer,
  TCP_CHECKSUM_AT,
  UDP_CHECKSUM_AT,
  ethernet,
  ipPacketEnd,
  networkOffset,
  read16,
  tcp,
} from '@overlane/wire';
import { INNER_LENGTH_MAX } from '../constants.js';
import type { SttFault } from '../faults.js';
import { FLAG } from '../frame/frame-header.js';
import { checkOffload } from '../frame/frame-rules.js';

/**
 * What is to be done with a frame on ingress: `send` it with these fields; or first `finish` its checksum, and cut it if
 * it has a segment size (`SoftwareOffload` of `wire` does both); it then goes without offload.
 */
export type OffloadPlan = 'send' | 'finish';

/** The fields of the frame header that say what is left to the egress. One object is reused for all frames. */
export class OffloadFields {
  /** Bits of `frame.FLAG`. */
  flags = 0;
  /** Octets from the inner frame's start to the TCP or UDP header; 0 without P. */
  l4Offset = 0;
  /** Octets of TCP payload per segment; 0: not to be cut. */
  mss = 0;

  /**
   * Decides what may be left to the egress of the frame `packet` (`spec/stt.md` §5): an unfinished TCP or UDP checksum over
   * IPv4 or IPv6, without a tag in the frame, at most 255 octets in, not in a fragment; and the cutting of such TCP, unless
   * CWR is set, which takes a segmentation that knows ECN. Believes nothing that the packet's offload fields say: a
   * guest writes them. Choice: datagrams to be cut (`udp`) are not deferred, because for UDP the MSS asks for IP fragments.
   *
   * A tag that the encapsulation takes out itself must be out already.
   */
  plan(packet: PacketBuffer): OffloadPlan {
    this.flags = packet.checksum === 'verified' ? FLAG.CHECKSUM_VERIFIED : 0;
    this.l4Offset = 0;
    this.mss = 0;
    if (packet.checksum !== 'partial') return packet.segmentType === 'none' ? 'send' : 'finish';
    const flags = partialFlags(packet);
    const l4Offset = packet.checksumStart - packet.start;
    if (flags === 0 || l4Offset > 0xff || packet.length > INNER_LENGTH_MAX || !isDeferrable(packet, flags, l4Offset)) {
      return 'finish';
    }
    this.flags = flags;
    this.l4Offset = l4Offset;
    this.mss = packet.segmentSize;
    return 'send';
  }

  /**
   * Writes these fields, read from a frame that has passed `checkFrame`, to its inner frame `packet`: what the port then
   * hands on to its device, or `SoftwareOffload` does. `mtu` is the egress port's, in octets of IP packet.
   *
   * Choice: UDP with an MSS, a request for IP fragments, is delivered whole if it fits, else refused.
   */
  apply(packet: PacketBuffer, mtu: number): Extract<SttFault, 'E_STT_UDP_SEGMENTATION_UNSUPPORTED'> | undefined {
    packet.clearOffload();
    if ((this.flags & FLAG.CHECKSUM_PARTIAL) === 0) {
      if ((this.flags & FLAG.CHECKSUM_VERIFIED) !== 0) packet.checksum = 'verified';
      return undefined;
    }
    const isTcp = (this.flags & FLAG.TCP) !== 0;
    const network = networkOffset(packet);
    const end = ipPacketEnd(packet.bytes, network);
    if (!isTcp && this.mss !== 0 && end - network > mtu) return 'E_STT_UDP_SEGMENTATION_UNSUPPORTED';
    const transport = packet.start + this.l4Offset;
    packet.checksum = 'partial';
    packet.checksumStart = transport;
    packet.checksumField = transport + (isTcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT);
    if (isTcp && this.mss !== 0 && end - transport - tcp.readHeaderLength(packet.bytes, transport) > this.mss) {
      packet.segmentType = (this.flags & FLAG.IPV4) !== 0 ? 'tcp4' : 'tcp6';
      packet.segmentSize = this.mss;
    }
    return undefined;
  }
}

/** P with the flags for what `packet` claims to be, or 0 if it is nothing that the frame header can say. */
function partialFlags(packet: PacketBuffer): number {
  const etherType = read16(packet.bytes, packet.start + ethernet.HEADER_LENGTH - 2);
  const at = packet.checksumField - packet.checksumStart;
  const isTcp = at === TCP_CHECKSUM_AT;
  if (!isTcp && at !== UDP_CHECKSUM_AT) return 0;
  if (etherType !== ethernet.ETHER_TYPE.IPV4 && etherType !== ethernet.ETHER_TYPE.IPV6) return 0;
  const family = etherType === ethernet.ETHER_TYPE.IPV4 ? FLAG.IPV4 : 0;
  return FLAG.CHECKSUM_PARTIAL | family | (isTcp ? FLAG.TCP : 0);
}

/** True if the frame is what `flags` and `l4Offset` say, and its way of being cut can be deferred. */
function isDeferrable(packet: PacketBuffer, flags: number, l4Offset: number): boolean {
  const { bytes, start, end, segmentType, checksumStart } = packet;
  if (checkOffload(bytes, start, end, flags, l4Offset) !== undefined) return false;
  if (segmentType === 'none') return packet.segmentSize === 0;
  const expected = (flags & FLAG.IPV4) !== 0 ? 'tcp4' : 'tcp6';
  return (
    (flags & FLAG.TCP) !== 0 &&
    segmentType === expected &&
    packet.segmentSize > 0 &&
    packet.segmentSize <= 0xffff &&
    (tcp.readFlags(bytes, checksumStart) & tcp.FLAG.CWR) === 0
  );
}
