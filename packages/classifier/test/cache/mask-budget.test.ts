import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { FLOW_SCHEMA, FlowCache, FlowKey, FlowMask, readWideField, writeWideField } from '../../src/index.js';

const DESTINATION = FLOW_SCHEMA.field('ip_dst');
const ALL = (1n << 128n) - 1n;

/** How many leading bits of a destination are looked at: of an IPv4 address, which is the last 32 bits, or of an IPv6 one. */
const lengths = fc.record({ isIpv4: fc.boolean(), length: fc.integer({ min: 1, max: 32 }) });

describe('the budget of masks', () => {
  it('adds bits only, and none to words of an address that nobody looked at', () => {
    fc.assert(
      fc.property(fc.array(lengths, { minLength: 1, maxLength: 40 }), fc.constantFrom(1, 4, 20), (list, maxMasks) => {
        const cache = new FlowCache<bigint>(FLOW_SCHEMA, { slowPath: () => 0n, seed: 1, megaflow: { maxMasks } });
        const key = new FlowKey();
        let asked = 0n;
        list.forEach(({ isIpv4, length }, i) => {
          const wanted = isIpv4 ? (ALL >> 96n) & (ALL << BigInt(32 - length)) : ALL & (ALL << BigInt(128 - 2 * length));
          asked |= wanted;
          const mask = new FlowMask();
          writeWideField(mask.words, DESTINATION, wanted);
          // Different in every prefix, so that none replaces another.
          writeWideField(key.words, DESTINATION, BigInt(i + 1) << 40n);
          key.words[0] = 1;
          cache.insert(key, mask, wanted);
        });
        for (const { mask, result } of cache.megaflows()) {
          const got = readWideField(mask, DESTINATION);
          if ((got & result) !== result) throw new Error(`${result.toString(16)} became ${got.toString(16)}`);
          for (let shift = 0n; shift < 128n; shift += 32n) {
            const part = (bits: bigint): bigint => (bits >> shift) & 0xffff_ffffn;
            if (part(asked) === 0n && part(got) !== 0n) throw new Error(`nobody asked for ${got.toString(16)}`);
          }
        }
        if (cache.stats().mostMasks > maxMasks) throw new Error(`${cache.stats().mostMasks} masks`);
      }),
    );
  });
});
