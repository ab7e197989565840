/** fast-check generators of Geneve options, headers and packets, for your tests and ours. */
import { type TunnelMetadata, PacketBuffer } from '@overlane/wire';
import { type FrameOptions, frame } from '@overlane/wire/arbitraries';
import { tunnelMetadata } from '@overlane/wire/laws';
import fc from 'fast-check';
import { OPTIONS_LENGTH_MAX, OPTION_DATA_LENGTH_MAX, OPTION_HEADER_LENGTH, VNI_MAX } from './constants.js';
import { type GeneveEndpointOptions, GeneveEncapsulation } from './encapsulation.js';
import type { GeneveHeader } from './header.js';
import type { GeneveOption } from './options.js';

/** VNIs, 0..VNI_MAX; the ends are frequent. */
export const vni = (): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(0, 1, VNI_MAX) },
    { weight: 4, arbitrary: fc.nat({ max: VNI_MAX }) },
  );

/** Options of any class and type, critical ones included; short data is frequent, and the longest is not rare. */
export const geneveOption = (): fc.Arbitrary<GeneveOption> =>
  fc.record({
    optionClass: fc.oneof(fc.integer({ min: 0x0100, max: 0x0110 }), fc.nat({ max: 0xffff })),
    type: fc.nat({ max: 0xff }),
    data: fc
      .oneof(
        { weight: 6, arbitrary: fc.nat({ max: 3 }) },
        { weight: 1, arbitrary: fc.constantFrom(OPTION_DATA_LENGTH_MAX / 4 - 1, OPTION_DATA_LENGTH_MAX / 4) },
        { weight: 2, arbitrary: fc.nat({ max: OPTION_DATA_LENGTH_MAX / 4 }) },
      )
      .chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 })),
  });

/** Lists of options that fit a header; the same kind may repeat, and empty lists are frequent. */
export const geneveOptions = (lengthMax = OPTIONS_LENGTH_MAX): fc.Arbitrary<GeneveOption[]> =>
  fc
    .oneof(
      { weight: 4, arbitrary: fc.array(geneveOption(), { maxLength: 4 }) },
      { weight: 1, arbitrary: fc.array(emptyOption(), { maxLength: OPTIONS_LENGTH_MAX / OPTION_HEADER_LENGTH }) },
    )
    .map((options) => {
      let left = lengthMax;
      return options.filter(({ data }) => {
        const length = OPTION_HEADER_LENGTH + data.length;
        const fits = length <= left;
        if (fits) left -= length;
        return fits;
      });
    });

/** Geneve headers. */
export const geneveHeader = (): fc.Arbitrary<GeneveHeader> =>
  fc.record({
    control: fc.boolean(),
    protocolType: fc.oneof(fc.constantFrom(0x6558, 0x0800, 0x86dd), fc.nat({ max: 0xffff })),
    vni: vni(),
    options: geneveOptions(),
  });

/** A Geneve packet and what is in it. */
export interface GenevePacket {
  /** The packet, from its outer IP header on. */
  readonly packet: Uint8Array;
  /** The inner frame. */
  readonly frame: Uint8Array;
  /** What the outer headers say. */
  readonly tunnel: TunnelMetadata;
  /** The options it carries. */
  readonly options: readonly GeneveOption[];
}

/** Whole packets as an endpoint with this configuration and any options sends them, over IPv4 and IPv6. */
export const genevePacket = (
  configuration: GeneveEndpointOptions = {},
  sizes: FrameOptions = {},
): fc.Arbitrary<GenevePacket> =>
  fc.tuple(frame(sizes), tunnelMetadata(vni()), geneveOptions()).map(([inner, tunnel, options]) => {
    const endpoint = new GeneveEncapsulation({ options, ...configuration });
    const emitted: Uint8Array[] = [];
    const packet = PacketBuffer.from(inner, endpoint.overhead(6));
    const fault = endpoint.encapsulate(packet, tunnel, (outer) => emitted.push(outer.copy()));
    if (fault !== undefined) throw new Error(`configuration refuses the generated frame: ${fault}`);
    return { packet: emitted[0]!, frame: inner, tunnel, options: configuration.options ?? options };
  });

const emptyOption = (): fc.Arbitrary<GeneveOption> =>
  fc.record({
    optionClass: fc.nat({ max: 0xffff }),
    type: fc.nat({ max: 0xff }),
    data: fc.constant(new Uint8Array(0)),
  });
