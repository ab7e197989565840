/** The three tiers of one header codec as rows: read (data path), decode and encode (values). */
import { read16 } from '@overlane/wire';
import { type Windows, packWindows } from './inputs.js';
import { INPUTS, type Operation } from './measure.js';
import type { BenchCase } from './suite.js';

/** A header codec, and how to see that two programs read the same out of it. Functions return integers 0..2^31-1. */
export interface HeaderSubject<Header, Layout> {
  /** Protocol name: first word of the rows and of the peers' operations. */
  readonly name: string;
  /** What stands in the headers. */
  readonly headers: () => readonly Header[];
  /** Writes one into new memory. */
  readonly encode: (header: Header) => Uint8Array;
  /** `check`, then every reader of the data path; returns the value that all programs agree on. */
  readonly read: (bytes: Uint8Array, offset: number, end: number) => number;
  /** Names of what `read` calls. */
  readonly reads: string;
  /** Returns the header as an object. */
  readonly decode: (bytes: Uint8Array, offset: number, end: number) => Header;
  /** The value that all programs agree on. */
  readonly valueOf: (header: Header) => number;
  /** Writes a header that exists as an object. */
  readonly encodeInto: (header: Header, out: Uint8Array, offset: number) => number;
  /** Offset of two octets of the encoded header that vary: the value of `encode`. */
  readonly probe: number;
  /** Its layout. */
  readonly layout: {
    decode(bytes: Uint8Array, offset: number, end: number): Layout;
    encode(header: Layout): Uint8Array;
  };
  /** The value that all programs agree on. */
  readonly layoutValueOf: (header: Layout) => number;
  /** What gopacket's type is called, if it has one. */
  readonly goType?: string;
  /** What gopacket's type can do. Default: both. */
  readonly goDoes?: 'decode' | 'both';
  /** What scapy's class is called, if it has one. */
  readonly scapyClass?: string;
}

/** Rows `NAME read`, `NAME decode` and `NAME encode`. */
export function headerCases<Header, Layout>(subject: HeaderSubject<Header, Layout>): BenchCase[] {
  const { name, goType, goDoes = 'both', scapyClass } = subject;
  const decode = {
    layout: { does: 'layout.decode: all raw fields into an object', setup: () => decodeLayout(subject) },
    ...(goType !== undefined && {
      gopacket: { operation: `${name} decode`, does: `layers.${goType}.DecodeFromBytes into a reused struct` },
    }),
    ...(scapyClass !== undefined && { scapy: { operation: `${name} decode`, does: `${scapyClass}(octets)` } }),
  };
  const encode = {
    layout: { does: 'layout.encode of an existing object into new memory', setup: () => encodeLayout(subject) },
    ...(goType !== undefined &&
      goDoes === 'both' && {
        gopacket: {
          operation: `${name} encode`,
          does: `layers.${goType}.SerializeTo of an existing struct, reused buffer`,
        },
      }),
    ...(scapyClass !== undefined && {
      scapy: { operation: `${name} encode`, does: `bytes() of an existing ${scapyClass} object` },
    }),
  };
  return [
    { name: `${name} read`, tier: 'data path', does: subject.reads, setup: () => read(subject), ...decode },
    {
      name: `${name} decode`,
      tier: 'value',
      does: 'decode: check, then all fields into a new object',
      setup: () => decodeValue(subject),
      ...decode,
    },
    {
      name: `${name} encode`,
      tier: 'value',
      does: 'encodeInto: an existing object, all fields checked, into a reused buffer',
      setup: () => encodeValue(subject),
      ...encode,
    },
  ];
}

/** The encoded headers, for the peers. */
export function headerOctets<Header, Layout>(subject: HeaderSubject<Header, Layout>): Uint8Array[] {
  return subject.headers().map((header) => subject.encode(header));
}

/** Objects made by a measured operation go here, so that the compiler can't do without them. */
const made: { header: unknown } = { header: undefined };

/** Lets `header` live on, as it would in a program that uses it. */
export function publish<Header>(header: Header): Header {
  made.header = header;
  return header;
}

function windowsOf<Header, Layout>(subject: HeaderSubject<Header, Layout>): Windows {
  return packWindows(headerOctets(subject));
}

function read<Header, Layout>(subject: HeaderSubject<Header, Layout>): Operation {
  const { bytes, starts, ends } = windowsOf(subject);
  const { read: readHeader } = subject;
  return (i) => readHeader(bytes, starts[i]!, ends[i]!);
}

function decodeValue<Header, Layout>(subject: HeaderSubject<Header, Layout>): Operation {
  const { bytes, starts, ends } = windowsOf(subject);
  const { decode, valueOf } = subject;
  return (i) => valueOf(publish(decode(bytes, starts[i]!, ends[i]!)));
}

function encodeValue<Header, Layout>(subject: HeaderSubject<Header, Layout>): Operation {
  const headers = subject.headers();
  const { bytes: out, starts } = windowsOf(subject);
  out.fill(0);
  const { encodeInto, probe } = subject;
  return (i) => {
    encodeInto(headers[i]!, out, starts[i]!);
    return read16(out, starts[i]! + probe);
  };
}

function decodeLayout<Header, Layout>(subject: HeaderSubject<Header, Layout>): Operation {
  const { bytes, starts, ends } = windowsOf(subject);
  const { layout, layoutValueOf } = subject;
  return (i) => layoutValueOf(publish(layout.decode(bytes, starts[i]!, ends[i]!)));
}

function encodeLayout<Header, Layout>(subject: HeaderSubject<Header, Layout>): Operation {
  const { bytes, starts, ends } = windowsOf(subject);
  const { layout, probe } = subject;
  const records = Array.from({ length: INPUTS }, (_, i) => layout.decode(bytes, starts[i]!, ends[i]!));
  return (i) => read16(publish(layout.encode(records[i]!)), probe);
}
