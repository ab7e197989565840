import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hasPrefix, keyName, keyOf, prefixEnd, successor } from '../src/octets.js';

/** Octets that meet often, with the highest one among them. */
const octets = (): fc.Arbitrary<Buffer> =>
  fc.array(fc.constantFrom(0, 1, 0xfe, 0xff), { maxLength: 5 }).map((list) => Buffer.from(list));

describe('octets', () => {
  it('prefixEnd and the prefix bound exactly the keys that have it', () => {
    fc.assert(
      fc.property(octets(), octets(), (prefix, key) => {
        const end = prefixEnd(prefix);
        const isBounded = key.compare(prefix) >= 0 && (end === undefined || key.compare(end) < 0);
        const starts = key.length >= prefix.length && key.subarray(0, prefix.length).equals(prefix);
        return isBounded === starts && hasPrefix(key, prefix) === starts;
      }),
    );
  });

  it('nothing lies between a key and its successor', () => {
    fc.assert(
      fc.property(octets(), octets(), (key, other) => {
        const next = successor(key);
        return next.compare(key) > 0 && !(other.compare(key) > 0 && other.compare(next) < 0);
      }),
    );
  });

  it('names are equal, and sort, as keys do', () => {
    fc.assert(
      fc.property(octets(), octets(), (left, right) => {
        const order = keyName(left) < keyName(right) ? -1 : keyName(left) > keyName(right) ? 1 : 0;
        return order === left.compare(right) && keyOf(keyName(left)).equals(left);
      }),
    );
    expect(keyName(new Uint8Array([0x61, 0xff]))).toBe('a\xff');
  });
});
