/** Whole frames through `@overlane/stt`: cut, put together, and passed on whole. */
import * as stt from '@overlane/stt';
import { type ChecksumState, PacketBuffer, TunnelMetadata, ipHeaderLength } from '@overlane/wire';
import { type Windows, packWindows } from './inputs.js';
import type { Operation } from './measure.js';
import { required } from './required.js';
import {
  SUPER_FRAMES,
  SUPER_FRAME_LENGTH,
  createTunnel,
  packSuperFrames,
  requestOffload,
  superFrameOf,
  valueOf,
} from './super-frames.js';

/** Path MTU of the underlay, and of one with jumbo frames. */
export const PATH_MTU = 1500;
export const JUMBO_MTU = 9000;
const SCRATCH_LENGTH = 2 << 20;
/** Octets of outer IP and segment header. */
export const SEGMENT_OVERHEAD = ipHeaderLength(4) + stt.SEGMENT_HEADER_LENGTH;
const ECT0 = 2;
/** Octets of an STT frame with a super-frame in it. */
const FRAME_LENGTH = stt.FRAME_HEADER_LENGTH + SUPER_FRAME_LENGTH;
/** Segments of such a frame. */
export const SEGMENTS = Math.ceil(FRAME_LENGTH / (PATH_MTU - SEGMENT_OVERHEAD));
/** Frames in assembly at the same time. */
const INTERLEAVED = 1000;

/** For hardware that computes the checksum of each segment: the package itself has no such mode for single segments. */
class ChecksumFreeCarrier extends stt.SegmentCarrier {
  override finish(): void {
    // Left to the hardware.
  }

  override finishSlices(): void {
    // Left to the hardware.
  }
}

/** Who computes the checksum of the segments. */
export type ChecksumBy = 'software' | 'nobody';

interface SegmenterSetup {
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  readonly segmenter: stt.Segmenter;
  readonly load: (start: number) => stt.OutgoingFrame;
}

/** A segmenter whose scratch lies in the arena of the frames, as in a switch. */
function setUpSegmenter(by: ChecksumBy, pathMtu: number): SegmenterSetup {
  const { bytes, starts, tail } = packSuperFrames(SCRATCH_LENGTH);
  const carrier = by === 'software' ? new stt.SegmentCarrier() : new ChecksumFreeCarrier();
  const segmenter = new stt.Segmenter({ carrier, pathMtu, scratch: tail });
  const outgoing = new stt.OutgoingFrame();
  const load = (start: number): stt.OutgoingFrame => {
    required(outgoing.load(bytes, start, start + SUPER_FRAME_LENGTH));
    outgoing.writeFrameHeader(0, 0, 0, 0, 5001, 'lsb');
    return outgoing;
  };
  return { bytes, starts, segmenter, load };
}

/** Cuts frames into packets, each octet copied once. */
export function segment(by: ChecksumBy, pathMtu = PATH_MTU): Operation {
  const { starts, segmenter, load, bytes } = setUpSegmenter(by, pathMtu);
  const tunnel = createTunnel();
  let octets = 0;
  let first = -1;
  const emit = (packet: PacketBuffer): void => {
    if (first < 0) first = packet.start + SEGMENT_OVERHEAD + stt.FRAME_HEADER_LENGTH;
    octets += packet.length - SEGMENT_OVERHEAD;
  };
  return (i) => {
    octets = -stt.FRAME_HEADER_LENGTH;
    first = -1;
    required(segmenter.emitPackets(load(starts[superFrameOf(i)]!), tunnel, ECT0, emit));
    return valueOf(octets, bytes, first);
  };
}

/** Cuts frames into slices for a scatter list: no octet of the inner frame is copied. */
export function segmentIntoSlices(by: ChecksumBy): Operation {
  const { starts, segmenter, load, bytes } = setUpSegmenter(by, PATH_MTU);
  const tunnel = createTunnel();
  let octets = 0;
  let first = -1;
  const emit = (front: PacketBuffer, body: PacketBuffer): void => {
    if (first < 0) first = body.start;
    octets += front.length - SEGMENT_OVERHEAD + body.length;
  };
  return (i) => {
    octets = -stt.FRAME_HEADER_LENGTH;
    first = -1;
    required(segmenter.emitSlices(load(starts[superFrameOf(i)]!), tunnel, ECT0, emit));
    return valueOf(octets, bytes, first);
  };
}

/** Segments of all super-frames, those of one frame together and in order. */
function createSegments(pathMtu: number): Uint8Array[] {
  const { starts, segmenter, load } = setUpSegmenter('software', pathMtu);
  const tunnel = createTunnel();
  const segments: Uint8Array[] = [];
  for (const start of starts) {
    required(segmenter.emitPackets(load(start), tunnel, ECT0, (packet) => segments.push(packet.copy())));
  }
  return segments;
}

/** Segments of all super-frames in one array, and `tail` free octets behind them: the arena of a worker. */
export function packSegments(tail: number, pathMtu: number): Windows & { readonly tail: PacketBuffer } {
  const { bytes, starts, ends } = packWindows(createSegments(pathMtu));
  const arena = new Uint8Array(bytes.length + tail);
  arena.set(bytes);
  return { bytes: arena, starts, ends, tail: new PacketBuffer(arena, bytes.length, arena.length) };
}

