/**
 * Cuts STT frames into segments (draft-davie-stt-08 §3.3, `spec/stt.md` §8): same length field, packet id and source port
 * in all, offsets that add up, PSH on the last.
 */
import { PacketBuffer, type TunnelMetadata, ipHeaderLength } from '@overlane/wire';
import { FRAME_LENGTH_MAX } from './constants.js';
import type { OutgoingFrame } from './outgoing-frame.js';
import { HeaderTemplate } from './header-template.js';
import { copyInto } from './octet-copy.js';
import { SegmentCarrier } from './segment-carrier.js';
import { HEADER_LENGTH } from './segment/segment-header.js';

/** Longest outer IP packet. */
const IP_LENGTH_MAX = 0xffff;

/** How a {@link Segmenter} works. */
export interface SegmenterOptions {
  /** Writes the outer headers. Default: port 7471 and the defaults of {@link SegmentCarrier}. */
  readonly carrier?: SegmentCarrier;
  /** Longest outer IP packet, in octets, 61..65535 (41.. if only IPv4 is used). Default 1500: an Ethernet underlay. */
  readonly pathMtu?: number;
  /**
   * Packet id of the first frame, 0..2^32-1. Default 1. Pass 32 random bits: an endpoint that starts anew must not use the
   * ids that its peers still hold pieces of.
   */
  readonly firstPacketId?: number;
  /**
   * Memory for segments, a window whose octets the segmenter then owns. In the arena of the ports, copying allocates
   * nothing, and ports need not copy again. It must hold what is sent between two flushes, and at least one frame of full
   * length, see {@link Segmenter.scratchLength}. Default: 2 MiB, allocated when the first frame is cut: 32 frames of full
   * length at MTU 1500, and as many packets a turn are what our ports take.
   */
  readonly scratch?: PacketBuffer;
  /**
   * Called each time before scratch is used from its start again: whatever still points at segments, such as a port before
   * its flush, must let go of them. Default: nothing is called.
   */
  readonly beforeReuse?: (() => void) | undefined;
}

/** Gets a segment in two slices: outer headers with the front of the payload, and the rest, which may be empty. */
export type SliceSink = (front: PacketBuffer, body: PacketBuffer) => void;

/** Octets of scratch by default: 32 frames of full length at MTU 1500. */
const SCRATCH_LENGTH = 32 * (64 + 4) * 1024;

/**
 * Cuts frames for one sending endpoint. Headers (and, in `emitPackets`, payloads) go to a ring of scratch memory. What was
 * emitted stays intact until that many octets have come after it, so that a port can keep it until its flush. Windows are
 * reused. Nothing is allocated per frame, except by `emitPackets` one view per segment if frame and scratch lie in
 * different arrays: octet by octet, copying would cost ten times as much.
 */
export class Segmenter {
  /** Longest outer IP packet. */
  readonly pathMtu: number;
  readonly #carrier: SegmentCarrier;
  #packetId: number;
  // Where the ring is: empty until it is needed, unless it was given.
  readonly #scratch: PacketBuffer;
  #view: DataView;
  #next: number;
  readonly #template = new HeaderTemplate();
  readonly #beforeReuse: (() => void) | undefined;
  readonly #front: PacketBuffer;
  readonly #body: PacketBuffer;

  /**
   * A segmenter with its own counter of packet ids: one per sending endpoint (`spec/stt.md` §2).
   * @throws RangeError if `scratch` is too short for one frame
   */
  constructor(options: SegmenterOptions = {}) {
    const { carrier = new SegmentCarrier(), pathMtu = 1500, firstPacketId = 1, scratch } = options;
    this.#carrier = carrier;
    this.pathMtu = Math.min(pathMtu, IP_LENGTH_MAX);
    this.#packetId = firstPacketId | 0;
    const needed = Segmenter.scratchLength(this.pathMtu);
    if (scratch !== undefined && scratch.length < needed) {
      throw new RangeError(`scratch has ${scratch.length} octets, one frame takes ${needed}`);
    }
    const { bytes, start, end } = scratch ?? new PacketBuffer(new Uint8Array(0));
    this.#scratch = new PacketBuffer(bytes, start, end);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#next = start;
    this.#beforeReuse = options.beforeReuse;
    this.#front = new PacketBuffer(bytes);
    this.#body = new PacketBuffer(bytes);
  }

