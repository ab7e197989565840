/**
 * Cuts a TCP super-frame behind the headers of a tunnel over UDP: the segments lie in memory as the datagrams of one
 * super-datagram, and only the first of them was wrapped. The others have the same tunnel header, which is copied together with
 * the inner ones; their outer headers are written by who cuts the super-datagram, the kernel or a network card.
 *
 *     [outer IP, UDP] [tunnel, inner headers] [data] [tunnel, inner headers] [data] ...
 *
 * Each segment costs a copy of its headers and data and one sum, where wrapping and sending it alone costs as much again.
 */
import { PacketBuffer } from '../packet-buffer.js';
import { hasRecentView, recentView } from '../recent-view.js';
import * as tcp from '../tcp.js';
import * as udp from '../udp.js';
import { UDP_CHECKSUM_AT, ipPacketEnd } from './inner-transport.js';
import type { ScratchRing } from './scratch-ring.js';
import { SegmentHeaders } from './segment-headers.js';
import { OCTETS_MAX, SEGMENTS_MAX, writeDatagramLengths } from './super-datagram.js';

/** What a `RunCutter` asks of who sends. */
export interface RunWays {
  /** Wraps a segment in place. Returns the outer packet, in the same memory, or `undefined` if it may not be sent. */
  wrap(segment: PacketBuffer): PacketBuffer | undefined;
  /** True if a super-datagram with these outer headers, offload fields and segment size can be sent uncut. */
  accepts(datagrams: PacketBuffer): boolean;
  /** Sends a super-datagram: the window is valid until it returns, the octets as those of cut segments. */
  emit(datagrams: PacketBuffer): void;
}

/** How it went: sent; `refused` by `wrap`; or `unsuited`: nothing was sent, cut and wrap the segments one by one. */
export type RunOutcome = 'sent' | 'refused' | 'unsuited';

/** Cuts packets one after the other. Allocates nothing. */
export class RunCutter {
  readonly #ring: ScratchRing;
  readonly #headers = new SegmentHeaders();
  readonly #window = new PacketBuffer(new Uint8Array(0));

  /** A cutter that puts segments in `ring`. */
  constructor(ring: ScratchRing) {
    this.#ring = ring;
  }

  /**
   * Wraps, cuts and sends the TCP packet, which stays as it is, in as few super-datagrams of nearly equal size as possible.
   * Preconditions as `SegmentCutter.cut` has them. Unsuited: a packet of one segment or in other memory than the ring's, segments of
   * which no two fit one datagram, or what `ways` does not accept.
   */
  cut(packet: PacketBuffer, network: number, ways: RunWays): RunOutcome {
    const { bytes, start, checksumStart, segmentSize } = packet;
    const ring = this.#ring;
    const payload = checksumStart + tcp.readHeaderLength(bytes, checksumStart);
    const end = ipPacketEnd(bytes, network);
    const headers = payload - start;
    const segments = Math.ceil((end - payload) / segmentSize);
    const room = segments * (segmentSize + headers + ring.headroom);
    if (segments < 2 || bytes !== ring.bytes || room > ring.length) return 'unsuited';
    const data = ring.reserve(headers, room);
    bytes.copyWithin(data - headers, start, payload + segmentSize);
    this.#headers.begin(bytes, network, checksumStart, payload, 'tcp');
    this.#headers.rewrite(bytes, data, data + segmentSize, 0, 0, false);
    const outer = ways.wrap(this.#window.reset(bytes, data - headers, data + segmentSize));
    if (outer === undefined) {
      ring.shorten(data - headers);
      return 'refused';
    }
    const outerStart = outer.start;
    const transport = outerStart + (bytes[outerStart]! >>> 4 === 4 ? (bytes[outerStart]! & 15) << 2 : 40);
    const template = transport + udp.HEADER_LENGTH;
    const repeated = data - template;
    const most = Math.min(SEGMENTS_MAX, Math.floor((OCTETS_MAX - (template - outerStart)) / (repeated + segmentSize)));
    const perRun = Math.ceil(segments / Math.ceil(segments / most));
    let at = outerStart;
    let to = data + segmentSize;
    const whole = template + perRun * (repeated + segmentSize);
    if (most < 2 || !ways.accepts(this.#describe(bytes, at, transport, whole, repeated + segmentSize))) {
      ring.shorten(data - headers);
      return 'unsuited';
    }
    for (let index = 1, from = payload + segmentSize; from < end;) {
      if (index % perRun === 0) {
        ways.emit(this.#describe(bytes, at, transport + at - outerStart, to, repeated + segmentSize));
        // Data at a multiple of four, as the ring has it.
        at = ((to + data - outerStart + 3) & ~3) - (data - outerStart);
        copyHeaders(bytes, at, outerStart, template - outerStart);
        to = at + template - outerStart;
      }
      const length = Math.min(segmentSize, end - from);
      copyHeaders(bytes, to, template, repeated);
      bytes.copyWithin(to + repeated, from, from + length);
      to += repeated + length;
      this.#headers.rewrite(bytes, to - length, to, index++, from - payload, from + length === end);
      from += length;
    }
    ways.emit(this.#describe(bytes, at, transport + at - outerStart, to, repeated + segmentSize));
    ring.shorten(to);
    return 'sent';
  }

  /** The super-datagram `bytes[at..end)`, its outer headers put right. */
  #describe(bytes: Uint8Array, at: number, transport: number, end: number, segmentSize: number): PacketBuffer {
    writeDatagramLengths(bytes, at, transport, end - transport);
    const window = this.#window.reset(bytes, at, end);
    window.checksum = 'partial';
    window.checksumStart = transport;
    window.checksumField = transport + UDP_CHECKSUM_AT;
    // One datagram alone, the last, is an ordinary one.
    if (end - transport - udp.HEADER_LENGTH <= segmentSize) return window;
    window.segmentType = 'udp';
    window.segmentSize = segmentSize;
    return window;
  }
}

/** Copies a few octets, for which `copyWithin` costs more than it moves. */
function copyHeaders(bytes: Uint8Array, to: number, from: number, length: number): void {
  let i = 0;
  if (hasRecentView(bytes)) {
    for (; i + 4 <= length; i += 4) recentView.setInt32(to + i, recentView.getInt32(from + i));
  }
  for (; i < length; i++) bytes[to + i] = bytes[from + i]!;
}
