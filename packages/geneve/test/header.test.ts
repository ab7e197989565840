import { describe, expect, it } from '@jest/globals';
import type { Codec } from '@overlane/wire';
import * as geneve from '../src/index.js';
import { encodeVectors, headerOf, octets, option, optionOf, packetVectors, refusal, toHex } from './vector-file.js';

const codec: Codec<geneve.GeneveHeader> = geneve;
/** By hand, from the figures of RFC 8926 §3.4 and §3.5: O and C set, one critical option with a word, one empty. */
const OCTETS = octets('03c065581234560001028001deadbeefff020500');
const HEADER = headerOf({
  control: true,
  options: [
    { optionClass: 0x0102, type: 0x80, data: octets('deadbeef') },
    { optionClass: 0xff02, type: 0x05, data: new Uint8Array(0) },
  ],
});
/** Where the Geneve header starts in the vectors: behind Ethernet, IPv4 or IPv6, and UDP. */
const headerOffset = (bytes: Uint8Array): number => 14 + (bytes[14]! >>> 4 === 6 ? 40 : 20) + 8;

describe('encode vectors', () => {
  it.each(encodeVectors.map((v) => [v.name, v] as const))('%s', (_name, v) => {
    const { input = {}, header } = v.fields;
    const single = input.data === undefined ? [] : [optionOf(input as Parameters<typeof optionOf>[0])];
    const value = headerOf({ vni: input.vni ?? 0, options: input.options?.map(optionOf) ?? single });
    if (v.error === undefined) expect(toHex(codec.encode(value))).toBe(header);
    else expect(refusal(() => codec.encode(value)).code).toBe(v.error);
  });
});

describe('decode gives the fields of the vectors', () => {
  const good = packetVectors.filter(({ error }) => error === undefined);
  it.each(good.map((v) => [v.name, v] as const))('%s', (_name, { hex, fields }) => {
    const bytes = octets(hex);
    const at = headerOffset(bytes);
    const header = geneve.decode(bytes, at);
    expect(header).toEqual({
      control: fields.O,
      protocolType: Number(fields.protocolType),
      vni: fields.vni,
      options: fields.options.map(optionOf),
    });
    expect([geneve.readOptionsLength(bytes, at), geneve.readCritical(bytes, at)]).toEqual([fields.optLen, fields.C]);
    expect(toHex(bytes.subarray(at + geneve.readHeaderLength(bytes, at)))).toBe(fields.inner);
  });
});

describe('decode', () => {
  it('reads the octets of the figure, and encode writes them', () => {
    expect(geneve.decode(OCTETS)).toEqual(HEADER);
    expect(toHex(geneve.encode(HEADER))).toBe(toHex(OCTETS));
  });

  it.each(Array.from({ length: OCTETS.length }, (_, i) => i))('refuses %i octets and says so', (length) => {
    const bytes = new Uint8Array(42 + length);
    bytes.set(OCTETS.subarray(0, length), 42);
    const needed = length < 8 ? 8 : 20;
    const error = refusal(() => geneve.decode(bytes, 42));
    expect(error.code).toBe('E_GENEVE_TRUNCATED');
    expect(error.message).toBe(`geneve: header needs ${needed} octets at offset 42, ${length} left`);
    expect(error.detail).toMatchObject({ offset: 42, expected: needed, actual: length, boundBy: 'end' });
  });

  it('obeys `end` where the array goes on', () => {
    expect(geneve.check(OCTETS, 0, 19)).toBe('E_GENEVE_TRUNCATED');
  });

  it.each([1, 2, 3])('refuses version %i, whatever follows', (version) => {
    const bytes = octets('3f006558000000ff');
    bytes[0]! |= version << 6;
    const error = refusal(() => geneve.decode(bytes));
    expect(error.code).toBe('E_GENEVE_UNSUPPORTED_VERSION');
    expect(error.message).toBe(`geneve: version at offset 0 must be 0, got ${version}`);
  });

  it('ignores reserved bits, those of options too', () => {
    const bytes = OCTETS.slice();
    bytes[1]! |= 0x3f;
    bytes[7] = 0xff;
    bytes[11]! |= 0xe0;
    expect(geneve.decode(bytes)).toEqual(HEADER);
  });

  it('refuses a critical option without the C bit, unless told to accept', () => {
    const bytes = OCTETS.slice();
    bytes[1] = 0x80;
    const error = refusal(() => geneve.decode(bytes));
    expect(error.code).toBe('E_GENEVE_CRITICAL_FLAG_MISSING');
    expect(error.message).toBe('geneve: flags at offset 1 must be a value with bit 0x40 (C) set, got 128');
    expect(geneve.check(bytes, 0, bytes.length, 'accepted')).toBeUndefined();
    expect(geneve.decode(bytes, 0, bytes.length, 'accepted')).toEqual(HEADER);
  });

  it('takes a C bit without critical options', () => {
    expect(geneve.decode(octets('0040655800002a00')).options).toEqual([]);
  });

  it('copies the data of options', () => {
    const bytes = OCTETS.slice();
    const { options } = geneve.decode(bytes);
    bytes.fill(0);
    expect(toHex(options[0]!.data)).toBe('deadbeef');
  });

  it.each([
    ['the last option is longer than the list', '0100655800002a0000010101ffffffff', 11, '0..0 words, got 1'],
    ['the first option swallows more than there is', '0200655800002a000001011f00000000', 11, '0..1 words, got 31'],
    ['the second overruns by one word', '0300655800002a000001010000010102ffffffff', 15, '0..1 words, got 2'],
  ])('refuses a list where %s', (_what, hex, at, message) => {
    const error = refusal(() => geneve.decode(octets(hex)));
    expect(error.code).toBe('E_GENEVE_OPTIONS_LENGTH_MISMATCH');
    expect(error.message).toBe(`geneve: option length at offset ${at} must be ${message}`);
  });
});

