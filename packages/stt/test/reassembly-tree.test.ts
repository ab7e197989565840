import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { CellMemory } from '../src/reassembly/cells.js';
import { findSegment, insertSegment } from '../src/reassembly/segment-tree.js';

describe('segment tree', () => {
  // Offsets that share leading bits make it deep, those all over the range make it wide.
  const offset = fc.oneof(fc.nat(0xffff), fc.nat(63), fc.integer({ min: 0x7ff0, max: 0x8010 }));

  it('finds the nearest offset that is not above the one asked for, in any order of insertion', () => {
    fc.assert(
      fc.property(fc.uniqueArray(offset, { maxLength: 100 }), fc.array(offset, { maxLength: 20 }), (stored, asked) => {
        const cells = new CellMemory(1, stored.length);
        let root = -1;
        for (const at of stored) {
          const cell = cells.allocate(1, -1);
          cells.writeRecord(cell, at, 1);
          root = insertSegment(cells, root, cell);
        }
        for (const at of [...asked, ...stored, ...stored.map((o) => o - 1), 0xffff]) {
          const cell = findSegment(cells, root, Math.max(at, 0));
          const found = cell === -1 ? -1 : cells.offsetOf(cell);
          const expected = Math.max(-1, ...stored.filter((o) => o <= Math.max(at, 0)));
          if (found !== expected) throw new Error(`${found} for ${at}, expected ${expected}`);
        }
      }),
    );
  });
});
