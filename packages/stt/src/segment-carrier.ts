/** The outer headers of a segment: IP, and the segment header in the place of TCP's. */
import {
  DYNAMIC_PORTS,
  type PacketBuffer,
  type PortRange,
  type TunnelMetadata,
  checksum,
  ipHeaderLength,
  openOuterIp,
  outerPseudoHeader,
  prependOuterIp,
  sourcePort,
} from '@overlane/wire';
import { PORT } from './constants.js';
import type { SttFault } from './faults.js';
import {
  CHECKSUM_AT,
  HEADER_LENGTH,
  IP_PROTOCOL,
  type TcpOptionsPolicy,
  checkChecksum,
  checkHeader,
  checkPayload,
  readDestinationPort,
  readSourcePort,
  writeChecksum,
  writeHeader,
} from './segment/segment-header.js';

/** Octets of outer IP and segment header over IPv6. */
export const OVERHEAD_MAX = 60;

/** How segments go over IP. */
export interface SegmentCarrierOptions {
  /** TCP destination port, sent and accepted. Default 7471, the assigned one. */
  readonly port?: number;
  /**
   * Source ports to spread flows over. Default 49152..65535, the dynamic ports, as in our other tunnels; deployed senders
   * use 1..65535 or 32768..65535.
   */
  readonly sourcePorts?: PortRange;
  /**
   * Whether segments with TCP options are taken. Default `accepted`: options are skipped, as the draft's "conventional
   * meaning" of the data offset says. `refused` is strict mode: no known sender makes them.
   */
  readonly tcpOptions?: TcpOptionsPolicy;
}

/** Writes and checks outer IP and segment headers. Stateless; allocates nothing per packet. */
export class SegmentCarrier {
  readonly #port: number;
  readonly #sourcePorts: PortRange;
  readonly #tcpOptions: TcpOptionsPolicy;

  /** A carrier for one destination port. */
  constructor({ port = PORT, sourcePorts = DYNAMIC_PORTS, tcpOptions = 'accepted' }: SegmentCarrierOptions = {}) {
    this.#port = port;
    this.#sourcePorts = sourcePorts;
    this.#tcpOptions = tcpOptions;
  }

  /** Octets of outer IP and segment header: 40 or 60. */
  overhead(family: 4 | 6): number {
    return ipHeaderLength(family) + HEADER_LENGTH;
  }

  /**
   * Rules S1 to S8 in order. Fills `tunnel` (entropy: the source port) and narrows `packet` to the segment, from its header
   * on. The checksum is verified unless somebody below has done so (`packet.checksum`).
   */
  open(packet: PacketBuffer, tunnel: TunnelMetadata): SttFault | undefined {
    const ipOffset = packet.start;
    const bad = openOuterIp(packet, tunnel, IP_PROTOCOL);
    if (bad !== undefined) return bad === 'E_IP_UNEXPECTED_PROTOCOL' ? 'E_STT_WRONG_PROTOCOL' : bad;
    const { bytes, start, end } = packet;
    if (end - start < HEADER_LENGTH) return 'E_STT_SEGMENT_TRUNCATED';
    if (readDestinationPort(bytes, start) !== this.#port) return 'E_STT_WRONG_PORT';
    const badHeader = checkHeader(bytes, start, end, this.#tcpOptions);
    if (badHeader !== undefined) return badHeader;
    if (packet.checksum === 'unverified') {
      const pseudoHeader = outerPseudoHeader(bytes, ipOffset, tunnel.source.family, IP_PROTOCOL, end - start);
      const wrong = checkChecksum(bytes, start, end, pseudoHeader);
      if (wrong !== undefined) return wrong;
    }
    tunnel.entropy = readSourcePort(bytes, start);
    return checkPayload(bytes, start, end);
  }

  /**
   * Prepends segment and IP headers in front of `packet`, a segment's payload, of which only the length is looked at. The
   * checksum is left to {@link finish}, {@link finishSlices} or {@link defer}. Precondition: headroom, and a payload that fits.
   */
  prepend(
    packet: PacketBuffer,
    tunnel: TunnelMetadata,
    ecn: number,
    frameLength: number,
    segmentOffset: number,
    packetId: number,
    flags: number,
  ): void {
    const port = sourcePort(tunnel.entropy, this.#sourcePorts);
    const at = packet.prepend(HEADER_LENGTH);
    writeHeader(packet.bytes, at, port, this.#port, frameLength, segmentOffset, packetId, flags);
    prependOuterIp(packet, tunnel, IP_PROTOCOL, ecn);
  }

  /** Writes the checksum of the segment that fills `packet`, an outer packet. Costs a pass over it. */
  finish(packet: PacketBuffer, family: 4 | 6): void {
    const { bytes, start, end } = packet;
    const at = start + ipHeaderLength(family);
    const pseudoHeader = outerPseudoHeader(bytes, start, family, IP_PROTOCOL, end - at);
    writeChecksum(bytes, at, checksum.compute(bytes, at, end, pseudoHeader));
  }

  /** As `finish`, for a segment whose tail `body` lies elsewhere; `packet` ends where the tail is to follow. */
  finishSlices(packet: PacketBuffer, body: PacketBuffer, family: 4 | 6): void {
    const { bytes, start, end } = packet;
    const at = start + ipHeaderLength(family);
    const length = end - at + body.end - body.start;
    const pseudoHeader = outerPseudoHeader(bytes, start, family, IP_PROTOCOL, length);
    const front = checksum.sum(bytes, at, end, pseudoHeader);
    const tail = checksum.sum(body.bytes, body.start, body.end);
    const placed = ((end - at) & 1) === 0 ? tail : checksum.swap(tail);
    writeChecksum(bytes, at, checksum.complement(checksum.add(front, placed)));
  }

  /**
   * Leaves the checksum, and the cutting into segments of `payloadMax` octets, to the underlay: writes the sum of the
   * pseudo-header, not complemented, and says in `packet` what is to be done.
   */
  defer(packet: PacketBuffer, family: 4 | 6, payloadMax: number): void {
    const { bytes, start, end } = packet;
    const at = start + ipHeaderLength(family);
    writeChecksum(bytes, at, outerPseudoHeader(bytes, start, family, IP_PROTOCOL, end - at));
    packet.checksum = 'partial';
    packet.checksumStart = at;
    packet.checksumField = at + CHECKSUM_AT;
    if (end - at - HEADER_LENGTH > payloadMax) {
      packet.segmentType = family === 4 ? 'tcp4' : 'tcp6';
      packet.segmentSize = payloadMax;
    }
  }
}
