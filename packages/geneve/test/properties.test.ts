import { describe, expect, it } from '@jest/globals';
import { type Codec, PacketBuffer, TunnelMetadata } from '@overlane/wire';
import fc from 'fast-check';
import { geneveOptions, genevePacket } from '../src/arbitraries.js';
import * as geneve from '../src/index.js';
import { geneveEncapsulationLaws, geneveLaws } from '../src/laws.js';
import { headerOf } from './vector-file.js';

describe('Geneve header keeps the law', () => {
  for (const law of geneveLaws()) it(law.name, () => fc.assert(law.property));
});

describe('Geneve encapsulation keeps the law', () => {
  for (const law of geneveEncapsulationLaws()) it(law.name, () => fc.assert(law.property));
});

describe('Geneve encapsulation with options keeps the law', () => {
  const kinds = [0x01, 0x80].map((type) => ({ optionClass: 0x0102, type }));
  const options = kinds.map((kind, i) => ({ ...kind, data: new Uint8Array(4 * i).fill(7) }));
  const make = (): geneve.GeneveEncapsulation => new geneve.GeneveEncapsulation({ options, understands: kinds });
  for (const law of geneveEncapsulationLaws(make)) it(law.name, () => fc.assert(law.property));
});

describe('options', () => {
  it('carries: whatever is sent arrives in `received`, in order', () => {
    const receiverOf = (options: readonly geneve.GeneveOption[]): geneve.GeneveEncapsulation => {
      const kinds = new Map(options.map((option) => [`${option.optionClass} ${option.type}`, option]));
      return new geneve.GeneveEncapsulation({ understands: [...kinds.values()] });
    };
    const property = fc.property(genevePacket(), ({ packet, frame, options }) => {
      const receiver = receiverOf(options);
      const buffer = new PacketBuffer(packet.slice());
      const outcome = receiver.decapsulate(buffer, new TunnelMetadata());
      if (outcome !== undefined) throw new Error(outcome);
      const walk = receiver.received.walkOptions();
      const found = [];
      while (walk.next()) found.push(walk.copy());
      const octetsOf = (list: readonly geneve.GeneveOption[]): Uint8Array => geneve.encode(headerOf({ options: list }));
      if (Buffer.compare(octetsOf(found), octetsOf(options)) !== 0) throw new Error(fc.stringify(found));
      return Buffer.compare(buffer.copy(), frame) === 0;
    });
    fc.assert(property);
  });

  it('total: a receiver that knows nothing refuses exactly the critical ones', () => {
    const property = fc.property(geneveOptions(), (options) => {
      const bytes = geneve.encode(headerOf({ options }));
      const fault = new geneve.OptionUnderstanding([]).check(bytes, 0);
      return options.some(geneve.isCritical) ? fault === 'E_GENEVE_UNKNOWN_CRITICAL_OPTION' : fault === undefined;
    });
    fc.assert(property);
  });
});

describe('the laws find a planted fault', () => {
  const findsFault = (codec: Codec<geneve.GeneveHeader>, name: string): boolean => {
    const law = geneveLaws(codec).find((candidate) => candidate.name === name)!;
    return (fc.check(law.property) as fc.RunDetails<unknown>).failed;
  };
  const decodingAs = (change: (header: geneve.GeneveHeader) => Partial<geneve.GeneveHeader>) => ({
    ...geneve,
    decode: (...args: Parameters<typeof geneve.decode>) => {
      const header = geneve.decode(...args);
      return { ...header, ...change(header) };
    },
  });

  it('a shift by one octet breaks oracle and canonical', () => {
    const shifted = decodingAs(({ vni }) => ({ vni: vni >>> 1 }));
    expect(findsFault(shifted, 'oracle')).toBe(true);
    expect(findsFault(shifted, 'canonical')).toBe(true);
  });

  it('a decoder that drops options it has seen before breaks roundtrip', () => {
    const unique = decodingAs(({ options }) => ({
      options: options.filter(({ type }, i) => options.findIndex((other) => other.type === type) === i),
    }));
    expect(findsFault(unique, 'roundtrip')).toBe(true);
  });

  it('an encoder that forgets the C bit breaks the law', () => {
    const encode = (header: geneve.GeneveHeader): Uint8Array<ArrayBuffer> => {
      const bytes = geneve.encode(header);
      bytes[1]! &= ~0x40;
      return bytes;
    };
    expect(findsFault({ ...geneve, encode }, 'roundtrip')).toBe(true);
  });

  it('a decoder that forgets the version breaks total', () => {
    const lax = {
      ...geneve,
      decode: (bytes: Uint8Array, offset = 0, end = bytes.length) => {
        const copy = bytes.slice();
        copy[offset]! &= 0x3f;
        return geneve.decode(copy, offset, end);
      },
    };
    expect(findsFault(lax, 'total')).toBe(true);
  });
});
