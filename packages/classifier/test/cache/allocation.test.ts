import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { FlowKey } from '../../src/index.js';
import { FlowCache } from '../../src/cache/flow-cache.js';
import { SMALL_SCHEMA } from './small-path.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The least object has 16 octets; what there is comes from upkeep and from the measurement. */
const NOTHING = 2;
/** On a busy machine the optimised code may come late. */
const MOST_ROUNDS = 100;

/**
 * Octets that the heap grows by per lookup that is answered from the cache: the median of five rounds of so many `hits`, after
 * the first in which it is as good as nothing.
 */
function heapPerHit(entries: number, hits: number): number {
  const cache = new FlowCache<number>(SMALL_SCHEMA, {
    // Eight masks, so that a filter is asked.
    slowPath: ({ words }, mask) => {
      mask.consult(1, -1 << (words[2]! & 7));
      mask.consult(2, 7);
      return words[2]!;
    },
    seed: 1,
    microflow: { entries },
  });
  const key = new FlowKey(SMALL_SCHEMA);
  const run = (count: number) => {
    for (let i = 0; i < count; i++) {
      key.words[1] = (i & 63) << 24;
      key.words[2] = i & 7;
      if (cache.classify(key, 64, i) !== (i & 7)) throw new Error('wrong');
    }
  };
  // Until the code is optimised and nothing is left to be inserted.
  run(150_000);
  const measure = (): number => {
    collect();
    const before = process.memoryUsage().heapUsed;
    run(hits);
    return (process.memoryUsage().heapUsed - before) / hits;
  };
  for (let round = 0; round < MOST_ROUNDS && measure() >= NOTHING; round++);
  const rounds = Array.from({ length: 5 }, measure);
  return rounds.sort((a, b) => a - b)[2]!;
}

describe('a hit', () => {
  it.each([
    ['microflows', 1024],
    ['megaflows', 0],
  ])('on %s leaves nothing on the heap', (_name, entries) => {
    expect(heapPerHit(entries, 100_000)).toBeLessThan(NOTHING);
  });
});
