import fc from 'fast-check';
import type { PcapOptions } from '../src/index.js';
import { join } from './outcome.js';
import { PcapngBuilder } from './pcapng-builder.js';

/** A packet that a nanosecond pcap file can hold. */
export const packet = fc
  .record({
    bytes: fc.uint8Array({ maxLength: 40 }),
    timestampNs: fc.bigInt({ min: 0n, max: 2n ** 32n * 1_000_000_000n - 1n }),
    cut: fc.nat(2000),
  })
  .map(({ bytes, timestampNs, cut }) => ({ bytes, timestampNs, originalLength: bytes.length + cut }));

export const byteOrder = fc.constantFrom('big' as const, 'little' as const);

/** What a pcap file can be. */
export const pcapOptions: fc.Arbitrary<Required<PcapOptions>> = fc.record({
  linkType: fc.nat(0xffff),
  snapLength: fc.integer({ min: 40, max: 0xffff_ffff }),
  byteOrder,
  resolution: fc.constantFrom('microseconds' as const, 'nanoseconds' as const),
});

const section = byteOrder.chain((order) => {
  const ng = new PcapngBuilder(order);
  const data = fc.uint8Array({ maxLength: 20 });
  const units = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const option = fc.oneof(
    fc.nat(255).map((resolution) => ng.option(9, Uint8Array.of(resolution))),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((offset) => ng.option(14, ng.i64(offset))),
    data.map((value) => ng.option(2, value)),
    fc.constant(ng.option(0)),
  );
  const described = fc
    .tuple(fc.nat(0xffff), fc.nat(24), fc.array(option, { maxLength: 3 }))
    .map(([linkType, snapLength, options]) => ng.interface(linkType, snapLength, ...options));
  const block = fc.oneof(
    described,
    fc.tuple(fc.nat(2), units, data).map(([id, time, bytes]) => ng.enhanced(id, time, bytes)),
    fc.tuple(fc.nat(2), units, data).map(([id, time, bytes]) => ng.obsolete(id, time, bytes)),
    data.map((bytes) => ng.simple(bytes)),
    fc.tuple(fc.integer({ min: 4, max: 0xffff_ffff }), data).map(([type, bytes]) => ng.block(type, bytes)),
  );
  return fc
    .tuple(fc.array(described, { maxLength: 3 }), fc.array(block, { maxLength: 6 }))
    .map(([first, rest]) => join(ng.section(), ...first, ...rest));
});

/** A pcapng file, well-formed but for unknown interfaces, repeated options and snapshot lengths that do not fit. */
export const pcapngFile = fc.array(section, { minLength: 1, maxLength: 3 }).map((sections) => join(...sections));

/** Up to `count` places to cut a file, as fractions of its length. */
export const fractions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

/** `fractions` as sorted offsets into `length` octets. */
export function toCuts(places: readonly number[], length: number): number[] {
  return places.map((place) => Math.floor(place * length)).sort((a, b) => a - b);
}
