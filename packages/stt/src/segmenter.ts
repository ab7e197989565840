/**
 * Cuts STT frames into segments (draft-davie-stt-08 §3.3, `spec/stt.md` §8): same length field, packet id and source port
 * in all, offsets that add up, PSH on the last.
 */
import { PacketBuffer, type TunnelMetadata, ipHeaderLength } from '@overlane/wire';
import { FRAME_LENGTH_MAX } from './constants.js';
import type { OutgoingFrame } from './outgoing-frame.js';
import { SegmentCarrier } from './segment-carrier.js';
import { FLAG, HEADER_LENGTH } from './segment/segment-header.js';

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
  #next: number;
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
    this.#packetId = firstPacketId >>> 0;
    const needed = Segmenter.scratchLength(this.pathMtu);
    if (scratch !== undefined && scratch.length < needed) {
      throw new RangeError(`scratch has ${scratch.length} octets, one frame takes ${needed}`);
    }
    const { bytes, start, end } = scratch ?? new PacketBuffer(new Uint8Array(0));
    this.#scratch = new PacketBuffer(bytes, start, end);
    this.#next = start;
    this.#beforeReuse = options.beforeReuse;
    this.#front = new PacketBuffer(bytes);
    this.#body = new PacketBuffer(bytes);
  }

  /** Octets of scratch that the segments of one frame of full length take, over the family that needs more. */
  static scratchLength(pathMtu: number): number {
    const area = (family: 4 | 6): number => {
      const headers = ipHeaderLength(family) + HEADER_LENGTH;
      const count = pathMtu > headers ? Math.ceil(FRAME_LENGTH_MAX / (pathMtu - headers)) : 0;
      // Each is aligned to four octets.
      return FRAME_LENGTH_MAX + count * (headers + 3);
    };
    return Math.max(area(4), area(6));
  }

  /** Octets of payload that a segment holds; 0 or less: the path MTU is too small. */
  payloadMax(family: 4 | 6): number {
    return this.pathMtu - ipHeaderLength(family) - HEADER_LENGTH;
  }

  /** The id for the next frame, 0..2^32-1. Counts modulo 2^32. */
  takePacketId(): number {
    const id = this.#packetId;
    this.#packetId = (id + 1) >>> 0;
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
    const id = this.takePacketId();
    const { length } = frame;
    for (let offset = 0; offset < length; offset += max) {
      const payload = Math.min(max, length - offset);
      const packet = this.#writeFront(frame, tunnel, ecn, id, offset, payload, payload);
      this.#copyBody(packet);
      this.#carrier.finish(packet, family);
      emit(packet);
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
    const id = this.takePacketId();
    const { length } = frame;
    for (let offset = 0; offset < length; offset += max) {
      const payload = Math.min(max, length - offset);
      const front = this.#writeFront(frame, tunnel, ecn, id, offset, payload, 0);
      this.#carrier.finishSlices(front, this.#body, family);
      emit(front, this.#body);
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
    const packet = this.#writeFront(frame, tunnel, ecn, this.takePacketId(), 0, frame.length, frame.length);
    this.#copyBody(packet);
    this.#carrier.defer(packet, family, this.payloadMax(family));
    emit(packet);
  }

  /**
   * Writes outer headers and what of the segment's payload is in the lead; points the body window at the rest. Leaves
   * `room` octets of scratch for the payload.
   */
  #writeFront(
    frame: OutgoingFrame,
    tunnel: TunnelMetadata,
    ecn: number,
    id: number,
    offset: number,
    payload: number,
    room: number,
  ): PacketBuffer {
    const { lead, leadLength, bytes, bodyStart } = frame;
    const headers = this.#carrier.overhead(tunnel.destination.family);
    const fromLead = Math.max(0, Math.min(leadLength - offset, payload));
    const at = this.#reserve(headers + Math.max(room, fromLead)) + headers;
    const scratch = this.#scratch.bytes;
    for (let i = 0; i < fromLead; i++) scratch[at + i] = lead[offset + i]!;
    const bodyAt = bodyStart + Math.max(0, offset - leadLength);
    this.#body.reset(bytes, bodyAt, bodyAt + payload - fromLead);
    const isLast = offset + payload === frame.length;
    const flags = isLast ? FLAG.ACK | FLAG.PSH : FLAG.ACK;
    const packet = this.#front.reset(scratch, at, at + payload);
    this.#carrier.prepend(packet, tunnel, ecn, frame.length, offset, id, flags);
    packet.end = at + fromLead;
    return packet;
  }

  /** Appends the body to `packet`, which ends in the scratch. */
  #copyBody(packet: PacketBuffer): void {
    const body = this.#body;
    const at = packet.end;
    packet.end += body.end - body.start;
    if (body.bytes === packet.bytes) packet.bytes.copyWithin(at, body.start, body.end);
    else packet.bytes.set(body.view(), at);
  }

  /** The next `length` octets of the ring, in one piece, at a multiple of four. */
  #reserve(length: number): number {
    const scratch = this.#scratch;
    if (scratch.length === 0) {
      const size = Math.max(SCRATCH_LENGTH, Segmenter.scratchLength(this.pathMtu));
      scratch.reset(new Uint8Array(size), 0, size);
    }
    if (this.#next + length > scratch.end) {
      this.#beforeReuse?.();
      this.#next = scratch.start;
    }
    const at = this.#next;
    this.#next = (at + length + 3) & ~3;
    return at;
  }
}
