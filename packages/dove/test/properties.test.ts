import { describe, expect, it } from '@jest/globals';
import type { Codec } from '@overlane/wire';
import fc from 'fast-check';
import { DoveEncapsulation, dove, otv } from '../src/index.js';
import { doveEncapsulationLaws, doveLaws, otvLaws } from '../src/laws.js';

describe('OTV header keeps the law', () => {
  for (const law of otvLaws()) it(law.name, () => fc.assert(law.property));
});

describe('DOVE header keeps the law', () => {
  for (const law of doveLaws()) it(law.name, () => fc.assert(law.property));
});

describe('encapsulation keeps the law', () => {
  for (const law of doveEncapsulationLaws()) it(law.name, () => fc.assert(law.property));
});

describe('encapsulation in mode otv keeps the law', () => {
  const make = (): DoveEncapsulation => new DoveEncapsulation({ mode: 'otv', overlayId: 0 });
  for (const law of doveEncapsulationLaws(make)) it(law.name, () => fc.assert(law.property));
});

describe('encapsulation with options, in fragments, keeps the law', () => {
  const make = (): DoveEncapsulation =>
    new DoveEncapsulation({
      ...{ options: [dove.policyTag(5), dove.lossClass(3)], takesExtensions: () => true },
      ...{ pathMtu: 120, deliveries: 1, memoryLimit: 1 << 16, datagramLimit: 4 },
    });
  for (const law of doveEncapsulationLaws(make)) it(law.name, () => fc.assert(law.property));
});

describe('the laws find a planted fault', () => {
  const findsFault = (codec: Codec<dove.DoveHeader>, name: string): boolean => {
    const law = doveLaws(codec).find((candidate) => candidate.name === name)!;
    return (fc.check(law.property) as fc.RunDetails<unknown>).failed;
  };
  const decodingAs = (change: (header: dove.DoveHeader) => Partial<dove.DoveHeader>): Codec<dove.DoveHeader> => ({
    ...dove,
    decode: (...args: Parameters<typeof dove.decode>) => {
      const header = dove.decode(...args);
      return { ...header, ...change(header) };
    },
  });

  it('a wrong shift of OTV breaks oracle', () => {
    const shifted = {
      ...otv,
      decode: (...args: Parameters<typeof otv.decode>) => {
        const header = otv.decode(...args);
        return { ...header, overlayId: header.overlayId >>> 1 };
      },
    };
    const oracle = otvLaws(shifted).find(({ name }) => name === 'oracle')!;
    expect((fc.check(oracle.property) as fc.RunDetails<unknown>).failed).toBe(true);
  });

  it('fragment offsets in units of 8 instead of octets break oracle and canonical', () => {
    const inUnits = decodingAs(({ extensions }) => ({
      extensions: extensions.map((e) => (e.kind === 'fragment' ? { ...e, offset: e.offset >>> 3 } : e)),
    }));
    expect(findsFault(inUnits, 'oracle')).toBe(true);
    expect(findsFault(inUnits, 'canonical')).toBe(true);
  });

  it('a decoder that drops padding breaks roundtrip', () => {
    const bare = decodingAs(({ extensions }) => ({
      extensions: extensions.map((e) =>
        e.kind === 'options' ? { ...e, options: e.options.filter(({ type }) => type !== 0) } : e,
      ),
    }));
    expect(findsFault(bare, 'roundtrip')).toBe(true);
  });

  it('an encoder that forgets the F flag breaks the law', () => {
    const encode = (header: dove.DoveHeader): Uint8Array<ArrayBuffer> => {
      const bytes = dove.encode(header);
      bytes[0]! &= ~dove.FLAG_FRAGMENT;
      return bytes;
    };
    expect(findsFault({ ...dove, encode }, 'roundtrip')).toBe(true);
  });

  it('a reader that sees control messages in version 0 breaks oracle', () => {
    const eager = decodingAs(() => ({}));
    const decode = (bytes: Uint8Array, offset = 0, end = bytes.length): dove.DoveHeader => ({
      ...eager.decode(bytes, offset, end),
      control: (bytes[offset]! & dove.FLAG_CONTROL) !== 0,
    });
    expect(findsFault({ ...dove, decode }, 'oracle')).toBe(true);
  });

  it('a decoder that forgets the version breaks total', () => {
    const lax = {
      ...dove,
      decode: (bytes: Uint8Array, offset = 0, end = bytes.length) => {
        const copy = bytes.slice();
        copy[offset]! &= 0x1f;
        return dove.decode(copy, offset, end);
      },
    };
    expect(findsFault(lax, 'total')).toBe(true);
  });
});
