/** fast-check generators of OTV and DOVE headers, extensions and packets, for your tests and ours. */
import { type TunnelMetadata, PacketBuffer } from '@overlane/wire';
import { type FrameOptions, frame } from '@overlane/wire/arbitraries';
import { tunnelMetadata } from '@overlane/wire/laws';
import fc from 'fast-check';
import { INSTANCE_ID_MAX } from './constants.js';
import {
  type DoveExtension,
  type DoveHeader,
  type DoveOption,
  type FragmentExtension,
  EXTENSIONS_LENGTH_MAX,
  EXTENSIONS_MAX,
  FRAGMENT_LENGTH,
  SKIPPABLE,
  optionsLength,
  padOptions,
} from './dove/index.js';
import { type DoveEndpointOptions, DoveEncapsulation } from './encapsulation.js';
import type { OtvHeader } from './otv/index.js';

export { vanMessage } from './van/arbitraries.js';

/** Overlay and instance identifiers, 24 bits; the ends are frequent. */
export const identifier = (): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constantFrom(0, 1, INSTANCE_ID_MAX) },
    { weight: 4, arbitrary: fc.nat({ max: INSTANCE_ID_MAX }) },
  );

/** OTV headers; some have no instance. */
export const otvHeader = (): fc.Arbitrary<OtvHeader> =>
  fc.record({ overlayId: identifier(), instanceId: fc.option(identifier(), { nil: undefined, freq: 4 }) });

/** Options of any type, padding included; short values are frequent. */
export const doveOption = (): fc.Arbitrary<DoveOption> =>
  fc.record({
    type: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.nat({ max: 0xff })),
    value: fc.oneof({ weight: 8, arbitrary: octets(6) }, { weight: 1, arbitrary: octets(0xff) }),
  });

/** Fragment extensions. One with `more` has room for eight octets behind its offset. */
export const doveFragment = (): fc.Arbitrary<FragmentExtension> =>
  fc.record({
    kind: fc.constant('fragment' as const),
    offset: fc.oneof(
      fc.constantFrom(0, 8, 0xffe8),
      fc.nat({ max: 0xffe8 / 8 }).map((units) => units * 8),
    ),
    more: fc.boolean(),
    identification: fc.nat({ max: 0xffff_ffff }),
  });

/** Lists of extensions that fit a header, options padded; a fragment, if any, is last. Empty lists are frequent. */
export const doveExtensions = (): fc.Arbitrary<DoveExtension[]> =>
  fc
    .tuple(
      fc.array(fc.oneof(optionsExtension(), opaqueExtension()), { maxLength: EXTENSIONS_MAX }),
      fc.option(doveFragment(), { nil: undefined, freq: 2 }),
    )
    .map(([front, fragment]) => {
      const behind: DoveExtension[] = fragment === undefined ? [] : [fragment];
      let left = EXTENSIONS_LENGTH_MAX - behind.length * FRAGMENT_LENGTH;
      const fitting = front.filter((extension) => {
        const length = lengthOf(extension);
        const fits = length <= left;
        if (fits) left -= length;
        return fits;
      });
      return [...fitting.slice(0, EXTENSIONS_MAX - behind.length), ...behind];
    });

/** DOVE headers of both versions. */
export const doveHeader = (): fc.Arbitrary<DoveHeader> =>
  fc.oneof(
    {
      weight: 1,
      arbitrary: otvHeader().map((header) => ({ version: 0 as const, control: false, ...header, extensions: [] })),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        version: fc.constant(1 as const),
        control: fc.boolean(),
        overlayId: identifier(),
        instanceId: identifier(),
        extensions: doveExtensions(),
      }),
    },
  );

/** A packet, or the fragments of one, and what is in it. */
export interface DovePacket {
  /** The packets, from their outer IP headers on. */
  readonly packets: readonly Uint8Array[];
  /** The inner frame. */
  readonly frame: Uint8Array;
  /** What the outer headers say. */
  readonly tunnel: TunnelMetadata;
}

/** Whole packets as an endpoint with these options sends them, over IPv4 and IPv6. */
export const dovePacket = (options: DoveEndpointOptions = {}, sizes: FrameOptions = {}): fc.Arbitrary<DovePacket> => {
  const endpoint = new DoveEncapsulation(options);
  return fc.tuple(frame(sizes), tunnelMetadata(identifier())).map(([inner, tunnel]) => {
    const packets: Uint8Array[] = [];
    const packet = PacketBuffer.from(inner, endpoint.overhead(6));
    const fault = endpoint.encapsulate(packet, tunnel, (outer) => packets.push(outer.copy()));
    if (fault !== undefined) throw new Error(`options refuse the generated frame: ${fault}`);
    return { packets, frame: inner, tunnel };
  });
};

const octets = (maxLength: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength });

const optionsExtension = (): fc.Arbitrary<DoveExtension> =>
  fc
    .array(doveOption(), { maxLength: 4 })
    .map((options) => ({ kind: 'options' as const, options: [...padOptions(options)] }));

const opaqueExtension = (): fc.Arbitrary<DoveExtension> =>
  fc
    .tuple(fc.integer({ min: SKIPPABLE, max: 0xff }), fc.nat({ max: 4 }))
    .chain(([type, units]) =>
      fc
        .uint8Array({ minLength: 2 + 4 * units, maxLength: 2 + 4 * units })
        .map((body) => ({ kind: 'opaque' as const, type, body })),
    );

function lengthOf(extension: DoveExtension): number {
  if (extension.kind === 'fragment') return FRAGMENT_LENGTH;
  return 2 + (extension.kind === 'options' ? optionsLength(extension.options) : extension.body.length);
}
