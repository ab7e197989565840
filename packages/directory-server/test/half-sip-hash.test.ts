import { describe, expect, it } from '@jest/globals';
import { halfSipHash } from '../src/table/half-sip-hash.js';

/** Of the authors' reference implementation: key 00..07, message 00.. of this many octets. */
const VECTORS: readonly (readonly [length: number, hex: string])[] = [
  [0, 'a9359f5b'],
  [4, '2a6e4689'],
  [8, 'd0b8848f'],
  [12, '57f0872f'],
  [16, 'd9b5ac84'],
  [20, 'e34d1045'],
  [24, '27400c63'],
];

describe('HalfSipHash-2-4', () => {
  it.each(VECTORS)('is that of the reference for %i octets', (length, hex) => {
    const message = Uint8Array.from({ length: length + 3 }, (_, i) => i - 3);
    const out = new DataView(new ArrayBuffer(4));
    out.setInt32(0, halfSipHash(message, 3, length / 4, [0x03020100, 0x07060504], -1), true);
    expect(out.getUint32(0).toString(16).padStart(8, '0')).toBe(hex);
  });

  it('leaves out masked octets of the second word, and no others', () => {
    const message = Uint8Array.from({ length: 24 }, (_, i) => 3 * i);
    const hash = (): number => halfSipHash(message, 0, 6, [1, 2], 0xff);
    const before = hash();
    const changes = Array.from(message, (octet, i) => {
      message[i] = octet ^ 0x80;
      const changed = hash() !== before;
      message[i] = octet;
      return changed;
    });
    expect(changes.map((changed, i) => (changed ? -1 : i)).filter((i) => i >= 0)).toEqual([5, 6, 7]);
  });
});
