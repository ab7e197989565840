import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FlowMask } from '../../src/index.js';
import { FlowCache } from '../../src/cache/flow-cache.js';
import { SMALL_SCHEMA, packets, toKey } from './small-path.js';

/** Words and bits of each field of the small schema. */
const FIELDS = { src: [1, -1], dst: [2, -1], sport: [3, -0x1_0000], dport: [3, 0xffff] } as const;

describe('diagnosis of a cache', () => {
  it('names the partitions with the most masks, and the fields that these look at', () => {
    const cache = new FlowCache<number>(SMALL_SCHEMA, { slowPath: () => 0, seed: 1 });
    const insert = (inPort: number, src: number, length: number, dport: number): void => {
      const mask = new FlowMask(SMALL_SCHEMA);
      mask.consult(1, -1 << (32 - length));
      mask.consult(3, dport === 0 ? 0 : 0xffff);
      cache.insert(toKey([inPort, src, 0, 0, dport]), mask, 1);
    };
    for (let length = 1; length <= 20; length++) insert(2, 0xffff_ffff, length, 0);
    for (let src = 0; src < 5; src++) insert(2, src << 24, 8, 80);
    insert(3, 1, 32, 0);
    expect(cache.diagnose()).toEqual([
      {
        text: 'in_port=2',
        flows: 25,
        masks: 21,
        combinations: [
          { fields: ['src'], masks: 20, flows: 20 },
          { fields: ['src', 'dport'], masks: 1, flows: 5 },
        ],
      },
      { text: 'in_port=3', flows: 1, masks: 1, combinations: [{ fields: ['src'], masks: 1, flows: 1 }] },
    ]);
    expect(cache.diagnose(1)).toHaveLength(1);
  });

  it('counts every mask and megaflow once', () => {
    const length = fc.nat(16);
    const lengths = fc.tuple(length, length, length, length);
    fc.assert(
      fc.property(fc.array(fc.tuple(packets, lengths), { maxLength: 40 }), (list) => {
        const cache = new FlowCache<number>(SMALL_SCHEMA, { slowPath: () => 0, seed: 1, megaflow: { maxMasks: 8 } });
        for (const [packet, [src, dst, sport, dport]] of list) {
          const mask = new FlowMask(SMALL_SCHEMA);
          mask.consult(1, ~(-1 >>> src));
          mask.consult(2, ~(-1 >>> dst));
          mask.consult(3, ~(-1 >>> sport) & -0x1_0000);
          mask.consult(3, ~(0xffff >>> dport) & 0xffff);
          cache.insert(toKey(packet), mask, 1);
        }
        const told = new Map<string, number>();
        for (const { combinations } of cache.diagnose(100)) {
          for (const { fields, flows } of combinations) told.set(fields.join(), (told.get(fields.join()) ?? 0) + flows);
        }
        const counted = new Map<string, number>();
        for (const { mask } of cache.megaflows()) {
          const fields = Object.entries(FIELDS).filter(([, [word, bits]]) => (mask[word]! & bits) !== 0);
          const name = fields.map(([field]) => field).join();
          counted.set(name, (counted.get(name) ?? 0) + 1);
        }
        const { masks, flows } = cache.stats();
        const partitions = cache.diagnose(100);
        if (String([...told].sort()) !== String([...counted].sort())) throw new Error('other fields');
        return (
          partitions.reduce((sum, one) => sum + one.masks, 0) === masks &&
          partitions.reduce((sum, one) => sum + one.flows, 0) === flows &&
          partitions.every((one) => one.combinations.reduce((sum, { masks: own }) => sum + own, 0) === one.masks)
        );
      }),
    );
  });
});
