/** fast-check generators of NVGRE and GRE headers and packets, for your tests and ours. */
import { type Encapsulation, type TunnelMetadata, PacketBuffer, ethernet } from '@overlane/wire';
import { type FrameOptions, frame } from '@overlane/wire/arbitraries';
import { tunnelMetadata } from '@overlane/wire/laws';
import fc from 'fast-check';
import { FLOW_ID_MAX, VSID_MAX, VSID_MIN, VSID_VENDOR } from './constants.js';
import { type NvgreOptions, NvgreEncapsulation } from './encapsulation.js';
import * as gre from './gre/index.js';
import type { NvgreHeader } from './header.js';

/** VSIDs of tenants, VSID_MIN..VSID_MAX; the ends are frequent. */
export const vsid = (): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(VSID_MIN, VSID_MIN + 1, VSID_MAX) },
    { weight: 4, arbitrary: fc.integer({ min: VSID_MIN, max: VSID_MAX }) },
  );

/** NVGRE headers, the vendor's VSID among them. */
export const nvgreHeader = (): fc.Arbitrary<NvgreHeader> =>
  fc.record({
    vsid: fc.oneof({ weight: 9, arbitrary: vsid() }, { weight: 1, arbitrary: fc.constant(VSID_VENDOR) }),
    flowId: fc.nat({ max: FLOW_ID_MAX }),
  });

/** GRE keys, 0..KEY_MAX; the ends are frequent. */
export const greKey = (): fc.Arbitrary<number> => uint32();

/** GRE headers with any optional fields. The checksum is any number, rarely the right one. */
export const greHeader = (): fc.Arbitrary<gre.GreHeader> =>
  fc.record({
    protocolType: fc.oneof(fc.constantFrom(...Object.values(gre.PROTOCOL_TYPE)), fc.nat({ max: 0xffff })),
    checksum: fc.option(fc.nat({ max: 0xffff }), { nil: undefined }),
    key: fc.option(uint32(), { nil: undefined }),
    sequenceNumber: fc.option(uint32(), { nil: undefined }),
  });

/** IP packets without an Ethernet header, as `GreOptions.payload` `ip` carries them. */
export const ipPacket = (sizes: FrameOptions = {}): fc.Arbitrary<Uint8Array> =>
  frame(sizes)
    .filter((whole) => {
      const etherType = ethernet.readEtherType(whole, 0);
      return etherType === ethernet.ETHER_TYPE.IPV4 || etherType === ethernet.ETHER_TYPE.IPV6;
    })
    .map((whole) => whole.slice(ethernet.HEADER_LENGTH));

/** A tunnel packet and what is in it. */
export interface TunnelPacket {
  /** The packet, from its outer IP header on. */
  readonly packet: Uint8Array;
  /** The inner frame, or IP packet. */
  readonly frame: Uint8Array;
  /** What the outer headers say. */
  readonly tunnel: TunnelMetadata;
}

/** Whole NVGRE packets as an endpoint with these options sends them, over IPv4 and IPv6. */
export const nvgrePacket = (options: NvgreOptions = {}, sizes: FrameOptions = {}): fc.Arbitrary<TunnelPacket> =>
  packets(() => new NvgreEncapsulation(options), frame(sizes), vsid());

/** Whole GRE packets as an endpoint with these options sends them, over IPv4 and IPv6; sequence numbers are 0. */
export const grePacket = (options: gre.GreOptions = {}, sizes: FrameOptions = {}): fc.Arbitrary<TunnelPacket> =>
  packets(
    () => new gre.GreEncapsulation(options),
    options.payload === 'ip' ? ipPacket(sizes) : frame(sizes),
    greNetwork(options),
  );

/** Networks that an endpoint with these options can carry. */
export const greNetwork = ({ keylessNetwork }: gre.GreOptions = {}): fc.Arbitrary<number> =>
  keylessNetwork === undefined ? greKey() : fc.constant(keylessNetwork);

function packets(
  make: () => Encapsulation,
  frames: fc.Arbitrary<Uint8Array>,
  networks: fc.Arbitrary<number>,
): fc.Arbitrary<TunnelPacket> {
  return fc.tuple(frames, tunnelMetadata(networks)).map(([inner, tunnel]) => {
    const emitted: Uint8Array[] = [];
    const fault = make().encapsulate(PacketBuffer.from(inner), tunnel, (outer) => emitted.push(outer.copy()));
    if (fault !== undefined) throw new Error(`options refuse the generated frame: ${fault}`);
    return { packet: emitted[0]!, frame: inner, tunnel };
  });
}

function uint32(): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff) },
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 0xffff_ffff }) },
  );
}
