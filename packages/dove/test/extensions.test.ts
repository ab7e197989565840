import { describe, expect, it } from '@jest/globals';
import { dove } from '../src/index.js';
import { octets, refusal } from './vector-file.js';

const BASE = '180000070102a3';
const FRAGMENTED = '1c0000070102a3';
/** A packet with this chain, `next` being the type of its first extension, and this payload. */
const packet = (next: string, chain: string, payload = '00'.repeat(14), base = BASE): Uint8Array =>
  octets(base + next + chain + payload);
const header = (...extensions: dove.DoveExtension[]): dove.DoveHeader => ({
  ...{ version: 1, control: false, overlayId: 7, instanceId: 66211, extensions },
});
const fragment = (fields: Partial<dove.FragmentExtension> = {}): dove.FragmentExtension => ({
  ...{ kind: 'fragment', offset: 0, more: false, identification: 1 },
  ...fields,
});
const opaque = (units: number, type = 0x90): dove.OpaqueExtension => ({
  ...{ kind: 'opaque', type, body: new Uint8Array(4 * units - 2) },
});

describe('bounds of the chain', () => {
  it('takes 8 extensions and no ninth', () => {
    const chain = (n: number): Uint8Array => packet('90', '90010000'.repeat(n - 1) + '00010000');
    expect(dove.check(chain(8))).toBeUndefined();
    expect(dove.readHeaderLength(chain(8), 0)).toBe(40);
    expect(dove.check(chain(9))).toBe('E_DOVE_EXT_LENGTH');
    expect(dove.encode(header(...Array.from({ length: 8 }, () => opaque(1)))).length).toBe(40);
    expect(refusal(() => dove.encode(header(...Array.from({ length: 9 }, () => opaque(1))))).code).toBe(
      'E_DOVE_EXT_LENGTH',
    );
  });

  it('takes 256 octets and no more', () => {
    const chain = (units: number): Uint8Array => packet('90', '00' + units.toString(16) + '00'.repeat(4 * units - 2));
    expect(dove.check(chain(64))).toBeUndefined();
    expect(dove.check(chain(65))).toBe('E_DOVE_EXT_LENGTH');
    expect(dove.encode(header(opaque(32), opaque(32))).length).toBe(264);
    expect(refusal(() => dove.encode(header(opaque(32), opaque(33)))).code).toBe('E_DOVE_EXT_LENGTH');
  });

  it.each([0, 1, 2, 3])('refuses an extension of which %i octets are there', (length) => {
    const bytes = packet('90', '00010000').subarray(0, 8 + length);
    expect(dove.check(bytes)).toBe('E_DOVE_EXT_LENGTH');
    const error = refusal(() => dove.decode(bytes));
    expect(error.detail).toMatchObject({ field: 'extensions', offset: 8 });
  });

  it('obeys `end` where the array goes on', () => {
    expect(dove.check(packet('90', '00010000'), 0, 11)).toBe('E_DOVE_EXT_LENGTH');
  });

  it('refuses a Fragment extension that is not 8 octets long', () => {
    expect(dove.check(packet('01', '00010000', '00'.repeat(8), FRAGMENTED))).toBe('E_DOVE_EXT_LENGTH');
    expect(dove.check(packet('01', '0003000000000001' + '00'.repeat(4), '', FRAGMENTED))).toBe('E_DOVE_EXT_LENGTH');
  });
});

describe('order of the rules', () => {
  // Each packet breaks a rule, and one that comes after it, in a chain where the later rule's extension comes first.
  it.each([
    ['E_DOVE_EXT_LENGTH', packet('20', '02010000' + '00000000')],
    ['E_DOVE_EXT_LENGTH', packet('02', '20010109' + '00ff0000')],
    ['E_DOVE_UNKNOWN_HEADER', packet('02', '20010109' + '00010000')],
    ['E_DOVE_OPTION_LENGTH', packet('01', '0202000000000001' + '00010109')],
    ['E_DOVE_FRAG_FLAG', packet('01', '0002000100000001', '00'.repeat(7))],
    ['E_DOVE_FRAG_ALIGN', packet('01', '0002fff900000001', '00'.repeat(63), FRAGMENTED)],
    ['E_DOVE_FRAG_RANGE', packet('01', '0002fff900000001', '00'.repeat(8), FRAGMENTED)],
  ])('%s', (fault, bytes) => {
    expect(dove.check(bytes)).toBe(fault);
    expect(refusal(() => dove.decode(bytes)).code).toBe(fault);
  });
});

