import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { PairTable } from '../../src/cache/pair-table.js';

/** Searches as an owner does. */
function has({ pairs, shift, wrap }: PairTable, hash: number, number: number): boolean {
  for (let at = (hash >>> shift) << 1; pairs[at + 1]! >= 0; at = (at + 2) & wrap) {
    if (pairs[at] === hash && pairs[at + 1] === number) return true;
  }
  return false;
}

describe('a pair table', () => {
  it('finds what is in it and nothing else, whatever came and went', () => {
    const hashes = fc.oneof(fc.constantFrom(0, -1, -2, 1 << 29, 0x7fff_ffff), fc.integer());
    fc.assert(
      fc.property(fc.array(fc.tuple(hashes, fc.boolean()), { maxLength: 60 }), (list) => {
        const table = new PairTable();
        const present: { hash: number; number: number }[] = [];
        list.forEach(([hash, isNew], number) => {
          if (isNew || present.length === 0) {
            table.add(hash, number);
            present.push({ hash, number });
          } else {
            const [gone] = present.splice((hash >>> 0) % present.length, 1);
            table.remove(gone!.hash, gone!.number);
            if (has(table, gone!.hash, gone!.number)) throw new Error(`found ${gone!.number}, which has gone`);
          }
          for (const it of present) if (!has(table, it.hash, it.number)) throw new Error(`lost ${it.number}`);
        });
      }),
    );
  });
});
