import { describe, expect, it } from '@jest/globals';
import { createDissector } from '@overlane/layout';
import { type Codec, CodecError, formatIpv4, formatMac } from '@overlane/wire';
import fc from 'fast-check';
import * as van from '../src/van/index.js';
import { vanBinding, vanLayout } from '../src/van-layout.js';
import { vanLaws } from '../src/van-laws.js';
import vectors from './vectors/dove.json';

const codec: Codec<van.VanMessage> = van;
const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const DOVE_HEADER = 8;
const request: van.VanMessage = {
  type: van.TYPE.LEARN_REQUEST,
  extensions: false,
  hint: false,
  proxy: false,
  transactionId: 0x11223344,
  mac: Uint8Array.of(2, 0, 0, 0, 0, 2),
  lifetimeS: 0,
  locator: 0,
  generation: 0,
};

function refusal(run: () => unknown): CodecError {
  try {
    run();
  } catch (error) {
    if (CodecError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

interface VanVector {
  readonly name: string;
  readonly hex: string;
  readonly expectError?: string;
  readonly fields: Record<string, unknown>;
}

const vanVectors = (vectors as unknown as VanVector[]).filter(
  ({ name, expectError }) => name.startsWith('van-') || expectError?.startsWith('E_VAN'),
);
const named = (wanted: VanVector[]): [string, VanVector][] => wanted.map((vector) => [vector.name, vector]);
/** The message is the last of whatever layer the vector holds. */
const messageOf = ({ hex, fields }: VanVector): Uint8Array => {
  const bytes = octets(hex);
  return bytes.subarray(fields['layer'] === 'frame' ? bytes.length - van.MESSAGE_LENGTH : DOVE_HEADER);
};

describe('vectors', () => {
  it('are all here', () => {
    expect(vanVectors).toHaveLength(8);
  });

  const good = vanVectors.filter(({ expectError }) => expectError === undefined);
  it.each(named(good))('%s', (_name, vector) => {
    const bytes = messageOf(vector);
    expect(van.check(bytes)).toBeUndefined();
    expect(van.encode(van.decode(bytes))).toEqual(bytes);
  });

  it.each(named(good.filter(({ fields }) => 'generation' in fields)))('%s, field by field', (_name, vector) => {
    const bytes = messageOf(vector);
    const { type, flags, length, transactionId, mac, lifetime, locator, generation } = vector.fields;
    const view = new van.VanView(bytes);
    expect([view.type, view.flags, van.readHeaderLength(bytes, 0)]).toEqual([type, flags, length]);
    expect([view.transactionId, formatMac(view.mac), view.lifetimeS]).toEqual([transactionId, mac, lifetime]);
    expect([formatIpv4(view.locator), view.generation]).toEqual([locator, generation]);
  });

  it.each(named(vanVectors.filter(({ expectError }) => expectError !== undefined)))('%s', (_name, vector) => {
    expect(van.check(messageOf(vector))).toBe(vector.expectError);
    expect(refusal(() => van.decode(messageOf(vector))).code).toBe(vector.expectError);
  });
});

describe('the control message keeps the law', () => {
  for (const law of vanLaws()) it(law.name, () => fc.assert(law.property));
});

describe('refuses', () => {
  const bytes = van.encode(request);
  const changed = (at: number, ...values: number[]): Uint8Array => {
    const copy = bytes.slice();
    copy.set(values, at);
    return copy;
  };

  it.each(Array.from({ length: van.MESSAGE_LENGTH }, (_, n) => n))('%i octets', (length) => {
    const error = refusal(() => van.decode(changed(0, 1).subarray(0, length)));
    expect([error.code, error.detail.actual]).toEqual(['E_VAN_LENGTH', length]);
    expect(error.message).toBe(`van: header needs 24 octets at offset 0, ${length} left`);
  });

  it.each([
    ['E_VAN_LENGTH', changed(2, 0, 23), 'van: length at offset 2 must be 24..24, got 23'],
    ['E_VAN_LENGTH', changed(2, 0, 25), 'van: length at offset 2 must be 24..24, got 25'],
    ['E_VAN_LENGTH', changed(0, 9, 0, 0, 0), 'van: length at offset 2 must be 24..24, got 0'],
    ['E_VAN_TYPE', changed(0, 0), 'van: type at offset 0 must be 1..5, got 0'],
    ['E_VAN_TYPE', changed(0, 6), 'van: type at offset 0 must be 1..5, got 6'],
    ['E_VAN_TYPE', changed(0, 6, 0, 0, 24, 0, 0, 0, 0, 1), 'van: type at offset 0 must be 1..5, got 6'],
    ['E_VAN_GROUP_MAC', changed(8, 3), "van: mac at offset 8 must be one station's (first octet even), got 3"],
  ])('with %s', (code, message, text) => {
    expect(codec.check(message)).toBe(code);
    expect(refusal(() => codec.decode(message)).message).toBe(text);
  });

  it.each([van.TYPE.LEARN_REQUEST, van.TYPE.LEARN_REPLY, van.TYPE.UNLEARN])('a group MAC in type %i', (type) => {
    expect(van.check(changed(0, type, 0, 0, 24, 0, 0, 0, 0, 0xff))).toBe('E_VAN_GROUP_MAC');
    expect(refusal(() => van.encode({ ...request, type, mac: Uint8Array.of(1, 0, 0, 0, 0, 0) })).code).toBe(
      'E_VAN_GROUP_MAC',
    );
  });

  it.each([van.TYPE.JOIN, van.TYPE.LEAVE])('no MAC in type %i, where it means nothing', (type) => {
    expect(van.check(changed(0, type, 0, 0, 24, 0, 0, 0, 0, 0xff))).toBeUndefined();
  });

  it.each([
    ['E_VAN_TYPE', { type: 0 }],
    ['E_VAN_TYPE', { type: 6 }],
    ['E_FIELD_RANGE', { transactionId: -1 }],
    ['E_FIELD_RANGE', { transactionId: 2 ** 32 }],
    ['E_FIELD_RANGE', { mac: new Uint8Array(5) }],
    ['E_FIELD_RANGE', { lifetimeS: 0x10000 }],
    ['E_FIELD_RANGE', { lifetimeS: 1.5 }],
    ['E_FIELD_RANGE', { locator: Number.NaN }],
    ['E_FIELD_RANGE', { generation: 2 ** 32 }],
  ])('to encode with %s: %j', (code, wrong) => {
    const out = new Uint8Array(24).fill(0xa5);
    expect(refusal(() => van.encodeInto({ ...request, ...wrong } as van.VanMessage, out)).code).toBe(code);
    expect(out).toEqual(new Uint8Array(24).fill(0xa5));
  });

  it('to write where there is no room', () => {
    expect(refusal(() => van.encodeInto(request, new Uint8Array(24), 1)).code).toBe('E_OUTPUT_TRUNCATED');
  });
});

describe('a longer message', () => {
  it('is read as if it ended after 24 octets', () => {
    const bytes = Uint8Array.of(...van.encode(request), 1, 2, 3, 4);
    bytes[3] = 28;
    expect(van.decode(bytes)).toEqual(request);
    expect(van.readHeaderLength(bytes, 0)).toBe(28);
  });
});

describe('view', () => {
  it('reads, writes and moves', () => {
    const bytes = new Uint8Array(64);
    van.encodeInto(request, bytes, 0);
    van.encodeInto({ ...request, generation: 9 }, bytes, 40);
    const view = new van.VanView(bytes);
    view.transactionId = 0xfedcba98;
    expect([view.transactionId, view.at(bytes, 40).generation, view.transactionId]).toEqual([
      0xfedcba98, 9, 0x11223344,
    ]);
  });
});

describe('layout', () => {
  it('is the figure', () => {
    expect(`${vanLayout.diagram()}\n`).toBe(`\
 0                   1                   2                   3
 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|     Type      |R|R|R|R|R|P|H|E|            Length             |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                        Transaction ID                         |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                            VM MAC                             |
+                               +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                               |         Lifetime (s)          |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                        Locator (IPv4)                         |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
|                          Generation                           |
+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
`);
  });

  it('is a layer of the dissector, and the last', () => {
    const { layers, fault } = createDissector([vanBinding]).dissect(van.encode(request), { start: 'van' });
    expect(fault).toBeUndefined();
    expect(layers.map(({ protocol, length }) => [protocol, length])).toEqual([['van', 24]]);
  });
});
