import { describe, expect, it } from '@jest/globals';
import { IpAddress } from '@overlane/wire';
import fc from 'fast-check';
import { type FilterInstruction, underlayFilter } from '../src/packet-filter.js';

const PACKET_TYPE = 0xfffff004;
const VLAN_TAG_PRESENT = 0xfffff030;

/** What a frame has beside its octets. */
interface Beside {
  readonly packetType: number;
  readonly tagged: number;
}

/** Runs a program as the kernel does: reading past the end returns 0, and so does running off it here. */
function accepts(program: readonly FilterInstruction[], frame: Uint8Array, beside: Beside): boolean {
  let a = 0;
  let x = 0;
  const load = (at: number, size: number): number => {
    if (at + size > frame.length) return NaN;
    return frame.subarray(at, at + size).reduce((sum, octet) => sum * 256 + octet, 0);
  };
  for (let pc = 0; pc < program.length; pc++) {
    const { code, jt = 0, jf = 0, k } = program[pc]!;
    if (code === 0x06) return k > 0;
    else if (code === 0x20 && k === PACKET_TYPE) a = beside.packetType;
    else if (code === 0x20 && k === VLAN_TAG_PRESENT) a = beside.tagged;
    else if (code === 0x20) a = load(k, 4);
    else if (code === 0x28) a = load(k, 2);
    else if (code === 0x30) a = load(k, 1);
    else if (code === 0x48) a = load(x + k, 2);
    else if (code === 0xb1) x = (load(k, 1) & 15) * 4;
    else if (code === 0x15) pc += a === k ? jt : jf;
    else if (code === 0x45) pc += (a & k) !== 0 ? jt : jf;
    else throw new Error(`instruction ${code}`);
    if (Number.isNaN(a) || Number.isNaN(x)) return false;
  }
  throw new Error('the program does not end');
}

/** A frame to UDP port 4789 of 192.0.2.1 or 2001:db8::1. */
function frame(family: 4 | 6): Uint8Array {
  const hex =
    family === 4
      ? '02000000000a02000000000b0800' + '4500002a123440004011abcd' + 'c0000202' + 'c0000201' + 'c00012b500160000'
      : '02000000000a02000000000b86dd' +
        '6000000000161140' +
        '20010db8000000000000000000000002' +
        '20010db8000000000000000000000001' +
        'c00012b500160000';
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

const LOCAL = { 4: IpAddress.parse('192.0.2.1'), 6: IpAddress.parse('2001:db8::1') };
const OURS: Beside = { packetType: 0, tagged: 0 };

describe('underlayFilter', () => {
  it.each([4, 6] as const)('lets packets to the port of the address through, IPv%d', (family) => {
    const filter = underlayFilter(LOCAL[family], 17, 4789);
    expect(accepts(filter, frame(family), OURS)).toBe(true);
    expect(accepts(filter, frame(family), { ...OURS, tagged: 1 })).toBe(false);
    expect(accepts(filter, frame(family), { ...OURS, packetType: 3 })).toBe(false);
    expect(accepts(filter, frame(family === 4 ? 6 : 4), OURS)).toBe(false);
    expect(accepts(underlayFilter(LOCAL[family], 17, 4788), frame(family), OURS)).toBe(false);
    expect(accepts(underlayFilter(LOCAL[family], 6, 4789), frame(family), OURS)).toBe(false);
    expect(accepts(underlayFilter(LOCAL[family], 17, 0), frame(family), OURS)).toBe(true);
  });

  it.each([4, 6] as const)(
    'every octet of address and port counts, and none that says nothing of it, IPv%d',
    (family) => {
      const filter = underlayFilter(LOCAL[family], 17, 4789);
      const [ip, ports] = [14, family === 4 ? 34 : 54];
      const counting = new Set([12, 13, ip + (family === 4 ? 9 : 6), ports + 2, ports + 3]);
      for (let i = family === 4 ? 16 : 24; i < (family === 4 ? 20 : 40); i++) counting.add(ip + i);
      // Header length, and the fragment fields except DF, which 0x01 and 0x80 don't touch.
      if (family === 4) [ip, ip + 6, ip + 7].forEach((at) => counting.add(at));
      const changed = [...frame(family).keys()].filter((at) => {
        const other = frame(family);
        other[at]! ^= 0x01;
        return !accepts(filter, other, OURS);
      });
      expect(changed).toEqual([...counting].sort((a, b) => a - b));
    },
  );

  it('walks over IPv4 options, and lets fragments alone', () => {
    const filter = underlayFilter(LOCAL[4], 17, 4789);
    const plain = frame(4);
    const options = Uint8Array.from([...plain.subarray(0, 34), 1, 1, 1, 0, ...plain.subarray(34)]);
    options[14] = 0x46;
    expect(accepts(filter, options, OURS)).toBe(true);
    const first = frame(4);
    first[20] = 0x20;
    expect(accepts(filter, first, OURS)).toBe(false);
  });

  it('total: short and random frames end in a verdict', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.constantFrom(4, 6), (octets, family) => {
        const filter = underlayFilter(LOCAL[family as 4 | 6], 17, 4789);
        return typeof accepts(filter, octets, OURS) === 'boolean';
      }),
    );
    for (let length = 0; length < frame(6).length; length++) {
      const needed = 14 + 40 + 4;
      expect(accepts(underlayFilter(LOCAL[6], 17, 4789), frame(6).subarray(0, length), OURS)).toBe(length >= needed);
    }
  });
});
