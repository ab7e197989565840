/** Jumbo frames through `@overlane/dove`: cut into fragments, and put together. */
import { DoveEncapsulation, ReassemblyStore, dove } from '@overlane/dove';
import { PacketBuffer, TunnelMetadata, read16 } from '@overlane/wire';
import { FRAME_LENGTH, type Windows, packWindows, sharedFrames } from './inputs.js';
import { INPUTS, type Operation } from './measure.js';
import { required } from './required.js';
import { createTunnel } from './super-frames.js';

/** Octets of a jumbo frame. */
export const JUMBO_LENGTH = 9000;
const HEADROOM = 128;
/** Different frames: 576 KB. */
const JUMBOS = 64;
/** Offset of two octets that vary: the value that all sides agree on. */
const PROBE = 40;
const OUTER = 28;
const HEADERS = OUTER + dove.FRAGMENT_LENGTH + 8;
/** Octets of a fragment over a path of 1500, but the last. */
const CHUNK = 1456;
/** Fragments of a jumbo frame. */
const FRAGMENTS = Math.ceil(JUMBO_LENGTH / CHUNK);
/** Datagrams in assembly at the same time. */
const INTERLEAVED = 1000;
/** The number of the jumbo frame for input `index`. */
function jumboOf(index: number): number {
  return index & (JUMBOS - 1);
}

/** Frames of 9,000 octets: shared frames one behind the other, room in front. */
function packJumbos(): Windows {
  const shared = sharedFrames();
  const frames = Array.from({ length: JUMBOS }, (_, jumbo) => {
    const frame = new Uint8Array(JUMBO_LENGTH);
    for (let at = 0, part = 0; at < JUMBO_LENGTH; at += FRAME_LENGTH, part++) {
      const next = shared[(jumbo * 16 + part) & (INPUTS - 1)]!;
      frame.set(next.subarray(0, Math.min(FRAME_LENGTH, JUMBO_LENGTH - at)), at);
    }
    return frame;
  });
  return packWindows(frames, HEADROOM);
}

function createEndpoint(): DoveEncapsulation {
  return new DoveEncapsulation({ takesExtensions: () => true });
}

/** Cuts frames, each octet copied and moved once, and writes all headers. Value: octets sent, joined with two of them. */
export function cutIntoFragments(): Operation {
  const { bytes, starts, ends } = packJumbos();
  const endpoint = createEndpoint();
  const tunnel = createTunnel();
  const packet = new PacketBuffer(bytes);
  let octets = 0;
  let probe = -1;
  const emit = (outer: PacketBuffer): void => {
    if (probe < 0) probe = read16(outer.bytes, outer.start + HEADERS + PROBE);
    octets += outer.length - HEADERS;
  };
  return (i) => {
    octets = 0;
    probe = -1;
    packet.reset(bytes, starts[jumboOf(i)]!, ends[jumboOf(i)]!);
    required(endpoint.encapsulate(packet, tunnel, emit));
    return octets ^ probe;
  };
}

/** Copies the frames into 32 places in turn, or always to one. */
export function copyJumbos(slots: number): Operation {
  const { bytes, starts, ends } = packJumbos();
  const out = new Uint8Array(slots * JUMBO_LENGTH);
  let slot = 0;
  return (i) => {
    const at = slot * JUMBO_LENGTH;
    slot = (slot + 1) % slots;
    out.set(bytes.subarray(starts[jumboOf(i)]!, ends[jumboOf(i)]!), at);
    return JUMBO_LENGTH ^ read16(out, at + PROBE);
  };
}

/** Fragments of all jumbo frames, those of one frame together and in order. */
function createFragments(): Uint8Array[] {
  const { bytes, starts, ends } = packJumbos();
  const endpoint = createEndpoint();
  const fragments: Uint8Array[] = [];
  starts.forEach((start, jumbo) => {
    const packet = new PacketBuffer(bytes, start, ends[jumbo]!);
    required(endpoint.encapsulate(packet, createTunnel(), (outer) => fragments.push(outer.copy())));
  });
  return fragments;
}

/** Puts frames together, one at a time, by all rules. Value: as {@link cutIntoFragments}. */
export function putTogether(): Operation {
  const { bytes, starts, ends } = packWindows(createFragments());
  const endpoint = createEndpoint();
  const packet = new PacketBuffer(bytes);
  const tunnel = new TunnelMetadata();
  return (i) => {
    const from = jumboOf(i) * FRAGMENTS;
    for (let at = from; at < from + FRAGMENTS; at++) {
      packet.reset(bytes, starts[at]!, ends[at]!);
      const outcome = endpoint.decapsulate(packet, tunnel, 0);
      required(at === from + FRAGMENTS - 1 || outcome !== 'incomplete' ? outcome : undefined);
    }
    return packet.length ^ read16(packet.bytes, packet.start + PROBE);
  };
}

/**
 * Stores one fragment, each of another one of 1,000 datagrams in turn. They are at different stages, so that one is
 * completed every six or so calls, always. Value: octets of the fragment.
 */
export function storeInterleaved(): Operation {
  const { bytes, starts, ends } = packWindows(createFragments());
  const store = new ReassemblyStore();
  const { source, destination } = createTunnel();
  const key = { source, destination, overlayId: 1, instanceId: 5001, control: false, tos: 0 };
  const fragment = { ...key, identification: 0, offset: 0, more: true };
  const next = new Int32Array(INTERLEAVED);
  const acceptNext = (datagram: number): number => {
    const part = next[datagram]!;
    const at = jumboOf(datagram) * FRAGMENTS + part;
    const isLast = part === FRAGMENTS - 1;
    fragment.identification = datagram;
    fragment.offset = part * CHUNK;
    fragment.more = !isLast;
    const outcome = store.accept(fragment, bytes, starts[at]! + HEADERS, ends[at]!, 0);
    if (outcome !== (isLast ? 'complete' : 'incomplete')) throw new Error(`fragment: ${outcome}`);
    next[datagram] = isLast ? 0 : part + 1;
    return ends[at]! - starts[at]! - HEADERS;
  };
  for (let datagram = 0; datagram < INTERLEAVED; datagram++) {
    // At least one fragment each, so that all datagrams are there from the start.
    for (let parts = 1 + (datagram % (FRAGMENTS - 1)); parts > 0; parts--) acceptNext(datagram);
  }
  let turn = 0;
  return () => {
    turn = turn === INTERLEAVED - 1 ? 0 : turn + 1;
    return acceptNext(turn);
  };
}

/** Octets of a fragment on average. */
export const FRAGMENT_OCTETS = JUMBO_LENGTH / FRAGMENTS;
