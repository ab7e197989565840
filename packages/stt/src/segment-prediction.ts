/**
 * Header prediction, as TCP has it (V. Jacobson, "4BSD TCP Header Prediction", 1990): the segments of a frame that come in
 * order have the same outer headers, but for the segment offset and what follows from it. So after the first one, which
 * went through all rules, ten words are compared instead: what is equal octet by octet gets the same verdict.
 *
 * What may differ: the segment offset, which must be the next one; the IPv4 identification, if the header's checksum agrees
 * with it; and the segment's checksum, which is verified as always. Anything else is no fault, only no prediction.
 */
import { type PacketBuffer, checksum, ipv4, ipv6, outerPseudoHeader, recentView } from '@overlane/wire';
import { HEADER_LENGTH, IP_PROTOCOL, readHeaderLength } from './segment/segment-header.js';

/** Words of the segment header, and of an IPv6 header. */
const SEGMENT_WORDS = HEADER_LENGTH / 4;
const IPV6_WORDS = ipv6.HEADER_LENGTH / 4;

/** What the next segment of one frame looks like. */
export class SegmentPrediction {
  /** The store's name for the frame, see `ReassemblyStore.run`; 0: nothing is predicted. */
  run = 0;
  /** Octets from the outer IP header to the payload. */
  payloadAt = 0;
  /** Octets of the outer IP header. */
  segmentAt = 0;
  /** Octets of the outer packet. */
  length = 0;
  /** What is odd about its segment header, as bits of `segment.WARNING`. */
  warnings = 0;
  /** The array that packets come in, and a view of it. */
  #bytes: Uint8Array = new Uint8Array(0);
  #view = recentView;
  #family: 4 | 6 = 4;

  readonly #ip = new Int32Array(IPV6_WORDS);
  readonly #segment = new Int32Array(SEGMENT_WORDS);
  /** Sum of the pseudo-header, the same for all segments of one length. */
  #pseudoHeader = 0;

  /**
   * Predicts that more will come like the segment in `bytes[start..end)`, an outer packet that has passed all rules and been
   * stored as the last one of `run`. Nothing is predicted if it has IP options, or if packets come in arrays of their own.
   */
  learn(run: number, bytes: Uint8Array, start: number, end: number, segmentAt: number, warnings: number): void {
    this.run = 0;
    // The view that reading the IP header has made of an array that it has met before.
    const view = recentView;
    if (view.buffer !== bytes.buffer || view.byteOffset !== bytes.byteOffset) return;
    if (view.byteLength !== bytes.byteLength) return;
    const ipLength = segmentAt - start;
    const family = bytes[start]! >>> 4 === 4 ? 4 : 6;
    if (ipLength !== (family === 4 ? ipv4.HEADER_LENGTH : ipv6.HEADER_LENGTH)) return;
    this.run = run;
    this.#bytes = bytes;
    this.#view = view;
    this.warnings = warnings;
    this.length = end - start;
    this.payloadAt = ipLength + readHeaderLength(bytes, segmentAt);
    this.#family = family;
    this.segmentAt = ipLength;
    for (let i = 0; i < ipLength; i += 4) this.#ip[i >>> 2] = view.getInt32(start + i);
    for (let i = 0; i < HEADER_LENGTH; i += 4) this.#segment[i >>> 2] = view.getInt32(segmentAt + i);
    this.#pseudoHeader = outerPseudoHeader(bytes, start, family, IP_PROTOCOL, end - segmentAt);
    this.advance();
  }

  /** Predicts the segment behind the predicted one. */
  advance(): void {
    this.#segment[1]! += this.length - this.payloadAt;
  }

  /** Whether the outer packet in `packet` is the segment predicted. */
  matches(packet: PacketBuffer): boolean {
    const { bytes, start, end } = packet;
    const { length } = this;
    if (this.run === 0 || bytes !== this.#bytes || end - start < length || end > bytes.length) return false;
    const view = this.#view;
    const expected = this.#segment;
    const at = start + this.segmentAt;
    if (
      view.getInt32(at + 4) !== expected[1] ||
      view.getInt32(at + 8) !== expected[2] ||
      view.getInt32(at) !== expected[0] ||
      view.getInt32(at + 12) !== expected[3] ||
      view.getUint16(at + 18) !== (expected[4]! & 0xffff)
    ) {
      return false;
    }
    if (!(this.#family === 4 ? this.#matchesIpv4(view, start) : this.#matchesIpv6(view, start))) return false;
    if (packet.checksum !== 'unverified') return true;
    return checksum.sum(bytes, at, start + length, this.#pseudoHeader) === 0xffff;
  }

  #matchesIpv4(view: DataView, at: number): boolean {
    const expected = this.#ip;
    const fragment = view.getInt32(at + 4) ^ expected[1]!;
    const transport = view.getInt32(at + 8) ^ expected[2]!;
    if (
      view.getInt32(at) !== expected[0] ||
      view.getInt32(at + 12) !== expected[3] ||
      view.getInt32(at + 16) !== expected[4] ||
      (fragment & 0xffff) !== 0 ||
      transport >>> 16 !== 0
    ) {
      return false;
    }
    if ((fragment | transport) === 0) return true;
    // Identification and checksum differ: the header's sum stays right if theirs does, modulo 0xffff.
    const before = (expected[1]! >>> 16) + (expected[2]! & 0xffff);
    const now = view.getUint16(at + 4) + view.getUint16(at + 10);
    return (now - before) % 0xffff === 0;
  }

  #matchesIpv6(view: DataView, at: number): boolean {
    const expected = this.#ip;
    for (let i = 0; i < IPV6_WORDS; i++) if (view.getInt32(at + 4 * i) !== expected[i]) return false;
    return true;
  }
}
