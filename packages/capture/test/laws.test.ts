import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { encodePcapHeader, encodePcapRecord } from '../src/index.js';
import { fractions, packet, pcapngFile, pcapOptions, toCuts } from './arbitraries.js';
import { describeOutcome, join, readPieces, toHex } from './outcome.js';

const pcapFile = fc
  .tuple(fc.array(packet, { maxLength: 6 }), pcapOptions)
  .map(([packets, options]) =>
    join(encodePcapHeader(options), ...packets.map((each) => encodePcapRecord(each, options))),
  );
const anyFile = fc.oneof(pcapFile, pcapngFile);
const mutations = fc.array(fc.record({ place: fc.double({ min: 0, max: 1, noNaN: true }), octet: fc.nat(255) }), {
  minLength: 1,
  maxLength: 4,
});

function mutate(file: Uint8Array, changes: readonly { place: number; octet: number }[]): Uint8Array {
  const copy = file.slice();
  for (const { place, octet } of changes) copy[Math.floor(place * (file.length - 1))] = octet;
  return copy;
}

const everyOctet = (bytes: Uint8Array) => Array.from(bytes, (_, i) => i + 1);

describe('laws', () => {
  it('roundtrip: reading what was written gives the packets, at the resolution of the file', () => {
    const law = fc.property(fc.array(packet, { maxLength: 6 }), pcapOptions, (packets, options) => {
      const records = packets.map((each) => encodePcapRecord(each, options));
      const read = readPieces(join(encodePcapHeader(options), ...records));
      const unit = options.resolution === 'nanoseconds' ? 1n : 1000n;
      return (
        read.fault === undefined &&
        read.packets.length === packets.length &&
        read.packets.every((found, i) => {
          const { bytes, timestampNs, originalLength } = packets[i]!;
          return (
            toHex(found.bytes) === toHex(bytes) &&
            found.timestampNs === timestampNs - (timestampNs % unit) &&
            found.timeUs === Number(timestampNs / 1000n) &&
            found.originalLength === originalLength &&
            found.linkType === options.linkType
          );
        })
      );
    });
    fc.assert(law);
  });

  it('canonical: writing what was read gives the octets', () => {
    const law = fc.property(fc.array(packet, { maxLength: 6 }), pcapOptions, (packets, options) => {
      const file = join(encodePcapHeader(options), ...packets.map((each) => encodePcapRecord(each, options)));
      const again = readPieces(file).packets.map(({ bytes, linkType, originalLength, timestampNs = 0n }) =>
        encodePcapRecord({ bytes, linkType, originalLength, timestampNs }, options),
      );
      return toHex(join(encodePcapHeader(options), ...again)) === toHex(file);
    });
    fc.assert(law);
  });

  it('chunking: however a file is cut, the same packets and the same fault come out', () => {
    const file = fc.tuple(anyFile, fc.option(mutations, { nil: [] })).map(([bytes, changes]) => mutate(bytes, changes));
    const law = fc.property(file, fractions, (bytes, places) => {
      const whole = describeOutcome(readPieces(bytes));
      return (
        describeOutcome(readPieces(bytes, toCuts(places, bytes.length))) === whole &&
        describeOutcome(readPieces(bytes, everyOctet(bytes))) === whole
      );
    });
    fc.assert(law);
  });

  it('prefix: a file that is cut off gives the packets of the whole file up to there', () => {
    const law = fc.property(anyFile, fc.double({ min: 0, max: 1, noNaN: true }), (bytes, place) => {
      const whole = readPieces(bytes);
      const part = readPieces(bytes.subarray(0, Math.floor(place * bytes.length)));
      const same = { ...part, packets: whole.packets.slice(0, part.packets.length) };
      return (
        describeOutcome(part) === describeOutcome(same) &&
        (part.fault === undefined || part.fault === 'E_CAPTURE_TRUNCATED' || part.message === whole.message)
      );
    });
    fc.assert(law);
  });

  it('total: arbitrary octets give packets and a named fault, nothing else', () => {
    const magic = fc.constantFrom('', 'a1b2c3d400020004', 'd4c3b2a102000400', '4d3cb2a102000400', '0a0d0d0a');
    const law = fc.property(magic, fc.uint8Array({ maxLength: 120 }), (start, rest) => {
      const { fault } = readPieces(join(Buffer.from(start, 'hex'), rest));
      return fault === undefined || /^E_CAPTURE_[A-Z_]+$/.test(fault);
    });
    fc.assert(law);
  });

  it('mutation: a file with changed octets gives packets and a named fault, nothing else', () => {
    const law = fc.property(anyFile, mutations, (bytes, changes) => {
      const { fault, packets } = readPieces(mutate(bytes, changes));
      const octets = packets.reduce((sum, each) => sum + each.bytes.length, 0);
      return octets <= bytes.length && (fault === undefined || /^E_CAPTURE_[A-Z_]+$/.test(fault));
    });
    fc.assert(law);
  });

  it('bounded: once drained, the reader holds less than one packet and its header', () => {
    const law = fc.property(anyFile, mutations, fractions, (bytes, changes, places) => {
      const maxPacketLength = 16;
      const cuts = toCuts(places, bytes.length);
      readPieces(mutate(bytes, changes), cuts, { maxPacketLength }, (reader) => {
        if (reader.heldLength >= maxPacketLength + 28) throw new Error(`holds ${reader.heldLength} octets`);
      });
    });
    fc.assert(law);
  });
});
