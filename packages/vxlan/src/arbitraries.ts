/** fast-check generators of VXLAN headers and packets, for your tests and ours. */
import { type TunnelMetadata, PacketBuffer } from '@overlane/wire';
import { type FrameOptions, frame } from '@overlane/wire/arbitraries';
import { tunnelMetadata } from '@overlane/wire/laws';
import fc from 'fast-check';
import { VNI_MAX } from './constants.js';
import { type VxlanOptions, VxlanEncapsulation } from './encapsulation.js';
import type { VxlanGpeHeader } from './gpe.js';
import type { VxlanHeader } from './header.js';

/** VNIs, 0..VNI_MAX; the ends are frequent. */
export const vni = (): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(0, 1, VNI_MAX) },
    { weight: 4, arbitrary: fc.nat({ max: VNI_MAX }) },
  );

/** VXLAN headers. */
export const vxlanHeader = (): fc.Arbitrary<VxlanHeader> => fc.record({ vni: vni() });

/** VXLAN-GPE headers. */
export const vxlanGpeHeader = (): fc.Arbitrary<VxlanGpeHeader> =>
  fc.record({
    vni: vni(),
    nextProtocol: fc.option(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0x80, max: 0xff })), {
      nil: undefined,
    }),
    bum: fc.boolean(),
    oam: fc.boolean(),
  });

/** A VXLAN packet and what is in it. */
export interface VxlanPacket {
  /** The packet, from its outer IP header on. */
  readonly packet: Uint8Array;
  /** The inner frame. */
  readonly frame: Uint8Array;
  /** What the outer headers say. */
  readonly tunnel: TunnelMetadata;
}

/** Whole packets as an endpoint with these options sends them, over IPv4 and IPv6. */
export const vxlanPacket = (options: VxlanOptions = {}, sizes: FrameOptions = {}): fc.Arbitrary<VxlanPacket> => {
  const endpoint = new VxlanEncapsulation(options);
  return fc.tuple(frame(sizes), tunnelMetadata(vni())).map(([inner, tunnel]) => {
    const emitted: Uint8Array[] = [];
    const fault = endpoint.encapsulate(PacketBuffer.from(inner), tunnel, (outer) => emitted.push(outer.copy()));
    if (fault !== undefined) throw new Error(`options refuse the generated frame: ${fault}`);
    return { packet: emitted[0]!, frame: inner, tunnel };
  });
};