describe('encode', () => {
  it.each([0, 1, 0xffffff])('takes VNI %i', (vni) => {
    expect(geneve.decode(geneve.encode(headerOf({ vni })))).toEqual(headerOf({ vni }));
  });

  it('keeps order and repeats', () => {
    const options = [option(2, 1), option(1), option(2, 1), option(2, 2)];
    expect(geneve.decode(geneve.encode(headerOf({ options }))).options).toEqual(options);
  });

  it('takes 63 words of options and no more', () => {
    const full = [option(1, 31), option(2, 30)];
    expect(geneve.encode(headerOf({ options: full }))).toHaveLength(260);
    const error = refusal(() => geneve.encode(headerOf({ options: [...full, option(3)] })));
    expect(error.code).toBe('E_GENEVE_OPTIONS_TOO_LONG');
    expect(error.message).toBe('geneve: options may have 252 octets, got 256');
  });

  it.each<[string, Partial<geneve.GeneveHeader>, string]>([
    ['VNI -1', { vni: -1 }, 'E_GENEVE_VNI_RANGE'],
    ['VNI 2^24', { vni: 0x1000000 }, 'E_GENEVE_VNI_RANGE'],
    ['VNI 1.5', { vni: 1.5 }, 'E_GENEVE_VNI_RANGE'],
    ['VNI NaN', { vni: Number.NaN }, 'E_GENEVE_VNI_RANGE'],
    ['protocol type 2^16', { protocolType: 0x10000 }, 'E_FIELD_RANGE'],
    ['option class 2^16', { options: [option(1, 1, 0x10000)] }, 'E_FIELD_RANGE'],
    ['option type 256', { options: [option(256)] }, 'E_FIELD_RANGE'],
    ['option type -1', { options: [option(-1)] }, 'E_FIELD_RANGE'],
    ['32 words of data', { options: [option(1, 32)] }, 'E_GENEVE_OPTION_DATA_LENGTH'],
    ['5 octets of data', { options: [{ ...option(1), data: new Uint8Array(5) }] }, 'E_GENEVE_OPTION_DATA_LENGTH'],
  ])('refuses %s and leaves the output alone', (_what, fields, code) => {
    const out = new Uint8Array(300).fill(0xa5);
    expect(refusal(() => geneve.encodeInto(headerOf(fields), out)).code).toBe(code);
    expect(out).toEqual(new Uint8Array(300).fill(0xa5));
  });

  it.each([-1, 1, 20, Number.NaN])('refuses to write 20 octets at offset %d of as many', (offset) => {
    const out = new Uint8Array(20).fill(0xa5);
    expect(refusal(() => geneve.encodeInto(HEADER, out, offset)).code).toBe('E_OUTPUT_TRUNCATED');
    expect(out).toEqual(new Uint8Array(20).fill(0xa5));
  });

  it('overwrites every octet', () => {
    const out = new Uint8Array(24).fill(0xff);
    expect(geneve.encodeInto(HEADER, out, 2)).toBe(22);
    expect(toHex(out)).toBe(`ffff${toHex(OCTETS)}ffff`);
  });
});

describe('view', () => {
  it('reads and writes in place and moves', () => {
    const bytes = new Uint8Array(40);
    geneve.writeHeader(bytes, 0, 0x0800, 7);
    bytes.set(OCTETS, 16);
    const view = new geneve.GeneveView(bytes);
    expect([view.vni, view.protocolType, view.control, view.critical, view.headerLength]).toEqual([
      7,
      0x0800,
      false,
      false,
      8,
    ]);
    view.at(bytes, 16);
    expect([view.vni, view.control, view.critical, view.headerLength]).toEqual([0x123456, true, true, 20]);
    view.vni = 0xabcdef;
    view.protocolType = 0x86dd;
    expect(toHex(bytes.subarray(16))).toBe('03c086ddabcdef0001028001deadbeefff02050000000000');
    expect(view.at(bytes).offset).toBe(0);
  });

  it('walks the options anew at each call', () => {
    const view = new geneve.GeneveView(OCTETS);
    for (let i = 0; i < 2; i++) {
      const walk = view.walkOptions();
      expect([walk.next(), walk.type, walk.next(), walk.type, walk.next()]).toEqual([true, 0x80, true, 5, false]);
    }
  });

  it('of nothing has no options', () => {
    expect(new geneve.GeneveView().walkOptions().next()).toBe(false);
  });
});
