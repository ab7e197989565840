import { describe, expect, it } from '@jest/globals';
import type { Codec } from '@overlane/wire';
import fc from 'fast-check';
import * as ours from '../src/index.js';
import { netlordLaws } from '../src/laws.js';

describe('NETLORD header keeps the law', () => {
  for (const law of netlordLaws()) it(law.name, () => fc.assert(law.property));
});

describe('the laws find a planted fault', () => {
  const findsFault = (codec: Codec<ours.NetlordHeader>, name: string): boolean => {
    const law = netlordLaws(codec).find((candidate) => candidate.name === name)!;
    return (fc.check(law.property) as fc.RunDetails<unknown>).failed;
  };

  it('a wrong shift breaks oracle', () => {
    const shifted = {
      ...ours,
      decode: (...args: Parameters<typeof ours.decode>) => {
        const header = ours.decode(...args);
        return { ...header, network: header.network >>> 1 };
      },
    };
    expect(findsFault(shifted, 'oracle')).toBe(true);
  });

  it('a decoder that forgets the version breaks total', () => {
    const lax = {
      ...ours,
      decode: (bytes: Uint8Array, offset = 0, end = bytes.length) => {
        if (ours.check(bytes, offset, end) === 'E_NETLORD_TRUNCATED') return ours.decode(bytes, offset, end);
        return { nextProtocol: ours.readNextProtocol(bytes, offset), network: ours.readNetwork(bytes, offset) };
      },
    };
    expect(findsFault(lax, 'total')).toBe(true);
  });
});
