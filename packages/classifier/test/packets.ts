/** Frames of every kind that the parser knows, whole and spoiled. */
import * as wire from '@overlane/wire';
import * as arb from '@overlane/wire/arbitraries';
import fc from 'fast-check';

const bits = (n: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** n - 1 });
const octets = (minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength, maxLength });
const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

interface Part {
  readonly type: number;
  readonly data: Uint8Array;
}

const data = octets(0, 12);
const of = (type: number, header: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Part> =>
  fc.tuple(header, data).map(([head, rest]) => ({ type, data: join(head, rest) }));

const ports = fc.oneof(
  of(
    6,
    arb.tcpHeader().map((header) => wire.tcp.encode(header)),
  ),
  of(
    17,
    arb.udpHeader().map((header) => wire.udp.encode(header)),
  ),
  of(132, octets(12)),
  of(47, octets(0, 8)),
);
const overIpv4 = fc.oneof(ports, of(1, octets(8)), of(2, octets(8)), of(58, octets(8)));
const neighbor = arb.neighborMessage().map((message) => ({ type: 58, data: wire.neighbor.encode(message) }));
const overIpv6 = fc.oneof(ports, neighbor, of(58, octets(8)), of(1, octets(8)));

const ipv4 = fc
  .tuple(arb.ipv4Header(), overIpv4, fc.constantFrom(0, 0, 1, 2, 3), octets(0, 4))
  .map(([header, part, fragment, padding]) => {
    const whole = {
      ...header,
      protocol: part.type,
      totalLength: 20 + header.options.length + part.data.length,
      moreFragments: (fragment & 1) !== 0,
      fragmentOffset: (fragment & 2) === 0 ? 0 : header.fragmentOffset,
    };
    return { type: 0x0800, data: join(wire.ipv4.encode(whole), part.data, padding) };
  });

/** Extension headers in front of a part; each says what follows. */
const extended = fc
  .tuple(overIpv6, fc.array(fc.tuple(fc.constantFrom(43, 44, 51, 60, 0), octets(8), bits(1)), { maxLength: 3 }))
  .map(([part, extensions]) =>
    extensions.reduceRight(({ type, data: behind }, [kind, header, more]) => {
      const filled = kind === 51 || more === 0 ? header : join(header, new Uint8Array(8));
      filled[0] = type;
      filled[1] = kind === 51 ? 0 : more;
      if (kind === 44) filled[3]! &= header[4]! & 7;
      return { type: kind, data: join(kind === 44 ? filled.subarray(0, 8) : filled, behind) };
    }, part),
  );

const ipv6 = fc.tuple(arb.ipv6Header(), fc.oneof(overIpv6, extended), octets(0, 4)).map(([header, part, padding]) => {
  const whole = { ...header, nextHeader: part.type, payloadLength: part.data.length };
  return { type: 0x86dd, data: join(wire.ipv6.encode(whole), part.data, padding) };
});

const arp = arb.arpMessage().map((message) => ({ type: 0x0806, data: wire.arp.encode(message) }));
const other = fc.oneof(of(0x8847, octets(4)), of(0x88cc, octets(0)), of(0x0026, octets(3)), of(0x8100, octets(0)));

/** Frames that follow their standards, with zero to three tags. */
export const frames: fc.Arbitrary<Uint8Array> = fc
  .tuple(
    octets(12),
    fc.array(fc.tuple(fc.constantFrom(0x8100, 0x88a8), bits(16)), { maxLength: 3 }),
    fc.oneof(ipv4, ipv6, arp, other),
  )
  .map(([addresses, tags, part]) => {
    const words = [...tags.flat(), part.type];
    return join(addresses, Uint8Array.from(words.flatMap((word) => [word >>> 8, word & 255])), part.data);
  });

/** Any octets, frames with some octets changed, and frames that are cut. */
export const hostileFrames: fc.Arbitrary<Uint8Array> = fc.oneof(
  octets(0, 80),
  fc
    .tuple(frames, fc.array(fc.tuple(fc.nat(), bits(8)), { maxLength: 3 }), fc.option(fc.nat(), { freq: 2 }))
    .map(([frame, changes, cut]) => {
      const bytes = frame.slice();
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      return cut === null ? bytes : bytes.subarray(0, cut % (bytes.length + 1));
    }),
);
