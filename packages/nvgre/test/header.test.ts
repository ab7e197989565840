import { describe, expect, it } from '@jest/globals';
import type { Codec } from '@overlane/wire';
import * as nvgre from '../src/index.js';
import { encodeVectors, named, octets, refusal, toHex } from './outcome.js';

const codec: Codec<nvgre.NvgreHeader> = nvgre;
/** By hand, from the figure of RFC 7637 §3.2. */
const OCTETS = Uint8Array.of(0x20, 0x00, 0x65, 0x58, 0x12, 0x34, 0x56, 0xd0);
const HEADER = { vsid: 0x123456, flowId: 0xd0 };
const withWord = (word: number): Uint8Array => Uint8Array.of(word >>> 8, word & 255, ...OCTETS.subarray(2));

describe('encode vectors', () => {
  it.each(named(encodeVectors))('%s', (_name, { fields, error }) => {
    const { input, header } = fields as { input: nvgre.NvgreHeader; header?: string };
    if (error === undefined) expect(toHex(codec.encode(input))).toBe(header);
    else expect(refusal(() => codec.encode(input)).code).toBe(error);
  });
});

describe('decode', () => {
  it('reads the octets of the figure', () => {
    expect(codec.decode(OCTETS)).toEqual(HEADER);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('refuses %i octets and says so', (length) => {
    const bytes = new Uint8Array(42 + length);
    bytes.set(OCTETS.subarray(0, length), 42);
    const error = refusal(() => codec.decode(bytes, 42));
    expect(error.code).toBe('E_GRE_TRUNCATED');
    expect(error.message).toBe(`nvgre: header needs 8 octets at offset 42, ${length} left`);
    expect(error.detail).toMatchObject({ offset: 42, expected: 8, actual: length, boundBy: 'end' });
  });

  it('obeys `end` where the array goes on', () => {
    expect(codec.check(OCTETS, 0, 7)).toBe('E_GRE_TRUNCATED');
  });

  it.each([
    ['version 1', 'E_GRE_UNSUPPORTED_VERSION', 0x2001],
    ['version 7', 'E_GRE_UNSUPPORTED_VERSION', 0x2007],
    ['C', 'E_NVGRE_CHECKSUM_PRESENT', 0xa000],
    ['S', 'E_NVGRE_SEQUENCE_PRESENT', 0x3000],
    ['bit 1', 'E_GRE_RESERVED_BITS', 0x6000],
    ['bit 4', 'E_GRE_RESERVED_BITS', 0x2800],
    ['bit 5', 'E_GRE_RESERVED_BITS', 0x2400],
    ['no K', 'E_NVGRE_KEY_MISSING', 0x0000],
    ['N4 before N5', 'E_GRE_UNSUPPORTED_VERSION', 0xb001],
    ['C before S', 'E_NVGRE_CHECKSUM_PRESENT', 0xb000],
    ['N5 before N6', 'E_NVGRE_SEQUENCE_PRESENT', 0x7c00],
    ['N6 before N7', 'E_GRE_RESERVED_BITS', 0x4000],
  ])('refuses %s', (_name, code, word) => {
    expect(codec.check(withWord(word))).toBe(code);
    const error = refusal(() => codec.decode(withWord(word)));
    expect([error.code, error.detail.offset]).toEqual([code, 0]);
  });

  it('refuses another protocol type, before it asks for the key', () => {
    const error = refusal(() => codec.decode(Uint8Array.of(0x20, 0, 8, 0)));
    expect(error.code).toBe('E_NVGRE_BAD_PROTOCOL');
    expect(error.message).toBe('nvgre: protocolType at offset 2 must be 25944, got 2048');
  });

  it.each([0, 1, 0xfff])('refuses reserved VSID %i', (vsid) => {
    const bytes = OCTETS.slice();
    nvgre.writeVsid(bytes, 0, vsid);
    const error = refusal(() => codec.decode(bytes));
    expect(error.code).toBe('E_NVGRE_RESERVED_VSID');
    expect(error.detail).toMatchObject({ field: 'vsid', offset: 4, expected: '4096..16777215', actual: vsid });
  });

  it('ignores bits 6 to 12', () => {
    expect(codec.decode(withWord(0x23f8))).toEqual(HEADER);
  });
});

describe('encode', () => {
  it('writes the octets of the figure', () => {
    expect(codec.encode(HEADER)).toEqual(OCTETS);
  });

  it.each([0x1000, 0x1001, 0xfffffe, 0xffffff])('takes VSID %i', (vsid) => {
    expect(codec.decode(codec.encode({ vsid, flowId: 0 })).vsid).toBe(vsid);
  });

  it.each([-1, 0, 0xfff, 0x1000000, 4096.5, Number.NaN])('refuses VSID %d and leaves the output alone', (vsid) => {
    const out = new Uint8Array(8).fill(0xa5);
    expect(refusal(() => codec.encodeInto({ vsid, flowId: 0 }, out)).code).toBe('E_NVGRE_VSID_RANGE');
    expect(out).toEqual(new Uint8Array(8).fill(0xa5));
  });

  it.each([0, 1, 255])('takes FlowID %i', (flowId) => {
    expect(codec.decode(codec.encode({ ...HEADER, flowId })).flowId).toBe(flowId);
  });

  it.each([-1, 256, 1.5, Number.NaN])('refuses FlowID %d', (flowId) => {
    expect(refusal(() => codec.encode({ ...HEADER, flowId })).code).toBe('E_NVGRE_FLOWID_RANGE');
  });

  it.each([-1, 1, 8, Number.NaN])('refuses to write at offset %d of eight octets', (offset) => {
    const out = new Uint8Array(8).fill(0xa5);
    expect(refusal(() => codec.encodeInto(HEADER, out, offset)).code).toBe('E_OUTPUT_TRUNCATED');
    expect(out).toEqual(new Uint8Array(8).fill(0xa5));
  });
});

describe('view', () => {
  it('reads and writes in place and moves', () => {
    const bytes = new Uint8Array(24);
    codec.encodeInto({ vsid: 0x1007, flowId: 1 }, bytes, 0);
    codec.encodeInto({ vsid: 0x1009, flowId: 2 }, bytes, 16);
    const view = new nvgre.NvgreView(bytes);
    expect([view.vsid, view.flowId, view.at(bytes, 16).vsid, view.flowId]).toEqual([0x1007, 1, 0x1009, 2]);
    view.vsid = 0xabcdef;
    view.flowId = 0x5a;
    expect(bytes.subarray(16)).toEqual(octets('20006558abcdef5a'));
    expect(view.at(bytes).offset).toBe(0);
  });
});
