/** What STT is measured against: a copy of the same octets, and VXLAN's packets with the same octets. */
import { FRAME_HEADER_LENGTH } from '@overlane/stt';
import { VxlanEncapsulation } from '@overlane/vxlan';
import { PacketBuffer, TunnelMetadata } from '@overlane/wire';
import { createPackets, createTunnels, packFrames, packWindows } from './inputs.js';
import type { Operation } from './measure.js';
import { required } from './required.js';
import { PATH_MTU, SEGMENTS, SEGMENT_OVERHEAD, packSegments } from './stt-operations.js';
import {
  FRAMES_INSIDE,
  SUPER_FRAME_LENGTH,
  frameInside,
  packSuperFrames,
  superFrameOf,
  valueOf,
} from './super-frames.js';

const VXLAN_OVERHEAD = 36;

/** Copies super-frames, one after the other, into `slots` places that are used in turn. */
export function copySuperFrames(slots: number): Operation {
  const { bytes, starts } = packSuperFrames();
  const out = new Uint8Array(slots * SUPER_FRAME_LENGTH);
  let slot = 0;
  return (i) => {
    const start = starts[superFrameOf(i)]!;
    const at = slot * SUPER_FRAME_LENGTH;
    slot = (slot + 1) % slots;
    out.set(bytes.subarray(start, start + SUPER_FRAME_LENGTH), at);
    return valueOf(SUPER_FRAME_LENGTH, out, at);
  };
}

/** Copies one super-frame to one place, over and over: both stay in the core's own cache. */
export function copyHotFrame(): Operation {
  const { bytes, starts } = packSuperFrames();
  const out = new Uint8Array(SUPER_FRAME_LENGTH);
  const start = starts[0]!;
  return (i) => {
    out.set(bytes.subarray(start, start + SUPER_FRAME_LENGTH));
    // What was asked for is told of the frame itself, or sides could not be compared.
    return valueOf(SUPER_FRAME_LENGTH, bytes, starts[superFrameOf(i)]!);
  };
}

/** Copies super-frames in pieces as long as segments, one `set` each, to where the segmenter puts their payloads. */
export function copyInPieces(): Operation {
  const { bytes, starts, tail } = packSuperFrames(2 << 20);
  const payload = PATH_MTU - SEGMENT_OVERHEAD;
  let to = tail.start;
  return (i) => {
    const start = starts[superFrameOf(i)]!;
    const end = start + SUPER_FRAME_LENGTH;
    if (to + SEGMENTS * PATH_MTU > tail.end) to = tail.start;
    for (let from = start; from < end; from += payload, to += PATH_MTU) {
      bytes.set(bytes.subarray(from, Math.min(from + payload, end)), to + SEGMENT_OVERHEAD);
    }
    return valueOf(SUPER_FRAME_LENGTH, bytes, start);
  };
}

/** Copies the payloads of the segments of super-frames, one `set` each, to where reassembly puts them. */
export function copyTogether(): Operation {
  const { bytes, starts, ends, tail } = packSegments(2 * SEGMENTS * PATH_MTU, PATH_MTU);
  let place = 0;
  return (i) => {
    const first = superFrameOf(i) * SEGMENTS;
    // Two places in turn: the frame delivered, and the next one.
    place = 1 - place;
    const start = tail.start + place * SEGMENTS * PATH_MTU;
    let to = start;
    for (let at = first; at < first + SEGMENTS; at++) {
      const from = starts[at]! + SEGMENT_OVERHEAD;
      bytes.set(bytes.subarray(from, ends[at]!), to);
      to += ends[at]! - from;
    }
    return valueOf(SUPER_FRAME_LENGTH, bytes, start + FRAME_HEADER_LENGTH);
  };
}

/** Encapsulates the 45 frames of a super-frame one by one, without UDP checksum. */
export function encapsulateInVxlan(): Operation {
  const tunnels = createTunnels();
  const { bytes, starts, ends } = packFrames();
  const encapsulation = new VxlanEncapsulation();
  const packet = new PacketBuffer(bytes);
  let octets = 0;
  const emit = (outer: PacketBuffer): void => {
    octets += outer.length - VXLAN_OVERHEAD;
  };
  return (i) => {
    octets = 0;
    const superFrame = superFrameOf(i);
    for (let part = 0; part < FRAMES_INSIDE; part++) {
      const frame = frameInside(superFrame, part);
      packet.reset(bytes, starts[frame]!, ends[frame]!);
      required(encapsulation.encapsulate(packet, tunnels[frame]!, emit));
    }
    return valueOf(octets, bytes, starts[frameInside(superFrame, 0)]!);
  };
}

/** Decapsulates the 45 packets with the frames of a super-frame one by one. */
export function decapsulateFromVxlan(): Operation {
  const { bytes, starts, ends } = packWindows(createPackets());
  const encapsulation = new VxlanEncapsulation();
  const packet = new PacketBuffer(bytes);
  const tunnel = new TunnelMetadata();
  return (i) => {
    let octets = 0;
    const superFrame = superFrameOf(i);
    for (let part = 0; part < FRAMES_INSIDE; part++) {
      const frame = frameInside(superFrame, part);
      packet.reset(bytes, starts[frame]!, ends[frame]!);
      required(encapsulation.decapsulate(packet, tunnel));
      octets += packet.length;
    }
    return valueOf(octets, bytes, starts[frameInside(superFrame, 0)]! + VXLAN_OVERHEAD);
  };
}