/**
 * Puts frames together, one at a time, by all rules; `checksum` says whether the segments have been verified below. The
 * endpoint's memory lies in the arena of the packets, as the segmenter's.
 */
export function reassemble(checksum: Extract<ChecksumState, 'unverified' | 'verified'>, pathMtu = PATH_MTU): Operation {
  const { bytes, starts, ends, tail } = packSegments(stt.ReassemblyStore.memoryLength(), pathMtu);
  const endpoint = new stt.SttEncapsulation({ frameMemory: tail });
  const packet = new PacketBuffer(bytes);
  const tunnel = new TunnelMetadata();
  const segments = starts.length / SUPER_FRAMES;
  return (i) => {
    const from = superFrameOf(i) * segments;
    for (let at = from; at < from + segments; at++) {
      packet.reset(bytes, starts[at]!, ends[at]!);
      packet.checksum = checksum;
      const outcome = endpoint.decapsulate(packet, tunnel, 0);
      required(at === from + segments - 1 || outcome !== 'incomplete' ? outcome : undefined);
    }
    return valueOf(packet.length, packet.bytes, packet.start);
  };
}

/**
 * Stores one segment, each of another one of 1,000 frames in turn. The frames are at different stages, so that one is
 * completed every 22 or so calls, always. Value: octets of the segment.
 */
export function reassembleInterleaved(): Operation {
  const limits = { contextLimit: INTERLEAVED, highMark: 48 << 20, lowMark: 48 << 20 };
  const { bytes, starts, ends, tail } = packSegments(stt.ReassemblyStore.memoryLength(limits), PATH_MTU);
  const store = new stt.ReassemblyStore({ ...limits, frameMemory: tail });
  const { source, destination } = createTunnel();
  const next = new Int32Array(INTERLEAVED);
  const acceptNext = (frame: number): number => {
    const part = next[frame]!;
    const at = superFrameOf(frame) * SEGMENTS + part;
    const start = starts[at]! + SEGMENT_OVERHEAD;
    const end = ends[at]!;
    const offset = stt.segment.readSegmentOffset(bytes, starts[at]! + ipHeaderLength(4));
    const outcome = store.accept(source, destination, 50_000, frame, FRAME_LENGTH, offset, bytes, start, end, ECT0, 0);
    if (outcome !== (part === SEGMENTS - 1 ? 'complete' : 'incomplete')) throw new Error(`segment: ${outcome}`);
    next[frame] = part === SEGMENTS - 1 ? 0 : part + 1;
    return end - start;
  };
  for (let frame = 0; frame < INTERLEAVED; frame++) {
    // At least one segment each, so that all frames are there from the start.
    for (let parts = 1 + (frame % (SEGMENTS - 1)); parts > 0; parts--) acceptNext(frame);
  }
  let turn = 0;
  return () => {
    turn = turn === INTERLEAVED - 1 ? 0 : turn + 1;
    return acceptNext(turn);
  };
}

/** Octets of a segment on average. */
export const SEGMENT_OCTETS = FRAME_LENGTH / SEGMENTS;

/** Wraps super-frames in place; checksum and cutting are left to the underlay, inner checksum and MSS to the far end. */
export function encapsulateWhole(): Operation {
  const { bytes, starts } = packSuperFrames();
  const endpoint = new stt.SttEncapsulation({ superFrames: true, pathMtu: PATH_MTU });
  const overhead = endpoint.overhead(4);
  const tunnel = createTunnel();
  const packet = new PacketBuffer(bytes);
  let value = 0;
  const emit = (outer: PacketBuffer): void => {
    value = valueOf(outer.length - overhead, outer.bytes, outer.start + overhead);
  };
  return (i) => {
    const start = starts[superFrameOf(i)]!;
    packet.reset(bytes, start, start + SUPER_FRAME_LENGTH);
    requestOffload(packet);
    required(endpoint.encapsulate(packet, tunnel, emit));
    return value;
  };
}

/** Unwraps such packets, joined and verified by the underlay. The inner frame stays whole, for a port that can cut it. */
export function decapsulateWhole(): Operation {
  const arena = packSuperFrames();
  const sender = new stt.SttEncapsulation({ superFrames: true, pathMtu: PATH_MTU });
  const sent: Uint8Array[] = [];
  for (let frame = 0; frame < SUPER_FRAMES; frame++) {
    const start = arena.starts[frame]!;
    const inner = new PacketBuffer(arena.bytes, start, start + SUPER_FRAME_LENGTH);
    requestOffload(inner);
    required(sender.encapsulate(inner, createTunnel(), (outer) => sent.push(outer.copy())));
  }
  const { bytes, starts, ends } = packWindows(sent);
  const endpoint = new stt.SttEncapsulation();
  const packet = new PacketBuffer(bytes);
  const tunnel = new TunnelMetadata();
  return (i) => {
    const frame = superFrameOf(i);
    packet.reset(bytes, starts[frame]!, ends[frame]!);
    packet.checksum = 'verified';
    required(endpoint.decapsulate(packet, tunnel, 0));
    return valueOf(packet.length, bytes, packet.start);
  };
}
