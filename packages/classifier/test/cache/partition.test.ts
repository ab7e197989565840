import { describe, expect, it } from '@jest/globals';
import { FlowStore } from '../../src/cache/flow-store.js';
import { makeSeeds } from '../../src/cache/mix.js';
import { Partition } from '../../src/cache/partition.js';
import { Xorshift } from '../../src/cache/xorshift.js';

const WORDS = 8;
const FLOWS = 1000;

/** A partition whose only mask is of all words, with keys that differ in the last word only. */
function fill(telling: readonly number[]): { partition: Partition; store: FlowStore<number> } {
  const random = new Xorshift(1);
  const store = new FlowStore<number>(FLOWS);
  const seeds = makeSeeds(WORDS, () => random.next());
  const given = new Int32Array(WORDS);
  const partition = new Partition(given, { store, seeds, telling, given, slices: [], random, hashBits: -1 });
  const slot = partition.subtables.add(new Int32Array(WORDS).fill(-1));
  for (let i = 0; i < FLOWS; i++) partition.add(store.allocate(), slot, keyOf(i));
  return { partition, store };
}

function keyOf(last: number): Int32Array {
  const words = new Int32Array(WORDS).fill(7);
  words[WORDS - 1] = last;
  return words;
}

describe('a partition', () => {
  it.each([
    ['the most telling words differ', [7, 6, 5, 4, 3, 2, 1, 0]],
    ['only a word differs that is hashed last, if at all', [0, 1, 2, 3, 4, 5, 6, 7]],
  ])('tells keys apart by their hashes where %s', (_, telling) => {
    const { partition, store } = fill(telling);
    expect(new Set(store.hash).size).toBeGreaterThan(0.99 * FLOWS);
    for (let i = 0; i < FLOWS; i++) expect(partition.find(keyOf(i))).toBe(i);
    expect(partition.find(keyOf(FLOWS))).toBe(-1);
  });

  it('loses none when the words that are hashed change, and lets go of each', () => {
    const { partition, store } = fill([0, 1, 2, 3, 4, 5, 6, 7]);
    for (let i = 0; i < FLOWS; i++) {
      partition.remove(i);
      store.free(i);
      expect(partition.find(keyOf(i))).toBe(-1);
      if (i + 1 < FLOWS) expect(partition.find(keyOf(i + 1))).toBe(i + 1);
    }
    expect(partition.size).toBe(0);
  });
});
