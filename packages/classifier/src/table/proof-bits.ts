import { wordsOf } from '../schema/field.js';
import type { Schema } from '../schema/schema.js';

/**
 * For each bit of a key, by its position: the bits that a mask gains when this bit proves that a key does not match. It
 * alone would do; but masks that are prefixes of fields are few, and with few masks a cache of regions is fast. So they
 * are the field's bits in this word from the top down to it, and the whole field if rules fix it only as a whole.
 */
export function proofBits(schema: Schema): Int32Array {
  const proofs = new Int32Array(schema.words << 5);
  for (let bit = 0; bit < proofs.length; bit++) proofs[bit] = -0x8000_0000 >>> (bit & 31);
  for (const field of schema.fields) {
    if (field.within !== undefined) continue;
    for (const { word, bits } of wordsOf(field)) {
      for (let bit = 0; bit < 32; bit++) {
        if ((bits & (-0x8000_0000 >>> bit)) === 0) continue;
        proofs[(word << 5) | bit] = field.maskable ? bits & (-0x8000_0000 >> bit) : bits;
      }
    }
  }
  return proofs;
}
