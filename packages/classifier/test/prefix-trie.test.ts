import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PrefixTrie } from '../src/table/prefix-trie.js';

/** An address in words 1 and up of a key, few values so that paths meet. */
const address = (words: number): fc.Arbitrary<Int32Array> =>
  fc
    .array(fc.constantFrom(0, 1, 0x10, 0x0a00_0001, 0x0a01_0203, -1, 0x8000_0000), {
      minLength: words,
      maxLength: words,
    })
    .map((values) => Int32Array.of(99, ...values));

const nibbles = (key: Int32Array): string =>
  [...key.slice(1)].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');

/** As pairs: the bit of each length. */
const SINGLE_BITS = Int32Array.from({ length: 32 }, (_, i) => 1 << i);

describe('a trie', () => {
  for (const words of [1, 4]) {
    const prefix = fc.tuple(address(words), fc.integer({ min: 1, max: 8 * words }));
    const steps = fc.array(fc.oneof({ weight: 3, arbitrary: prefix }, fc.nat({ max: 99 })), { maxLength: 40 });

    it(`of ${words} words finds the lengths and the depth that brute force finds, after any changes`, () => {
      fc.assert(
        fc.property(steps, fc.array(address(words), { minLength: 1, maxLength: 5 }), (changes, keys) => {
          const trie = new PrefixTrie(1, words);
          const prefixes: (readonly [Int32Array, number])[] = [];
          for (const change of changes) {
            if (typeof change !== 'number') {
              prefixes.push(change);
              trie.add(...change);
            } else if (prefixes.length > 0) trie.remove(...prefixes.splice(change % prefixes.length, 1)[0]!);
            const texts = prefixes.map(([value, length]) => nibbles(value).slice(0, length));
            for (const key of keys) {
              const text = nibbles(key);
              const found = texts
                .filter((start) => text.startsWith(start))
                .reduce((bits, { length }) => bits | (1 << (length - 1)), 0);
              let depth = 0;
              while (depth < text.length && texts.some((start) => start.startsWith(text.slice(0, depth + 1)))) depth++;
              trie.walk(key);
              if (trie.pairsOf(key, SINGLE_BITS, 0) !== found) return false;
              if (trie.found !== found || trie.depth !== depth || trie.size !== texts.length) return false;
            }
          }
          return true;
        }),
      );
    });
  }

  it('holds no more memory after many changes than after few', () => {
    const trie = new PrefixTrie(0, 1);
    const change = (): void => {
      for (let i = 0; i < 500; i++) trie.add(Int32Array.of(Math.imul(i, 0x9e37_79b1)), (i % 8) + 1);
      for (let i = 0; i < 500; i++) trie.remove(Int32Array.of(Math.imul(i, 0x9e37_79b1)), (i % 8) + 1);
    };
    for (let i = 0; i < 10; i++) change();
    const { octets } = trie;
    for (let i = 0; i < 100; i++) change();
    expect(trie.octets).toBe(octets);
    expect(trie.size).toBe(0);
  });
});
