import { describe, expect, it } from '@jest/globals';
import { type Codec, ethernet, ipv4 } from '@overlane/wire';
import { gre } from '../src/index.js';
import { greVectors, named, octets, refusal, toHex } from './outcome.js';

const codec: Codec<gre.GreHeader> = gre;
const ALL = { protocolType: 0x6558, checksum: 0x1234, key: 0xcafebabe, sequenceNumber: 9 };
/** By hand, from the figure of RFC 2890 §2. */
const ALL_HEX = 'b0006558' + '12340000' + 'cafebabe' + '00000009';
const NONE = { checksum: undefined, key: undefined, sequenceNumber: undefined };

describe('vectors', () => {
  it.each(named(greVectors))('%s', (_name, { hex, fields, error }) => {
    const frame = octets(hex);
    const ip = ethernet.readHeaderLength(frame, 0);
    const offset = ip + ipv4.readHeaderLength(frame, ip);
    expect(codec.check(frame, offset)).toBe(error);
    if (error !== undefined) return;
    expect(gre.checkChecksum(frame, offset, frame.length)).toBeUndefined();
    const header = codec.decode(frame, offset);
    const length = codec.readHeaderLength(frame, offset);
    expect({
      c: header.checksum !== undefined,
      k: header.key !== undefined,
      s: header.sequenceNumber !== undefined,
      protocol: `0x${header.protocolType.toString(16).padStart(4, '0')}`,
      ...(header.checksum === undefined ? {} : { checksum: `0x${header.checksum.toString(16)}` }),
      headerLength: length,
      innerLength: frame.length - offset - length,
      inner: toHex(frame.subarray(offset + length)),
    }).toEqual(fields);
  });
});

describe('decode', () => {
  it.each([
    ['00006558', { protocolType: 0x6558, ...NONE }],
    ['2000655800000000', { protocolType: 0x6558, ...NONE, key: 0 }],
    ['10000800ffffffff', { protocolType: 0x0800, ...NONE, sequenceNumber: 0xffffffff }],
    ['800086ddabcd0000', { protocolType: 0x86dd, ...NONE, checksum: 0xabcd }],
    ['300065580000000100000002', { protocolType: 0x6558, ...NONE, key: 1, sequenceNumber: 2 }],
    ['a0006558abcd000000000001', { protocolType: 0x6558, ...NONE, checksum: 0xabcd, key: 1 }],
    ['90006558abcd000000000002', { protocolType: 0x6558, ...NONE, checksum: 0xabcd, sequenceNumber: 2 }],
    [ALL_HEX, ALL],
  ])('reads %s', (hex, header) => {
    expect(codec.decode(octets(hex))).toEqual(header);
    expect(codec.readHeaderLength(octets(hex), 0)).toBe(hex.length / 2);
    expect(toHex(codec.encode(header))).toBe(hex);
  });

  it.each(Array.from({ length: 16 }, (_, length) => length))('refuses %i octets of 16 and says so', (length) => {
    const bytes = new Uint8Array(42 + length);
    bytes.set(octets(ALL_HEX).subarray(0, length), 42);
    const error = refusal(() => codec.decode(bytes, 42));
    const expected = length < 4 ? 4 : 16;
    expect(error.code).toBe('E_GRE_TRUNCATED');
    expect(error.detail).toMatchObject({ protocol: 'gre', offset: 42, expected, actual: length, boundBy: 'end' });
  });

  it('obeys `end` where the array goes on', () => {
    expect(codec.check(octets(ALL_HEX), 0, 15)).toBe('E_GRE_TRUNCATED');
  });

  it.each([
    ['E_GRE_UNSUPPORTED_VERSION', '30016558'],
    ['E_GRE_UNSUPPORTED_VERSION', '4c076558'],
    ['E_GRE_RESERVED_BITS', '40006558'],
    ['E_GRE_RESERVED_BITS', '08006558'],
    ['E_GRE_RESERVED_BITS', '04006558'],
  ])('refuses with %s: %s', (code, hex) => {
    expect(codec.check(octets(hex))).toBe(code);
    expect(refusal(() => codec.decode(octets(hex))).code).toBe(code);
  });

  it('ignores bits 6 to 12 and Reserved1', () => {
    expect(codec.decode(octets('83f865581234ffff'))).toEqual({ protocolType: 0x6558, ...NONE, checksum: 0x1234 });
  });
});