describe('fragment', () => {
  it.each([
    ['missing under F', packet('00', '', '00'.repeat(16), FRAGMENTED)],
    ['twice', packet('01', '0102000000000001' + '0002000000000001', '00'.repeat(8), FRAGMENTED)],
    ['not the last', packet('01', '9002000000000001' + '00010000', '00'.repeat(8), FRAGMENTED)],
    ['in front of another type only', packet('90', '00010000', '00'.repeat(8), FRAGMENTED)],
  ])('%s: E_DOVE_FRAG_FLAG', (_what, bytes) => {
    expect(dove.check(bytes)).toBe('E_DOVE_FRAG_FLAG');
  });

  it('may hold no data only if it is the last', () => {
    expect(dove.check(packet('01', '0002000100000001', '', FRAGMENTED))).toBe('E_DOVE_FRAG_ALIGN');
    expect(dove.check(packet('01', '0002000000000001', '', FRAGMENTED))).toBeUndefined();
  });

  it('may end at octet 65535 and not behind it', () => {
    const last = (length: number): Uint8Array => packet('01', '0002fff800000001', '00'.repeat(length), FRAGMENTED);
    expect(dove.check(last(7))).toBeUndefined();
    expect(dove.check(last(8))).toBe('E_DOVE_FRAG_RANGE');
  });

  it('ignores its reserved bits', () => {
    const bytes = packet('01', '0002000600000001', '', FRAGMENTED);
    expect(dove.decode(bytes).extensions).toEqual([fragment()]);
  });

  it('is written last, and once', () => {
    expect(refusal(() => dove.encode(header(fragment(), opaque(1)))).code).toBe('E_DOVE_FRAG_FLAG');
    expect(refusal(() => dove.encode(header(fragment(), fragment()))).code).toBe('E_DOVE_FRAG_FLAG');
  });

  it.each([-8, 4, 65536, 1.5, Number.NaN])('refuses offset %d', (offset) => {
    expect(refusal(() => dove.encode(header(fragment({ offset })))).code).toBe('E_FIELD_RANGE');
  });

  it.each([-1, 2 ** 32, 0.5])('refuses identification %d', (identification) => {
    expect(refusal(() => dove.encode(header(fragment({ identification })))).code).toBe('E_FIELD_RANGE');
  });
});

describe('options', () => {
  const option = (length: number, type = 9): dove.DoveOption => ({ type, value: new Uint8Array(length).fill(7) });

  it.each([
    // Two octets of extension header, two of the option's: the value decides what is missing.
    [0, []],
    [1, [1]],
    [2, [0]],
    [3, [3]],
    [4, []],
  ] as const)('a value of %i octets gets padding %j', (length, padding) => {
    const padded = dove.padOptions([option(length)]);
    expect(padded.slice(1).map(({ type, value }) => [type, value.length])).toEqual(padding.map((n) => [0, n]));
    const bytes = dove.encode(header({ kind: 'options', options: [option(length)] }));
    expect(bytes.length % 4).toBe(0);
    expect(dove.decode(bytes).extensions).toEqual([{ kind: 'options', options: padded }]);
  });

  it('an empty list is padding', () => {
    const bytes = dove.encode(header({ kind: 'options', options: [] }));
    expect(dove.decode(bytes).extensions).toEqual([
      { kind: 'options', options: [{ type: 0, value: new Uint8Array(0) }] },
    ]);
  });

  it.each(['00010009', '00010101', '0002010500000000', '000201030000000a'])('refuses %s', (extension) => {
    expect(dove.check(packet('02', extension))).toBe('E_DOVE_OPTION_LENGTH');
  });

  it('refuses what has no room for its length or type', () => {
    const { code } = refusal(() => dove.encode(header({ kind: 'options', options: [option(256)] })));
    expect(code).toBe('E_DOVE_OPTION_LENGTH');
    expect(refusal(() => dove.encode(header({ kind: 'options', options: [option(1, 256)] }))).code).toBe(
      'E_FIELD_RANGE',
    );
  });

  it('a walk stops at an option that overruns', () => {
    const walk = new dove.OptionWalk().at(octets('01020000ff09'), 0, 6);
    expect([walk.next(), walk.valueOffset, walk.valueLength, walk.next()]).toEqual([true, 2, 2, false]);
  });

  it('says tags and classes with their own lengths only', () => {
    const walk = new dove.OptionWalk().at(octets('0103000000' + '02020000' + '0201ff'), 0, 12);
    const seen = [];
    while (walk.next()) seen.push([walk.policyTag, walk.lossClass]);
    expect(seen).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      [undefined, 7],
    ]);
  });

  it.each([-1, 8, 1.5])('refuses loss class %d', (value) => {
    expect(refusal(() => dove.lossClass(value)).code).toBe('E_FIELD_RANGE');
  });

  it.each([-1, 2 ** 32, 1.5])('refuses policy tag %d', (tag) => {
    expect(refusal(() => dove.policyTag(tag)).code).toBe('E_FIELD_RANGE');
  });
});

describe('opaque extensions', () => {
  it('refuses types that must be understood, and broken units', () => {
    expect(refusal(() => dove.encode(header(opaque(1, 0x7f)))).code).toBe('E_DOVE_UNKNOWN_HEADER');
    expect(refusal(() => dove.encode(header(opaque(1, 256)))).code).toBe('E_FIELD_RANGE');
    const body = new Uint8Array(3);
    expect(refusal(() => dove.encode(header({ kind: 'opaque', type: 0x80, body }))).code).toBe('E_DOVE_EXT_LENGTH');
  });

  it.each([3, 0x20, 0x7f])('refuses type %i on receipt', (type) => {
    expect(dove.check(packet(type.toString(16).padStart(2, '0'), '00010000'))).toBe('E_DOVE_UNKNOWN_HEADER');
  });

  it.each([0x80, 0xff])('steps over type %i', (type) => {
    const bytes = packet(type.toString(16), '00010102');
    expect(dove.decode(bytes).extensions).toEqual([{ kind: 'opaque', type, body: Uint8Array.of(1, 2) }]);
  });

  it('a walk over octets that were not checked ends', () => {
    const walk = new dove.ExtensionWalk().at(packet('90', '90000000'));
    expect(walk.next()).toBe(false);
  });
});
