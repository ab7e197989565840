import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gre } from '../src/index.js';

const HALF = 2 ** 31;
const WHOLE = 2 ** 32;
const OLD = 'E_GRE_OUT_OF_SEQUENCE';
const outcomes = (window: gre.SequenceWindow, ...numbers: number[]): (string | undefined)[] =>
  numbers.map((number) => window.accept(number));

describe('SequenceWindow', () => {
  it('begins at 0 and accepts what comes in order, and gaps', () => {
    const window = new gre.SequenceWindow();
    expect(window.last).toBe(0xffffffff);
    expect(outcomes(window, 0, 1, 2)).toEqual([undefined, undefined, undefined]);
    expect(window.gap).toBe(0);
    expect(window.accept(10)).toBeUndefined();
    expect([window.last, window.gap]).toEqual([10, 7]);
  });

  it('refuses repetitions and what is late, and stays as it was', () => {
    const window = new gre.SequenceWindow();
    expect(outcomes(window, 5, 5, 4, 0, 0xffffffff, 6)).toEqual([undefined, OLD, OLD, OLD, OLD, undefined]);
    expect(window.last).toBe(6);
  });

  it('goes round', () => {
    const window = new gre.SequenceWindow({ last: 0xfffffffe });
    expect(outcomes(window, 0xffffffff, 0, 0xffffffff, 2)).toEqual([undefined, undefined, OLD, undefined]);
    expect([window.last, window.gap]).toEqual([2, 1]);
  });

  it.each([0, 5, HALF - 1, HALF, WHOLE - 1])('draws the line of RFC 2890 §2.2 after %i', (last) => {
    const ahead = (distance: number): string | undefined =>
      new gre.SequenceWindow({ last }).accept((((last + distance) % WHOLE) + WHOLE) % WHOLE);
    expect([1, 2, HALF - 1, HALF].map(ahead)).toEqual([undefined, undefined, undefined, undefined]);
    expect([0, -1, -2, -(HALF - 1)].map(ahead)).toEqual([OLD, OLD, OLD, OLD]);
  });

  it('can be reset', () => {
    const window = new gre.SequenceWindow();
    expect(outcomes(window, 1000, 0)).toEqual([undefined, OLD]);
    window.reset();
    expect(window.accept(0)).toBeUndefined();
    window.reset(499);
    expect(outcomes(window, 499, 500)).toEqual([OLD, undefined]);
  });

  it('takes a run of refusals for a restart, if told to', () => {
    const window = new gre.SequenceWindow({ resetAfter: 3 });
    expect(outcomes(window, 1000, 0, 1, 2, 3, 4)).toEqual([undefined, OLD, OLD, OLD, undefined, undefined]);
    expect([window.last, window.gap]).toEqual([4, 0]);
    expect(outcomes(window, 1, 2, 2, 3, 0)).toEqual([OLD, OLD, OLD, OLD, OLD]);
    // A good packet ends the run.
    expect(outcomes(window, 2, 3, 5, 4, 5)).toEqual([OLD, OLD, undefined, OLD, OLD]);
    expect(outcomes(new gre.SequenceWindow({ last: 9, resetAfter: 0 }), 3)).toEqual([undefined]);
  });

  it('agrees with the words of the standard on any numbers', () => {
    const number = fc.oneof(fc.nat({ max: 0xffffffff }), fc.constantFrom(0, 1, HALF - 1, HALF, HALF + 1, WHOLE - 1));
    const property = fc.property(fc.array(number), (numbers) => {
      const window = new gre.SequenceWindow();
      let last = WHOLE - 1;
      for (const next of numbers) {
        // The last one, or one of the 2^31-1 in front of it.
        const behind = (last - next + WHOLE) % WHOLE;
        const isOld = behind <= HALF - 1;
        if ((window.accept(next) === OLD) !== isOld) return false;
        if (!isOld) last = next;
        if (window.last !== last) return false;
      }
      return true;
    });
    expect(() => fc.assert(property)).not.toThrow();
  });
});
