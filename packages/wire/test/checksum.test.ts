import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checksum } from '../src/index.js';
import vectorFile from './vectors/outer-headers.json';

/** RFC 1071 as written: one word at a time. */
function naive(bytes: Uint8Array): number {
  let sum = 0n;
  for (let i = 0; i < bytes.length; i += 2) sum += BigInt(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  while (sum > 0xffffn) sum = (sum & 0xffffn) + (sum >> 16n);
  return Number(sum);
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

describe('checksum vectors', () => {
  const vectors = vectorFile.vectors.filter((vector) => vector.kind === 'checksum');
  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const fields = vector.fields as unknown as { sum: string; checksum: string };
    const bytes = hex(vector.hex as string);
    expect(checksum.sum(bytes, 0, bytes.length)).toBe(Number(fields.sum));
    expect(checksum.compute(bytes, 0, bytes.length)).toBe(Number(fields.checksum));
  });

  const updates = vectorFile.vectors.filter((vector) => vector.kind === 'checksum-update');
  it.each(updates.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const fields = vector.fields as unknown as { old: string; m: string; mPrime: string; new: string };
    expect(checksum.update(Number(fields.old), Number(fields.m), Number(fields.mPrime))).toBe(Number(fields.new));
  });
});

describe('sum', () => {
  // Long and short inputs, any alignment of the view in its buffer and of the range in the view.
  const windows = fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 7 }), fc.nat({ max: 7 }));

  it('equals RFC 1071 at any alignment', () => {
    fc.assert(
      fc.property(windows, ([data, lead, offset]) => {
        const view = new Uint8Array(new ArrayBuffer(lead + offset + data.length + 3), lead);
        view.fill(0xee).set(data, offset);
        return checksum.sum(view, offset, offset + data.length) === naive(data);
      }),
    );
  });

  it('joins chunks, those at odd offsets swapped', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.nat(), (data, cut) => {
        const at = data.length === 0 ? 0 : cut % data.length;
        const tail = checksum.sum(data, at, data.length);
        const head = checksum.sum(data, 0, at);
        return checksum.add(head, at % 2 === 0 ? tail : checksum.swap(tail)) === naive(data);
      }),
    );
  });

  it('is exact for megabytes of ones, where sums are largest', () => {
    const bytes = new Uint8Array(9 * 2 ** 20 + 3).fill(0xff);
    expect(checksum.sum(bytes, 0, bytes.length)).toBe(naive(bytes));
    expect(checksum.sum(bytes, 1, bytes.length)).toBe(naive(bytes.subarray(1)));
  });

  it('tells zeros from a multiple of 0xffff', () => {
    expect(checksum.sum(new Uint8Array(128), 0, 128)).toBe(0);
    expect(checksum.sum(new Uint8Array(128).fill(0xff), 0, 128)).toBe(0xffff);
  });
});

describe('update', () => {
  it('equals recomputing, except for the two forms of zero', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 64 }), fc.nat({ max: 0xffff }), (data, after) => {
        const bytes = data.subarray(0, data.length & ~1);
        const before = checksum.compute(bytes, 0, bytes.length);
        const updated = checksum.update(before, (bytes[0]! << 8) | bytes[1]!, after);
        const changed = Uint8Array.of(after >>> 8, after & 255, ...bytes.subarray(2));
        const direct = checksum.compute(changed, 0, changed.length);
        // All-zero data has sum 0, which subtraction can't reach: there the two zeros stand for each other.
        return updated === direct || (updated % 0xffff === 0 && direct % 0xffff === 0);
      }),
    );
  });

  it('follows RFC 1624 where RFC 1141 goes wrong', () => {
    // RFC 1624 §4: header checksum 0xdd2f, a field goes from 0x5555 to 0x3285, the result is 0x0000.
    expect(checksum.update(0xdd2f, 0x5555, 0x3285)).toBe(0);
  });

  it('leaves an absent UDP checksum alone and never makes one', () => {
    expect(checksum.updateUdp(0, 1, 2)).toBe(0);
    expect(checksum.updateUdp(0xdd2f, 0x5555, 0x3285)).toBe(0xffff);
  });
});

describe('assisted sums', () => {
  it('equal RFC 1071 in the memory of the assistant and elsewhere', () => {
    const memory = new ArrayBuffer(8192);
    const halves = new Uint16Array(memory);
    const asked: number[] = [];
    checksum.assistSums(memory, (start, end) => {
      asked.push(start % 4, (end - start) % 64);
      return halves.subarray(start / 2, end / 2).reduce((total, half) => (total + half) | 0, 0);
    });
    const windows = fc.tuple(fc.uint8Array({ minLength: 200, maxLength: 3000 }), fc.nat({ max: 70 }));
    fc.assert(
      fc.property(windows, fc.nat({ max: 9 }), ([data, offset], lead) => {
        const view = new Uint8Array(memory, lead);
        view.fill(0xee).set(data, offset);
        const inside = checksum.sum(view, offset, offset + data.length);
        return inside === naive(data) && checksum.sum(data, 0, data.length) === naive(data);
      }),
    );
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every((rest) => rest === 0)).toBe(true);
  });
});
