/**
 * The laws of Geneve codecs, option codecs and encapsulations. Pass your own implementation to test it, with the
 * layouts as oracle:
 *
 *     for (const law of geneveLaws(myCodec)) it(law.name, () => fc.assert(law.property));
 */
import type { Codec, Encapsulation } from '@overlane/wire';
import {
  type EncapsulationLaw,
  type Law,
  type LawSubject,
  type Oracle,
  codecLaws,
  encapsulationLaws,
} from '@overlane/wire/laws';
import fc from 'fast-check';
import { vni, geneveHeader } from './arbitraries.js';
import { VERSION, VNI_MAX } from './constants.js';
import { GeneveEncapsulation } from './encapsulation.js';
import * as geneve from './header.js';
import { geneveLayout, splitOptions } from './layout.js';
import { type GeneveOptionCodec, makeOption, valuesOf } from './option-codecs.js';

/** The layout, with the options taken apart and without their reserved bits: what a decoded header can say. */
const oracle: Oracle = {
  decode: (bytes, offset, end) => {
    const record = geneveLayout.decode(bytes, offset, end);
    const list = splitOptions(record.options).map(({ optionClass, type, data }) => ({ optionClass, type, data }));
    return { ...record, optionsLength: 4 * record.optLen, list };
  },
  encode: (record) => geneveLayout.encode(record as ReturnType<typeof geneveLayout.decode>),
};

/** The Geneve header as a law subject. */
export const geneveSubject = (codec: Codec<geneve.GeneveHeader> = geneve): LawSubject<geneve.GeneveHeader> => ({
  codec,
  faults: [
    'E_GENEVE_TRUNCATED',
    'E_GENEVE_UNSUPPORTED_VERSION',
    'E_GENEVE_OPTIONS_LENGTH_MISMATCH',
    'E_GENEVE_CRITICAL_FLAG_MISSING',
  ],
  headers: geneveHeader(),
  packetOf: (header) => codec.encode(header),
  canonical,
  fields: {
    optionsLength: { read: geneve.readOptionsLength },
    control: { read: geneve.readControl },
    critical: { read: geneve.readCritical },
    protocolType: { read: geneve.readProtocolType, write: geneve.writeProtocolType, max: 0xffff },
    vni: { read: geneve.readVni, write: geneve.writeVni, max: VNI_MAX },
  },
  oracle,
  toRecord: ({ options, ...rest }) => ({ ...rest, version: VERSION, list: options }),
});

/** Reserved bits cleared, in the options too, and the C bit as the options say. */
function canonical(packet: Uint8Array): Uint8Array {
  const header = packet.slice(0, 8 + 4 * (packet[0]! % 64));
  let critical = 0;
  for (let at = 8; at < header.length; at += 4 + 4 * header[at + 3]!) {
    header[at + 3]! %= 32;
    critical |= header[at + 2]! & 0x80;
  }
  header[1] = (header[1]! & 0x80) | (critical >>> 1);
  header[7] = 0;
  return header;
}

/** The laws of a Geneve header codec with its options: ours, or `codec`. */
export const geneveLaws = (codec?: Codec<geneve.GeneveHeader>): Law[] => codecLaws(geneveSubject(codec));

/** One law of option codecs; `property` runs on its own. */
export interface OptionLaw {
  /** Same names for every option codec. */
  readonly name: 'roundtrip' | 'total';
  /** What must hold. */
  readonly property: fc.IRawProperty<unknown, false>;
}

/**
 * The laws of your codec for one kind of option. `roundtrip`: what it encodes for one of `values` passes through a
 * header, and decodes to the same. `total`: on any data `check` gives a fault or none, and where it gives none, `decode`
 * returns.
 */
export const optionLaws = <T>(codec: GeneveOptionCodec<T>, values: fc.Arbitrary<T>): OptionLaw[] => [
  {
    name: 'roundtrip',
    property: fc.property(values, (value) => {
      const options = [makeOption(codec, value)];
      const header = geneve.decode(geneve.encode({ control: false, protocolType: 0x6558, vni: 0, options }));
      const decoded = valuesOf(header.options, codec);
      if (!same(decoded, [value])) throw new Error(`${fc.stringify(decoded)} instead of ${fc.stringify(value)}`);
    }),
  },
  {
    name: 'total',
    property: fc.property(
      fc.nat({ max: 31 }).chain((words) => fc.uint8Array({ minLength: 4 * words, maxLength: 4 * words })),
      fc.nat({ max: 8 }),
      (data, shift) => {
        const bytes = new Uint8Array(shift + data.length + shift);
        bytes.set(data, shift);
        const fault = codec.check?.(bytes, shift, shift + data.length);
        if (fault === undefined) codec.decode(bytes, shift, shift + data.length);
        else if (!fault.startsWith('E_')) throw new Error(`${fault} is no fault`);
      },
    ),
  },
];

/** Deep equality of option values: scalars, octets, lists and plain records, whatever their prototype. */
function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => same(left[name], right[name]));
}

/** The laws of a Geneve encapsulation: ours, or what `make` makes. */
export const geneveEncapsulationLaws = (
  make: () => Encapsulation = () => new GeneveEncapsulation(),
): EncapsulationLaw[] => encapsulationLaws({ make, networks: vni() });