  /** Octets of scratch that the segments of one frame of full length take, over the family that needs more. */
  static scratchLength(pathMtu: number): number {
    const area = (family: 4 | 6): number => {
      const max = pathMtu - ipHeaderLength(family) - HEADER_LENGTH;
      return max > 0 ? Math.ceil(FRAME_LENGTH_MAX / max) * strideOf(pathMtu) : 0;
    };
    return Math.max(area(4), area(6));
  }

  /** Octets of payload that a segment holds; 0 or less: the path MTU is too small. */
  payloadMax(family: 4 | 6): number {
    return this.pathMtu - ipHeaderLength(family) - HEADER_LENGTH;
  }

  /** The id for the next frame: 32 bits as a signed integer, which V8 passes on without allocating. Counts modulo 2^32. */
  takePacketId(): number {
    const id = this.#packetId;
    this.#packetId = (id + 1) | 0;
    return id;
  }

  /**
   * Emits `frame` in contiguous packets: each payload octet is copied once. Both windows and octets are the segmenter's:
   * the window until `emit` returns, the octets as the class says.
   */
  emitPackets(
    frame: OutgoingFrame,
    tunnel: TunnelMetadata,
    ecn: number,
    emit: (packet: PacketBuffer) => void,
  ): 'E_STT_MTU_TOO_SMALL' | undefined {
    const family = tunnel.destination.family;
    const max = this.payloadMax(family);
    if (max <= 0) return 'E_STT_MTU_TOO_SMALL';
    const { length, leadLength, bytes, bodyStart } = frame;
    const headers = this.#begin(frame, tunnel, ecn, max);
    const stride = strideOf(headers + max);
    const carrier = this.#carrier;
    const packet = this.#front;
    for (let offset = 0; offset < length;) {
      let at = this.#stamp(offset, length, max, stride);
      const scratch = this.#scratch.bytes;
      for (const end = this.#next; at < end; at += stride, offset += max) {
        const payload = offset + max < length ? max : length - offset;
        const to = at + headers;
        const fromLead = offset < leadLength ? this.#copyLead(frame, offset, payload, to) : 0;
        const from = bodyStart - leadLength + offset;
        copyInto(scratch, to + fromLead, bytes, from + fromLead, from + payload);
        point(packet, scratch, at, to + payload);
        carrier.finish(packet, family);
        emit(packet);
      }
    }
    return undefined;
  }

