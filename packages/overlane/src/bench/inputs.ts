/**
 * Inputs of the measurements: the same in every process and every run, because they come from a fixed seed, and all
 * different, at offsets that are all different.
 */
import {
  type Encapsulation,
  PacketBuffer,
  TunnelMetadata,
  checksum,
  ethernet,
  flowHash,
  ipv4,
  tcp,
} from '@overlane/wire';
import { VNI_MAX, VxlanEncapsulation } from '@overlane/vxlan';
import { INPUTS } from './measure.js';
import { required } from './required.js';

/** Octets of an inner frame: what fits with VXLAN over IPv4 into a path MTU of 1500 octets, rounded down. */
export const FRAME_LENGTH = 1450;

/** Octets kept free in front of a frame for the headers of a tunnel. */
const HEADROOM = 128;

/** Pieces of one array: input `i` is `bytes[starts[i]..ends[i])`. */
export interface Windows {
  readonly bytes: Uint8Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** A function that returns the next pseudo-random integer in `0..max`. */
export type Random = (max: number) => number;

/** Marsaglia's xorshift32: enough to vary octets, and the same everywhere. `seed` must not be 0. */
export function createRandom(seed: number): Random {
  let state = seed;
  return (max) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 0x1_0000_0000) * (max + 1));
  };
}

/** `INPUTS` values made by `create`, which is given pseudo-random numbers of its own. */
export function createInputs<T>(seed: number, create: (random: Random) => T): T[] {
  const random = createRandom(seed);
  return Array.from({ length: INPUTS }, () => create(random));
}

/** Copies the pieces into one new array, each behind `headroom` and 0 to 7 more octets. */
export function packWindows(pieces: readonly Uint8Array[], headroom = 0): Windows {
  const random = createRandom(7);
  const starts = new Int32Array(pieces.length);
  const ends = new Int32Array(pieces.length);
  let at = 0;
  pieces.forEach((piece, i) => {
    starts[i] = at + headroom + random(7);
    at = ends[i] = starts[i]! + piece.length;
  });
  const bytes = new Uint8Array(at);
  pieces.forEach((piece, i) => bytes.set(piece, starts[i]));
  return { bytes, starts, ends };
}

/** Random octets. */
export function randomOctets(random: Random, length: number): Uint8Array<ArrayBuffer> {
  const octets = new Uint8Array(length);
  for (let i = 0; i < length; i++) octets[i] = random(255);
  return octets;
}

/** A unicast MAC address, locally administered. */
export function randomMac(random: Random): Uint8Array {
  return Uint8Array.of(2, 0, random(255), random(255), random(255), random(255));
}

/** An address of 10.0.0.0/8. */
export function randomIpv4(random: Random): number {
  return 0x0a00_0000 + random(0xff_ffff);
}

let frames: readonly Uint8Array[] | undefined;

/**
 * Ethernet frames of `FRAME_LENGTH` octets that hold TCP over IPv4, with right checksums and random data. Made once per
 * process; not to be written to.
 */
export function sharedFrames(): readonly Uint8Array[] {
  return (frames ??= createFrames());
}

function createFrames(): Uint8Array[] {
  return createInputs(1, (random) => {
    const frame = new Uint8Array(FRAME_LENGTH);
    const header: ethernet.EthernetHeader = {
      destination: randomMac(random),
      source: randomMac(random),
      tags: [],
      etherType: ethernet.ETHER_TYPE.IPV4,
    };
    const network = ethernet.encodeInto(header, frame);
    const transport = ipv4.encodeInto(
      {
        dscp: random(63),
        ecn: 2,
        totalLength: FRAME_LENGTH - network,
        identification: random(0xffff),
        dontFragment: true,
        moreFragments: false,
        fragmentOffset: 0,
        ttl: 32 + random(32),
        protocol: tcp.IP_PROTOCOL,
        source: randomIpv4(random),
        destination: randomIpv4(random),
        options: new Uint8Array(0),
      },
      frame,
      network,
    );
    const data = tcp.encodeInto(randomTcp(random), frame, transport);
    frame.set(randomOctets(random, FRAME_LENGTH - data), data);
    const sum = checksum.pseudoHeaderV4(frame, network, tcp.IP_PROTOCOL, FRAME_LENGTH - transport);
    tcp.writeChecksum(frame, transport, FRAME_LENGTH, sum);
    return frame;
  });
}

/** A TCP header without options. */
export function randomTcp(random: Random): tcp.TcpHeader {
  return {
    sourcePort: 1024 + random(40_000),
    destinationPort: 1024 + random(40_000),
    sequenceNumber: random(0xffff_ffff),
    acknowledgmentNumber: random(0xffff_ffff),
    flags: tcp.FLAG.ACK | (random(1) * tcp.FLAG.PSH),
    window: random(0xffff),
    checksum: 0,
    urgentPointer: 0,
    options: new Uint8Array(0),
  };
}

/** What is to stand in the outer headers of each frame: addresses of 10.0.0.0/8, a VNI, and the frame's flow hash. */
export function createTunnels(): TunnelMetadata[] {
  const tunnels = createInputs(2, (random) => {
    const tunnel = new TunnelMetadata();
    tunnel.network = random(VNI_MAX);
    tunnel.source.setIpv4(randomIpv4(random));
    tunnel.destination.setIpv4(randomIpv4(random));
    tunnel.dscp = random(63);
    return tunnel;
  });
  sharedFrames().forEach((frame, i) => (tunnels[i]!.entropy = flowHash(frame, 0, frame.length)));
  return tunnels;
}

/** The frames, free octets in front of each. */
export function packFrames(): Windows {
  return packWindows(sharedFrames(), HEADROOM);
}

/** VXLAN packets over IPv4 that carry the frames, without UDP checksum, from the outer IP header on. */
export function createPackets(): Uint8Array[] {
  return createPacketsOf(new VxlanEncapsulation());
}

/** Packets of any encapsulation that carry the frames, from the outer IP header on. */
export function createPacketsOf(
  encapsulation: Encapsulation,
  tunnels: readonly TunnelMetadata[] = createTunnels(),
): Uint8Array[] {
  return sharedFrames().map((frame, i) => {
    let packet: Uint8Array = frame;
    required(encapsulation.encapsulate(PacketBuffer.from(frame), tunnels[i]!, (outer) => (packet = outer.copy())));
    return packet;
  });
}