describe('encode', () => {
  it('takes absent for undefined', () => {
    expect(toHex(codec.encode({ protocolType: 0x6558, key: 7 }))).toBe('2000655800000007');
  });

  it.each([
    ['E_FIELD_RANGE', { protocolType: 0x10000 }],
    ['E_FIELD_RANGE', { protocolType: -1 }],
    ['E_FIELD_RANGE', { protocolType: Number.NaN }],
    ['E_FIELD_RANGE', { protocolType: 1, checksum: 0x10000 }],
    ['E_FIELD_RANGE', { protocolType: 1, sequenceNumber: 2 ** 32 }],
    ['E_FIELD_RANGE', { protocolType: 1, sequenceNumber: 1.5 }],
    ['E_GRE_KEY_RANGE', { protocolType: 1, key: 2 ** 32 }],
    ['E_GRE_KEY_RANGE', { protocolType: 1, key: -1 }],
    ['E_GRE_KEY_RANGE', { protocolType: 1, key: Number.NaN }],
  ])('refuses with %s: %j', (code, header) => {
    const out = new Uint8Array(16).fill(0xa5);
    expect(refusal(() => codec.encodeInto(header, out)).code).toBe(code);
    expect(out).toEqual(new Uint8Array(16).fill(0xa5));
  });

  it.each([-1, 1, 16, Number.NaN])('refuses to write 16 octets at offset %d of 16', (offset) => {
    const out = new Uint8Array(16).fill(0xa5);
    expect(refusal(() => codec.encodeInto(ALL, out, offset)).code).toBe('E_OUTPUT_TRUNCATED');
    expect(out).toEqual(new Uint8Array(16).fill(0xa5));
  });
});

describe('checksum', () => {
  const payload = octets('4500001c0001');
  const packet = (header: gre.GreHeader): Uint8Array => Uint8Array.from([...codec.encode(header), ...payload]);

  it('is written and verified over header and payload', () => {
    const bytes = packet(ALL);
    expect(gre.checkChecksum(bytes, 0, bytes.length)).toBe('E_GRE_BAD_CHECKSUM');
    gre.writeChecksum(bytes, 0, bytes.length);
    // By hand: b000+6558+cafe+babe+0009+4500+001c+0001 = 2e03a, folded e03c, complemented 1fc3.
    expect(gre.readChecksum(bytes, 0)).toBe(0x1fc3);
    expect(gre.checkChecksum(bytes, 0, bytes.length)).toBeUndefined();
    for (const at of [0, 4, 8, 12, 16, 21]) {
      const spoiled = bytes.slice();
      spoiled[at]! ^= 1;
      expect(gre.checkChecksum(spoiled, 0, spoiled.length)).toBe('E_GRE_BAD_CHECKSUM');
    }
  });

  it('covers Reserved1 and an odd last octet', () => {
    const bytes = Uint8Array.from([...packet(ALL), 0x80]);
    bytes[7] = 0xff;
    gre.writeChecksum(bytes, 0, bytes.length);
    expect(gre.checkChecksum(bytes, 0, bytes.length)).toBeUndefined();
    expect(gre.checkChecksum(bytes, 0, bytes.length - 1)).toBe('E_GRE_BAD_CHECKSUM');
  });

  it('is right by being absent', () => {
    expect(gre.checkChecksum(packet({ protocolType: 1, key: 2 }), 0, 14)).toBeUndefined();
  });
});

describe('writers', () => {
  it.each([
    [{ protocolType: 1, key: 2, sequenceNumber: 3 }],
    [{ protocolType: 1, checksum: 4, key: 2, sequenceNumber: 3 }],
  ])('change one field of %j', (header) => {
    const bytes = codec.encode(header);
    gre.writeProtocolType(bytes, 0, 0x86dd);
    expect(codec.decode(bytes)).toMatchObject({ ...header, protocolType: 0x86dd });
    gre.writeKey(bytes, 0, 0xfffffffe);
    expect(codec.decode(bytes)).toMatchObject({ ...header, protocolType: 0x86dd, key: 0xfffffffe });
    gre.writeSequenceNumber(bytes, 0, 0xffffffff);
    expect(codec.decode(bytes)).toMatchObject({ key: 0xfffffffe, sequenceNumber: 0xffffffff });
  });
});

describe('view', () => {
  it('reads in place and moves', () => {
    const bytes = new Uint8Array(32);
    codec.encodeInto(ALL, bytes, 0);
    codec.encodeInto({ protocolType: 0x0800 }, bytes, 20);
    const view = new gre.GreView(bytes);
    expect([view.headerLength, view.protocolType, view.key, view.sequenceNumber]).toEqual([16, 0x6558, 0xcafebabe, 9]);
    view.at(bytes, 20);
    expect([view.headerLength, view.protocolType, view.key, view.sequenceNumber]).toEqual([
      4,
      0x0800,
      undefined,
      undefined,
    ]);
    expect(view.at(bytes).offset).toBe(0);
  });
});
