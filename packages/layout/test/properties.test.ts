import { describe, it } from '@jest/globals';
import { CodecError } from '@overlane/wire';
import fc from 'fast-check';
import * as headers from '../src/headers.js';
import type { FieldPlace, FieldValue, HeaderRecord, Layout } from '../src/index.js';

const layouts = Object.entries(headers).flatMap(([name, value]) =>
  'diagram' in value ? [[name, value as Layout] as const] : [],
);

/** Octets of the tails, from the standards' own words; absent: any number. */
const TAILS: Readonly<Record<string, (record: Readonly<Record<string, number>>) => number>> = {
  ipv4: ({ ihl }) => Math.max(0, ihl! - 5) * 4,
  tcp: ({ dataOffset }) => Math.max(0, dataOffset! - 5) * 4,
  ah: ({ payloadLength }) => Math.max(0, payloadLength! - 1) * 4,
  'ipv6-hop-by-hop': ({ headerExtensionLength }) => 6 + headerExtensionLength! * 8,
  'ipv6-destination-options': ({ headerExtensionLength }) => 6 + headerExtensionLength! * 8,
  'ipv6-mobility': ({ headerExtensionLength }) => 6 + headerExtensionLength! * 8,
  hip: ({ headerExtensionLength }) => 6 + headerExtensionLength! * 8,
  shim6: ({ headerExtensionLength }) => 6 + headerExtensionLength! * 8,
  'ipv6-routing': ({ headerExtensionLength }) => 4 + headerExtensionLength! * 8,
};

const octetsOf = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });

function valueOf({ name, kind, bits }: FieldPlace): fc.Arbitrary<FieldValue> {
  // Kilobytes of tail would only cost time: two values stand for the long ones.
  if (name === 'headerExtensionLength' || (name === 'payloadLength' && bits === 8)) {
    return fc.oneof({ weight: 200, arbitrary: fc.nat({ max: 8 }) }, fc.constantFrom(254, 255));
  }
  switch (kind) {
    case 'flag':
      return fc.boolean();
    case 'u64':
      return fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
    case 'uint':
    case 'hex':
    case 'ipv4':
      return fc.integer({ min: 0, max: 2 ** bits! - 1 });
    default:
      return octetsOf(bits! / 8);
  }
}

function recordOf(layout: Layout): fc.Arbitrary<HeaderRecord> {
  const places = layout.fieldsOf();
  const fixed = places.filter(({ kind }) => kind !== 'rest');
  const tail = places.find(({ kind }) => kind === 'rest');
  const front = fc.record(Object.fromEntries(fixed.map((place) => [place.name, valueOf(place)])));
  if (tail === undefined) return front;
  return front.chain((record) => {
    const length = TAILS[layout.protocol]?.(record as Record<string, number>);
    const octets = length === undefined ? fc.uint8Array({ maxLength: 40 }) : octetsOf(length);
    return octets.map((value) => ({ ...record, [tail.name]: value }));
  });
}

function isEqual(a: FieldValue | undefined, b: FieldValue): boolean {
  if (!(a instanceof Uint8Array && b instanceof Uint8Array)) return a === b;
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}

describe.each(layouts)('%s', (_name, layout) => {
  it('roundtrip: decode(encode(record)) is the record', () => {
    fc.assert(
      fc.property(recordOf(layout), (record) => {
        const bytes = layout.encode(record);
        const decoded = layout.decode(bytes);
        const names = Object.keys(decoded);
        if (
          names.join() !==
          layout
            .fieldsOf()
            .map(({ name }) => name)
            .join()
        )
          throw new Error(names.join());
        return names.every((name) => isEqual(decoded[name], record[name]!)) && layout.length(bytes) === bytes.length;
      }),
    );
  });

  it('raw and total: any octets decode and encode back to themselves, or are too few', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat({ max: 4 }), fc.nat({ max: 4 }), (bytes, offset, cut) => {
        const end = bytes.length - cut;
        try {
          const record = layout.decode(bytes, offset, end);
          const length = layout.length(bytes, offset, end);
          JSON.stringify(layout.format(record));
          return offset + length <= end && isEqual(layout.encode(record), bytes.slice(offset, offset + length));
        } catch (error) {
          if (CodecError.is(error) && error.code === 'E_LAYOUT_TRUNCATED') return true;
          throw error;
        }
      }),
    );
  });
});
