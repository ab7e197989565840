import { describe, expect, it } from '@jest/globals';
import type { Codec } from '@overlane/wire';
import fc from 'fast-check';
import * as vxlan from '../src/index.js';
import { vxlanEncapsulationLaws, vxlanGpeLaws, vxlanLaws } from '../src/laws.js';

describe('VXLAN header keeps the law', () => {
  for (const law of vxlanLaws()) it(law.name, () => fc.assert(law.property));
});

describe('VXLAN-GPE header keeps the law', () => {
  for (const law of vxlanGpeLaws()) it(law.name, () => fc.assert(law.property));
});

describe('VXLAN encapsulation keeps the law', () => {
  for (const law of vxlanEncapsulationLaws()) it(law.name, () => fc.assert(law.property));
});

describe('the laws find a planted fault', () => {
  const findsFault = (codec: Codec<vxlan.VxlanHeader>, name: string): boolean => {
    const law = vxlanLaws(codec).find((candidate) => candidate.name === name)!;
    return (fc.check(law.property) as fc.RunDetails<unknown>).failed;
  };

  it('a shift by one octet breaks oracle and canonical', () => {
    const shifted = {
      ...vxlan,
      decode: (...args: Parameters<typeof vxlan.decode>) => ({ vni: vxlan.decode(...args).vni >>> 1 }),
    };
    expect(findsFault(shifted, 'oracle')).toBe(true);
    expect(findsFault(shifted, 'canonical')).toBe(true);
  });

  it('a decoder that forgets the I flag breaks total', () => {
    const lax = {
      ...vxlan,
      decode: (bytes: Uint8Array, offset = 0, end = bytes.length) => {
        if (vxlan.check(bytes, offset, end) === 'E_VXLAN_TRUNCATED') return vxlan.decode(bytes, offset, end);
        return { vni: vxlan.readVni(bytes, offset) };
      },
    };
    expect(findsFault(lax, 'total')).toBe(true);
  });
});
