/** fast-check generators of STT headers and packets, for your tests and ours. */
import { type TunnelMetadata, PacketBuffer } from '@overlane/wire';
import { type FrameOptions, frame } from '@overlane/wire/arbitraries';
import { tunnelMetadata } from '@overlane/wire/laws';
import fc from 'fast-check';
import { FRAME_HEADER_LENGTH, FRAME_LENGTH_MAX } from './constants.js';
import { type SttOptions, SttEncapsulation } from './encapsulation.js';
import { CONTEXT_ID_MAX, FLAG, type SttFrameHeader, l4OffsetMin } from './frame/frame-header.js';
import type { SttSegmentHeader } from './segment/segment-header.js';

const bits = (n: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** n - 1 });

/** Context ids that `TunnelMetadata.network` can hold, 0..2^53-1; the ends are frequent. */
export const network = (): fc.Arbitrary<number> =>
  fc.oneof(fc.constantFrom(0, 1, 0xffff_ffff, 0x1_0000_0000, Number.MAX_SAFE_INTEGER), fc.maxSafeNat());

/** Segment headers, TCP options included. */
export const sttSegmentHeader = (): fc.Arbitrary<SttSegmentHeader> =>
  fc.integer({ min: FRAME_HEADER_LENGTH, max: FRAME_LENGTH_MAX }).chain((frameLength) =>
    fc.record({
      sourcePort: bits(16),
      destinationPort: bits(16),
      frameLength: fc.constant(frameLength),
      segmentOffset: fc.nat({ max: frameLength - 1 }),
      packetId: bits(32),
      flags: bits(8),
      window: bits(16),
      checksum: bits(16),
      urgentPointer: bits(16),
      options: fc.nat({ max: 10 }).chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 })),
    }),
  );

/** Frame headers, with and without offload and VLAN. */
export const sttFrameHeader = (): fc.Arbitrary<SttFrameHeader> => {
  const claims = fc.constantFrom(0, FLAG.CHECKSUM_VERIFIED).map((flags) => ({ flags, l4Offset: 0, mss: 0 }));
  const kinds = [0, FLAG.IPV4, FLAG.TCP, FLAG.IPV4 | FLAG.TCP].map((kind) => kind | FLAG.CHECKSUM_PARTIAL);
  const partial = fc.constantFrom(...kinds).chain((flags) =>
    fc.record({
      flags: fc.constant(flags),
      l4Offset: fc.integer({ min: l4OffsetMin(flags), max: 255 }),
      mss: bits(16),
    }),
  );
  const vlan = fc.oneof(
    fc.constant({ vlanValid: false, pcp: 0, vlanId: 0 }),
    fc.record({ vlanValid: fc.constant(true), pcp: bits(3), vlanId: bits(12) }),
  );
  return fc
    .tuple(fc.oneof(claims, partial), vlan, fc.bigInt({ min: 0n, max: CONTEXT_ID_MAX }))
    .map(([offload, tag, contextId]) => ({ ...offload, ...tag, contextId }));
};

/** An inner frame and the packets that carry it. */
export interface SttPackets {
  /** The packets in order, each from its outer IP header on: one per segment. */
  readonly packets: readonly Uint8Array[];
  /** The inner frame. */
  readonly frame: Uint8Array;
  /** What the outer headers say. */
  readonly tunnel: TunnelMetadata;
}

/** Whole frames as an endpoint with these options sends them, over IPv4 and IPv6. Packet ids count from frame to frame. */
export const sttPackets = (options: SttOptions = {}, sizes: FrameOptions = {}): fc.Arbitrary<SttPackets> => {
  const endpoint = new SttEncapsulation(options);
  return fc.tuple(frame(sizes), tunnelMetadata(network())).map(([inner, tunnel]) => {
    const packets: Uint8Array[] = [];
    const fault = endpoint.encapsulate(PacketBuffer.from(inner), tunnel, (outer) => packets.push(outer.copy()));
    if (fault !== undefined) throw new Error(`options refuse the generated frame: ${fault}`);
    return { packets, frame: inner, tunnel };
  });
};
