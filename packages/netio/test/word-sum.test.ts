import { describe, expect, it } from '@jest/globals';
import { checksum } from '@overlane/wire';
import fc from 'fast-check';
import { Arena } from '../src/arena.js';
import { createMemoryWithSum } from '../src/word-sum.js';
import { BASE_ADDRESS, FakeSystem } from './fake-system.js';

const PAGE = 65_536;
const { buffer, wordSum } = createMemoryWithSum(3)!;

/** RFC 1071 as written: one word at a time. */
function naive(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

describe('the sum of words', () => {
  it('adds up the half-words of 64 octets to 128 KiB, all ones among them', () => {
    const half = new Uint16Array(buffer);
    const blocks = fc.integer({ min: 1, max: (2 * PAGE) / 64 });
    fc.assert(
      fc.property(blocks, fc.integer({ min: 0, max: 1000 }), fc.boolean(), fc.integer(), (count, word, ones, seed) => {
        const start = word * 4;
        for (let i = 0; i < half.length; i++) half[i] = ones ? 0xffff : Math.imul(i + seed, 0x9e3779b1) >>> 13;
        let expected = 0;
        for (let i = start / 2; i < (start + 64 * count) / 2; i++) expected += half[i]!;
        return wordSum(start, start + 64 * count) >>> 0 === expected;
      }),
      { numRuns: 30 },
    );
  });

  it('changes nothing but the time that checksums take', () => {
    const bytes = new Uint8Array(buffer);
    for (let i = 0; i < bytes.length; i++) bytes[i] = Math.imul(i, 0x9e3779b1) >>> 24;
    let calls = 0;
    checksum.assistSums(buffer, (start, end) => {
      calls++;
      return wordSum(start, end);
    });
    const windows = fc.tuple(fc.integer({ min: 0, max: 400 }), fc.integer({ min: 0, max: 2000 }));
    fc.assert(
      fc.property(windows, fc.constantFrom(0, 7, 130_000), ([start, length], more) => {
        const end = start + length + more;
        // Long ones are summed in parts: the oracle counts as far.
        if (checksum.sum(bytes, start, end) !== naive(bytes.subarray(start, end))) return false;
        const elsewhere = bytes.slice(start, end);
        return checksum.sum(elsewhere, 0, elsewhere.length) === naive(elsewhere);
      }),
    );
    expect(calls).toBeGreaterThan(0);
  });
});

describe('an arena with sums', () => {
  it('maps one file over the memory of WebAssembly and at a low address', () => {
    const mapped: number[][] = [];
    const system = new FakeSystem().always('mmap', (hint, length, _protection, flags, fd) => {
      mapped.push([hint!, length!, flags!, fd!]);
      return hint!;
    });
    const arena = Arena.map(PAGE + 4096, system);
    expect(mapped).toEqual([
      [0x50000000, 2 * PAGE, 0x100001, 10],
      [0x7f0000000000, 2 * PAGE, 0x11, 10],
    ]);
    expect(arena.baseAddress).toBe(0x50000000);
    expect(arena.bytes.length).toBe(2 * PAGE);
    expect(system.openFds.size).toBe(0);
  });

  it.each([['memfdCreate'], ['ftruncate']] as const)('does without them if %s fails', (call) => {
    const system = new FakeSystem().always(call, -38).always('mmap', BASE_ADDRESS);
    expect(Arena.map(PAGE, system).baseAddress).toBe(BASE_ADDRESS);
    expect(system.openFds.size).toBe(0);
  });
});
