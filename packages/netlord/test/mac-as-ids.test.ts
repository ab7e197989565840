import { describe, expect, it } from '@jest/globals';
import { MAC_AS_ID_RANGES, MacAsIdAllocator, isUsualMacAsId } from '../src/index.js';
import { refusal } from './refusal.js';

describe('MAC address space identifiers', () => {
  it('avoid what a switch would take for an impossible source', () => {
    const usual = [0x0100_0000, 0x7eff_ffff, 0x8000_0000, 0xdfff_ffff];
    const odd = [0, 0x00ff_ffff, 0x7f00_0000, 0x7fff_ffff, 0xe000_0000, 0xffff_ffff];
    expect([usual.every(isUsualMacAsId), odd.some(isUsualMacAsId)]).toEqual([true, false]);
  });

  it('are given out once, the longest unused first', () => {
    const ids = new MacAsIdAllocator();
    const [first, second] = [ids.allocate()!, ids.allocate()!];
    expect([first, second]).toEqual([MAC_AS_ID_RANGES[0][0], MAC_AS_ID_RANGES[0][0] + 1]);
    expect([ids.release(first), ids.release(first), ids.size]).toEqual([true, false, 1]);
    expect(ids.allocate()).toBe(first + 2);
  });

  it.each([
    [0x7eff_ffff, 0x8000_0000],
    [0xdfff_ffff, 0x0100_0000],
  ])('go on behind %d with %d', (last, next) => {
    const ids = new MacAsIdAllocator(last);
    expect([ids.allocate(), ids.allocate()]).toEqual([last, next]);
  });

  it.each([0, 0x7f00_0000, 0xe000_0000, 0x0100_0000 + 0.5])('do not begin at %d', (first) => {
    expect(() => new MacAsIdAllocator(first)).toThrow('first must be one that switches forward');
  });

  it('step over those taken elsewhere', () => {
    const ids = new MacAsIdAllocator();
    expect([ids.reserve(0x0100_0000), ids.reserve(0x0100_0000), ids.reserve(7)]).toEqual([true, false, true]);
    expect([ids.allocate(), ids.size]).toEqual([0x0100_0001, 3]);
  });

  it.each([-1, 2 ** 32, 1.5])('refuse to be %d', (macAsId) => {
    expect(refusal(() => new MacAsIdAllocator().reserve(macAsId)).code).toBe('E_NL_MAC_AS_ID_RANGE');
  });
});
