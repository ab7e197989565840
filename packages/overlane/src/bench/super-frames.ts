/**
 * TCP super-frames of nearly 64 KiB, as a guest with segmentation offload hands them over: 45 shared frames in one, so that
 * VXLAN can be given the very same octets in packets of its own.
 */
import { PacketBuffer, TunnelMetadata, checksum, ethernet, ipv4, read16, tcp, write16 } from '@overlane/wire';
import { FRAME_LENGTH, sharedFrames } from './inputs.js';
import { INPUTS } from './measure.js';

/** Frames of 1,450 octets in one super-frame. */
export const FRAMES_INSIDE = 45;
/** Octets of a super-frame: 65,250. */
export const SUPER_FRAME_LENGTH = FRAMES_INSIDE * FRAME_LENGTH;
/** Different super-frames: 4 MiB, more than a core's own cache holds. */
export const SUPER_FRAMES = 64;
/** Offset in a frame of two octets that vary, of the TCP sequence number: the value that all sides agree on. */
export const PROBE = 40;
/** TCP payload of a frame of 1,450 octets: what a guest would ask for. */
export const MSS = FRAME_LENGTH - 54;

const HEADROOM = 128;
const NETWORK = ethernet.HEADER_LENGTH;
const TRANSPORT = NETWORK + ipv4.HEADER_LENGTH;

/** The number of the super-frame for input `index`. */
export function superFrameOf(index: number): number {
  return index & (SUPER_FRAMES - 1);
}

/** The number of shared frame `part` inside super-frame `frame`. */
export function frameInside(frame: number, part: number): number {
  return (frame * (INPUTS / SUPER_FRAMES) + part) & (INPUTS - 1);
}

/** Super-frames in one array, room in front of each, and `tail` free octets behind all: the arena of a worker. */
export interface SuperFrameArena {
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  /** The free octets. */
  readonly tail: PacketBuffer;
}

/** Makes the super-frames. The TCP checksum is left unfinished, as offload has it. */
export function packSuperFrames(tail = 0): SuperFrameArena {
  const room = HEADROOM + SUPER_FRAME_LENGTH + 7;
  const bytes = new Uint8Array(SUPER_FRAMES * room + tail);
  // At offsets of all alignments, as elsewhere.
  const starts = Int32Array.from({ length: SUPER_FRAMES }, (_, frame) => frame * room + HEADROOM + (frame & 7));
  starts.forEach((start, frame) => {
    for (let part = 0; part < FRAMES_INSIDE; part++) {
      bytes.set(sharedFrames()[frameInside(frame, part)]!, start + part * FRAME_LENGTH);
    }
    makeOneSegment(bytes, start);
  });
  return { bytes, starts, tail: new PacketBuffer(bytes, bytes.length - tail, bytes.length) };
}

/** Makes the first frame's headers those of the whole. */
function makeOneSegment(bytes: Uint8Array, start: number): void {
  const network = start + NETWORK;
  const header = ipv4.decode(bytes, network, start + SUPER_FRAME_LENGTH);
  ipv4.encodeInto({ ...header, totalLength: SUPER_FRAME_LENGTH - NETWORK }, bytes, network);
  const sum = checksum.pseudoHeaderV4(bytes, network, tcp.IP_PROTOCOL, SUPER_FRAME_LENGTH - TRANSPORT);
  write16(bytes, start + TRANSPORT + 16, sum);
}

/** Says in `packet`, which holds a super-frame, that its checksum is unfinished and that it is to be cut. */
export function requestOffload(packet: PacketBuffer): void {
  packet.checksum = 'partial';
  packet.checksumStart = packet.start + TRANSPORT;
  packet.checksumField = packet.checksumStart + 16;
  packet.segmentType = 'tcp4';
  packet.segmentSize = MSS;
}

/** What all sides return for a super-frame whose first octet is at `start` and of which `octets` were moved. */
export function valueOf(octets: number, bytes: Uint8Array, start: number): number {
  return octets ^ read16(bytes, start + PROBE);
}

/** A tunnel between two addresses. */
export function createTunnel(): TunnelMetadata {
  const tunnel = new TunnelMetadata();
  tunnel.network = 5001;
  tunnel.source.setIpv4(0x0a00_0001);
  tunnel.destination.setIpv4(0x0a00_0002);
  tunnel.entropy = 0x1234_5678;
  return tunnel;
}
