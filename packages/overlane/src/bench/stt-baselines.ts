/** What STT is measured against: a copy of the same octets, and VXLAN's packets with the same octets. */
import { VxlanEncapsulation } from '@overlane/vxlan';
import { PacketBuffer, TunnelMetadata } from '@overlane/wire';
import { createPackets, createTunnels, packFrames, packWindows } from './inputs.js';
import type { Operation } from './measure.js';
import { required } from './required.js';
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
