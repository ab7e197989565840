/** The outer headers that the segments of one frame share. */
import { PacketBuffer, type TunnelMetadata, checksum, ipv4, read16, write16 } from '@overlane/wire';
import { OVERHEAD_MAX, type SegmentCarrier } from './segment-carrier.js';
import { FLAG, FLAGS_AT, HEADER_LENGTH } from './segment/segment-header.js';

/** Octets written at a time: the headers over IPv4. */
const STAMP = 40;

/**
 * Outer IP and segment header as all segments of a frame have them, but for the segment offset, and the last one, which is
 * shorter and has PSH. Written once per frame, and stamped in front of each segment in words.
 */
export class HeaderTemplate {
  /** Octets of the headers: 40 or 60. */
  length = 0;
  #payload = 0;
  readonly #packet = new PacketBuffer(new Uint8Array(OVERHEAD_MAX));
  readonly #view = new DataView(this.#packet.bytes.buffer);

  /** Takes up the headers of a frame whose segments have `payload` octets each. */
  load(
    carrier: SegmentCarrier,
    tunnel: TunnelMetadata,
    ecn: number,
    frameLength: number,
    packetId: number,
    payload: number,
  ): void {
    const length = carrier.overhead(tunnel.destination.family);
    const packet = this.#packet.reset(this.#packet.bytes, length, length + payload);
    carrier.prepend(packet, tunnel, ecn, frameLength, 0, packetId, FLAG.ACK);
    this.length = length;
    this.#payload = payload;
  }

  /**
   * Writes `count` headers at `at`, `at + stride`, ..., with segment offsets from `offset` on. All in one go: between
   * copies of payload it would take four times as long.
   */
  stamp(view: DataView, at: number, stride: number, offset: number, count: number): void {
    // Longer headers in two passes that overlap.
    const rest = this.length - STAMP;
    if (rest > 0) this.#stamp(0, view, at, stride, offset, count);
    this.#stamp(rest, view, at + rest, stride, offset, count);
  }

  /** Writes the `STAMP` octets from `start` on; those of the segment offset lie where they do in the last part. */
  #stamp(start: number, view: DataView, at: number, stride: number, offset: number, count: number): void {
    const from = this.#view;
    const step = this.#payload;
    const w0 = from.getInt32(start);
    const w1 = from.getInt32(start + 4);
    const w2 = from.getInt32(start + 8);
    const w3 = from.getInt32(start + 12);
    const w4 = from.getInt32(start + 16);
    const w5 = from.getInt32(start + 20);
    const w6 = from.getInt32(start + 24);
    const w7 = from.getInt32(start + 28);
    const w8 = from.getInt32(start + 32);
    const w9 = from.getInt32(start + 36);
    for (let i = 0, to = at, segmentOffset = offset; i < count; i++, to += stride, segmentOffset += step) {
      view.setInt32(to, w0);
      view.setInt32(to + 4, w1);
      view.setInt32(to + 8, w2);
      view.setInt32(to + 12, w3);
      view.setInt32(to + 16, w4);
      view.setInt32(to + 20, w5);
      view.setInt32(to + 24, w6 | segmentOffset);
      view.setInt32(to + 28, w7);
      view.setInt32(to + 32, w8);
      view.setInt32(to + 36, w9);
    }
  }

  /** Makes the headers at `at` those of the last segment, of `payload` octets. */
  makeLast(bytes: Uint8Array, at: number, payload: number): void {
    const { length } = this;
    bytes[at + length - HEADER_LENGTH + FLAGS_AT] = FLAG.ACK | FLAG.PSH;
    if (length - HEADER_LENGTH === ipv4.HEADER_LENGTH) {
      const before = read16(bytes, at + 2);
      write16(bytes, at + 2, length + payload);
      write16(bytes, at + 10, checksum.update(read16(bytes, at + 10), before, length + payload));
    } else {
      write16(bytes, at + 4, HEADER_LENGTH + payload);
    }
  }
}
