/** A key of 12 bits in three words and stages, so that tests can try every key. */
import type { Vocabulary } from '../src/arbitraries.js';
import { type Field, Schema } from '../src/index.js';

const field = (name: string, offset: number, width: number): Field => ({
  name,
  offset,
  width,
  maskable: true,
  format: 'decimal',
  meaning: 'some bits',
});

/** Fields `a` (4 bits, at the top of its word), `b` (4 bits, in the middle), `c` (3 bits, at the end) and `d` (1 bit, before `c`). */
export const TOY_SCHEMA = new Schema({
  words: 3,
  stageEnds: [1, 2, 3],
  fields: [field('a', 0, 4), field('b', 32 + 12, 4), field('c', 64 + 29, 3), field('d', 64 + 28, 1)],
  closure: [],
});

/** Rules over the toy schema: all values occur. */
export const TOY_VOCABULARY: Vocabulary = {
  schema: TOY_SCHEMA,
  kinds: [{}],
  values: { a: upTo(16), b: upTo(16), c: upTo(8), d: upTo(2) },
};

/** Every key, as words, in one array after the other. */
export function allToyKeys(): Int32Array[] {
  return Array.from({ length: 4096 }, (_, n) => Int32Array.of((n >>> 8) << 28, ((n >>> 4) & 15) << 16, n & 15));
}

function upTo(end: number): bigint[] {
  return Array.from({ length: end }, (_, n) => BigInt(n));
}