  /**
   * Emits `frame` in slices, for a caller that sends from a scatter list: payload octets are not copied. `body` is a window
   * on the inner frame; `front` as in {@link emitPackets}.
   */
  emitSlices(
    frame: OutgoingFrame,
    tunnel: TunnelMetadata,
    ecn: number,
    emit: SliceSink,
  ): 'E_STT_MTU_TOO_SMALL' | undefined {
    const family = tunnel.destination.family;
    const max = this.payloadMax(family);
    if (max <= 0) return 'E_STT_MTU_TOO_SMALL';
    const { length, leadLength, bodyStart } = frame;
    const headers = this.#begin(frame, tunnel, ecn, max);
    const stride = strideOf(headers + Math.min(max, leadLength));
    for (let offset = 0; offset < length;) {
      let at = this.#stamp(offset, length, max, stride);
      for (const end = this.#next; at < end; at += stride, offset += max) {
        const payload = Math.min(max, length - offset);
        const fromLead = offset < leadLength ? this.#copyLead(frame, offset, payload, at + headers) : 0;
        const front = point(this.#front, this.#scratch.bytes, at, at + headers + fromLead);
        const from = bodyStart - leadLength + offset;
        const body = point(this.#body, frame.bytes, from + fromLead, from + payload);
        this.#carrier.finishSlices(front, body, family);
        emit(front, body);
      }
    }
    return undefined;
  }

  /**
   * Emits `frame` in one outer packet, however long, for an underlay that cuts it itself and finishes the checksums: the
   * offload fields of the window say how. Copied once, as in {@link emitPackets}. Precondition: it fits an IP packet.
   */
  emitSuperFrame(
    frame: OutgoingFrame,
    tunnel: TunnelMetadata,
    ecn: number,
    emit: (packet: PacketBuffer) => void,
  ): void {
    const family = tunnel.destination.family;
    const { length } = frame;
    const headers = this.#begin(frame, tunnel, ecn, length);
    const at = this.#stamp(0, length, length, strideOf(headers + length));
    this.#copy(frame, 0, length, at + headers);
    const packet = point(this.#front, this.#scratch.bytes, at, at + headers + length);
    this.#carrier.defer(packet, family, this.payloadMax(family));
    emit(packet);
  }

  /** Writes the headers of the next frame, whose segments have `payload` octets, to the template; returns their length. */
  #begin(frame: OutgoingFrame, tunnel: TunnelMetadata, ecn: number, payload: number): number {
    const template = this.#template;
    template.load(this.#carrier, tunnel, ecn, frame.length, this.takePacketId(), payload);
    return template.length;
  }

  /**
   * Writes the headers of the segments from `offset` on, as many as fit the ring in one piece, `stride` octets apart.
   * Returns where the first one is; `#next` is then behind the last one.
   */
  #stamp(offset: number, length: number, max: number, stride: number): number {
    const scratch = this.#scratch;
    if (scratch.length === 0) this.#allocate();
    if (this.#next + stride > scratch.end) {
      this.#beforeReuse?.();
      this.#next = scratch.start;
    }
    const at = this.#next;
    const wanted = Math.ceil((length - offset) / max);
    const count = Math.min(wanted, Math.floor((scratch.end - at) / stride));
    this.#template.stamp(this.#view, at, stride, offset, count);
    this.#next = at + count * stride;
    if (count === wanted) {
      const lastAt = this.#next - stride;
      const payload = length - offset - (count - 1) * max;
      this.#template.makeLast(scratch.bytes, lastAt, payload);
      this.#next = lastAt + Math.min(stride, strideOf(this.#template.length + payload));
    }
    return at;
  }

  /** Copies `length` octets of the STT frame, from `offset` on, to the scratch. */
  #copy(frame: OutgoingFrame, offset: number, length: number, to: number): void {
    const { bytes, bodyStart, leadLength } = frame;
    const fromLead = offset < leadLength ? this.#copyLead(frame, offset, length, to) : 0;
    const from = bodyStart - leadLength + offset;
    copyInto(this.#scratch.bytes, to + fromLead, bytes, from + fromLead, from + length);
  }

  /** Copies of these octets those in the lead, and returns how many that were. */
  #copyLead({ lead, leadLength }: OutgoingFrame, offset: number, length: number, to: number): number {
    const { bytes } = this.#scratch;
    const count = Math.min(leadLength - offset, length);
    for (let i = 0; i < count; i++) bytes[to + i] = lead[offset + i]!;
    return count;
  }

  #allocate(): void {
    const size = Math.max(SCRATCH_LENGTH, Segmenter.scratchLength(this.pathMtu));
    this.#scratch.reset(new Uint8Array(size), 0, size);
    this.#view = new DataView(this.#scratch.bytes.buffer);
  }
}

/** Octets of scratch that a segment of `length` octets takes: each is aligned to four octets. */
function strideOf(length: number): number {
  return (length + 3) & ~3;
}

/** Points `window` at an ordinary packet. As `reset`, but the fields that seldom change are only looked at. */
function point(window: PacketBuffer, bytes: Uint8Array, start: number, end: number): PacketBuffer {
  if (window.bytes !== bytes) return window.reset(bytes, start, end);
  window.start = start;
  window.end = end;
  return window;
}
