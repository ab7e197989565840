import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ByteQueue } from '../src/byte-queue.js';

describe('ByteQueue', () => {
  it('behaves like the list of all octets pushed, and stays within four times what it held', () => {
    const step = fc.oneof(fc.record({ push: fc.uint8Array({ maxLength: 3000 }) }), fc.record({ skip: fc.nat(4000) }));
    const law = fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const queue = new ByteQueue();
      const all: number[] = [];
      let position = 0;
      let longest = 256; // the first allocation is 1024 octets
      for (const each of steps) {
        if ('push' in each) {
          queue.push(each.push);
          for (const octet of each.push) all.push(octet);
        } else {
          queue.skip(each.skip);
          position += each.skip;
        }
        const left = Math.max(0, all.length - position);
        longest = Math.max(longest, left);
        if (queue.length !== left || queue.position !== position || queue.received !== all.length) return false;
        if (queue.capacity > 4 * longest) return false;
        if (left > 0 && Buffer.compare(queue.copy(0, left), Uint8Array.from(all.slice(position))) !== 0) return false;
      }
      return true;
    });
    fc.assert(law);
  });

  it.each([0, 4985])('moves each octet a constant number of times, with %i octets waiting', (waiting) => {
    const queue = new ByteQueue();
    let moved = 0;
    const original = Uint8Array.prototype.copyWithin;
    Uint8Array.prototype.copyWithin = function (this: Uint8Array, target: number, start: number, end?: number) {
      moved += (end ?? this.length) - start;
      return original.call(this, target, start, end) as never;
    };
    try {
      queue.push(new Uint8Array(5000)); // capacity 10,000
      queue.push(new Uint8Array(waiting));
      for (let i = 0; i < 100_000; i++) {
        queue.push(new Uint8Array(10));
        queue.skip(10);
      }
    } finally {
      Uint8Array.prototype.copyWithin = original;
    }
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThan(1_100_000);
  });

  it('stores nothing of what is skipped before it arrives', () => {
    const queue = new ByteQueue();
    queue.skip(1e12);
    for (let i = 0; i < 100; i++) queue.push(new Uint8Array(65_536));
    expect([queue.length, queue.capacity, queue.received]).toEqual([0, 0, 6_553_600]);
  });

  it('lets go of everything', () => {
    const queue = new ByteQueue();
    queue.push(new Uint8Array(5000));
    queue.clear();
    expect([queue.length, queue.capacity]).toEqual([0, 0]);
  });
});
