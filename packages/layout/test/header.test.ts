import { describe, expect, it } from '@jest/globals';
import { CodecError } from '@overlane/wire';
import { flags, header, hex, ipv4, ipv6, mac, octets, reserved, rest, u64, uint } from '../src/index.js';

/** The same call, but with a record or argument that the types refuse. */
type Untyped = (record: unknown) => unknown;

function refusal(call: () => unknown): CodecError {
  try {
    call();
  } catch (error) {
    if (CodecError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

const sample = header(
  'sample',
  [
    uint('version', 4),
    uint('words', 4),
    flags(['urgent', undefined, undefined, 'last', undefined, 'a', 'b', 'c']),
    uint('label', 20),
    reserved('reserved', 28),
    hex('kind', 16),
    uint('long', 48),
    u64('context'),
    mac('hardware'),
    ipv4('source'),
    ipv6('destination'),
    octets('cookie', 3),
    rest('options', ({ words }: { words: number }) => 4 * words),
  ],
  { reference: 'hand-made' },
);

const bytes = Uint8Array.from([
  0xa1, 0b1001_0101, 0xab, 0xcd, 0xef, 0x12, 0x34, 0x56, 0x08, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0,
  0, 0, 0, 0x01, 0x52, 0x54, 0, 0, 0, 0x01, 0xc0, 0x00, 0x02, 0x01, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 0, 0x01, 0x0a, 0x0b, 0x0c, 0x01, 0x02, 0x03, 0x04,
]);

const record = {
  version: 10,
  words: 1,
  urgent: true,
  reserved1: 0,
  last: true,
  reserved4: 0,
  a: true,
  b: false,
  c: true,
  label: 0xabcde,
  reserved: 0xf123456,
  kind: 0x0800,
  long: 0xffff_ffff_ffff,
  context: 0x8000_0000_0000_0001n,
  hardware: Uint8Array.of(0x52, 0x54, 0, 0, 0, 1),
  source: 0xc000_0201,
  destination: Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
  cookie: Uint8Array.of(0x0a, 0x0b, 0x0c),
  options: Uint8Array.of(1, 2, 3, 4),
};

describe('decode and encode', () => {
  it('agree with the octets worked out by hand', () => {
    expect(sample.decode(bytes)).toEqual(record);
    expect(sample.encode(record)).toEqual(bytes);
    expect(sample.length(bytes)).toBe(bytes.length);
  });

  it('returns memory of its own, as plain arrays', () => {
    const source = bytes.slice();
    const { cookie, options } = sample.decode(source);
    source.fill(0);
    expect([...cookie, ...options]).toEqual([0x0a, 0x0b, 0x0c, 1, 2, 3, 4]);
    expect([Object.getPrototypeOf(cookie), Object.getPrototypeOf(options)]).toEqual([
      Uint8Array.prototype,
      Uint8Array.prototype,
    ]);
  });

  it('works at any offset, and inside a view on a larger buffer', () => {
    const larger = new Uint8Array(bytes.length + 20).fill(0xee);
    larger.set(bytes, 13);
    expect(sample.decode(larger, 13)).toEqual(record);
    expect(sample.decode(larger.subarray(5), 8, 8 + bytes.length)).toEqual(record);
  });

  it('refuses every shorter length', () => {
    for (let end = 0; end < bytes.length; end++) {
      const error = refusal(() => sample.decode(bytes, 0, end));
      expect([error.code, error.detail.protocol, error.detail.actual]).toEqual(['E_LAYOUT_TRUNCATED', 'sample', end]);
      expect(refusal(() => sample.length(bytes, 0, end)).code).toBe('E_LAYOUT_TRUNCATED');
      expect(refusal(() => sample.decode(bytes.slice(0, end))).code).toBe('E_LAYOUT_TRUNCATED');
    }
  });

  it.each([-1, 1, 0.5, NaN, Infinity, 1e9])('refuses the offset %p', (offset) => {
    expect(refusal(() => sample.decode(bytes, offset)).code).toBe('E_LAYOUT_TRUNCATED');
  });

  it('is bounded by the array even if the caller says otherwise', () => {
    expect(refusal(() => sample.decode(bytes.slice(0, 10), 0, 1000)).code).toBe('E_LAYOUT_TRUNCATED');
    expect(refusal(() => sample.decode(bytes, 0, NaN)).code).toBe('E_LAYOUT_TRUNCATED');
  });

  it('takes all that is left as the tail where no length is given', () => {
    const open = header('open', [uint('a', 8), rest('tail')], { reference: 'none' });
    expect(open.decode(Uint8Array.of(1, 2, 3, 4), 1, 3)).toEqual({ a: 2, tail: Uint8Array.of(3) });
    expect(open.decode(Uint8Array.of(1))).toEqual({ a: 1, tail: new Uint8Array(0) });
    expect(open.length(Uint8Array.of(1, 2, 3, 4), 1, 3)).toBe(2);
  });

  it('counts a negative tail as none, and refuses one that is no whole number', () => {
    const odd = header('odd', [uint('a', 8), rest('tail', ({ a }: { a: number }) => (a - 4) / 2)], {
      reference: 'none',
    });
    expect(odd.decode(Uint8Array.of(0))).toEqual({ a: 0, tail: new Uint8Array(0) });
    const error = refusal(() => odd.decode(Uint8Array.of(5, 0, 0)));
    expect([error.code, error.detail.field]).toEqual(['E_FIELD_RANGE', 'tail.length']);
  });
});

describe('quirks of the libraries inside', () => {
  const names = Object.keys(record);

  it.each(names)('demands %s', (name) => {
    const error = refusal(() => (sample.encode as Untyped)({ ...record, [name]: undefined }));
    expect([error.code, error.detail.protocol, error.detail.field]).toEqual(['E_FIELD_RANGE', 'sample', name]);
  });

  it.each(names)('refuses %s of the wrong type', (name) => {
    for (const value of ['1', null, {}, [], () => 1]) {
      const call = (): unknown => (sample.encode as Untyped)({ ...record, [name]: value });
      expect(refusal(call).code).toBe('E_FIELD_RANGE');
    }
  });

  it.each([
    ['version', 15],
    ['label', 0xfffff],
    ['reserved', 0xfffffff],
    ['kind', 0xffff],
    ['long', 0xffff_ffff_ffff],
    ['source', 0xffff_ffff],
  ] as const)('keeps %s to whole numbers in 0..%p', (name, max) => {
    for (const good of [0, 1, max]) {
      expect(sample.decode(sample.encode({ ...record, [name]: good }))[name]).toBe(good);
    }
    for (const bad of [-1, 1.5, max + 1, NaN, Infinity, -0.5]) {
      const error = refusal(() => sample.encode({ ...record, [name]: bad }));
      expect([error.code, error.detail.field]).toEqual(['E_FIELD_RANGE', name]);
    }
  });

  it('keeps 64 bits exact', () => {
    for (const good of [0n, 1n, (1n << 53n) + 1n, (1n << 64n) - 1n]) {
      expect(sample.decode(sample.encode({ ...record, context: good })).context).toBe(good);
    }
    for (const bad of [-1n, 1n << 64n]) {
      expect(refusal(() => sample.encode({ ...record, context: bad })).code).toBe('E_FIELD_RANGE');
    }
    expect(refusal(() => (sample.encode as Untyped)({ ...record, context: 1 })).code).toBe('E_FIELD_RANGE');
  });

  it('demands octets of the right number', () => {
    for (const name of ['hardware', 'destination', 'cookie', 'options'] as const) {
      const wrong = new Uint8Array(record[name].length + 1);
      expect(refusal(() => sample.encode({ ...record, [name]: wrong })).detail.field).toBe(name);
    }
  });

  it('does not take 0 and 1 for flags, nor the other way round', () => {
    expect(refusal(() => (sample.encode as Untyped)({ ...record, urgent: 1 })).detail.field).toBe('urgent');
    expect(refusal(() => (sample.encode as Untyped)({ ...record, version: true })).detail.field).toBe('version');
  });

  it('reads and writes more than 32 bits that share octets', () => {
    const wide = header('wide', [uint('a', 3), uint('b', 48), uint('c', 5)], { reference: 'none' });
    const value = { a: 5, b: 0xfedc_ba98_7654, c: 21 };
    expect(wide.decode(wide.encode(value))).toEqual(value);
    expect(wide.decode(new Uint8Array(7).fill(0xff))).toEqual({ a: 7, b: 0xffff_ffff_ffff, c: 31 });
  });
});

describe('format', () => {
  it('gives text that JSON holds', () => {
    const json = sample.format(record);
    expect(JSON.parse(JSON.stringify(json))).toEqual({
      ...record,
      kind: '0x0800',
      context: '9223372036854775809',
      hardware: '52:54:00:00:00:01',
      source: '192.0.2.1',
      destination: '2001:db8::1',
      cookie: '0a0b0c',
      options: '01020304',
    });
  });

  it('refuses what encode refuses', () => {
    expect(refusal(() => (sample.format as Untyped)({})).code).toBe('E_FIELD_RANGE');
  });
});

describe('fieldsOf', () => {
  it('says where each field stands', () => {
    expect(sample.fieldsOf().slice(0, 4)).toEqual([
      { name: 'version', bitOffset: 0, bits: 4, kind: 'uint', reserved: false },
      { name: 'words', bitOffset: 4, bits: 4, kind: 'uint', reserved: false },
      { name: 'urgent', bitOffset: 8, bits: 1, kind: 'flag', reserved: false },
      { name: 'reserved1', bitOffset: 9, bits: 2, kind: 'uint', reserved: true },
    ]);
    expect(sample.fieldsOf().at(-1)).toEqual({
      name: 'options',
      bitOffset: 424,
      bits: undefined,
      kind: 'rest',
      reserved: false,
    });
  });
});

describe('a list that is no header', () => {
  const reference = { reference: 'none' };
  it.each<[string, () => unknown]>([
    ['two fields of one name', () => header('x', [uint('a', 8), uint('a', 8)], reference)],
    ['no fields', () => header('x', [], reference)],
    ['only a tail', () => header('x', [rest('a')], reference)],
    ['a tail in front', () => header('x', [uint('a', 8), rest('b'), uint('c', 8)], reference)],
    ['two tails', () => header('x', [uint('a', 8), rest('b'), rest('c')], reference)],
    ['half an octet', () => header('x', [uint('a', 12)], reference)],
    ['octets inside an octet', () => header('x', [uint('a', 4), mac('b'), uint('c', 4)], reference)],
    ['a bigint inside an octet', () => header('x', [uint('a', 4), u64('b'), uint('c', 4)], reference)],
    ['no bits', () => uint('a', 0)],
    ['49 bits', () => uint('a', 49)],
    ['a fraction of a bit', () => hex('a', 1.5)],
    ['no octets', () => octets('a', 0)],
    ['a fraction of an octet', () => octets('a', 1.5)],
    ['a name that is none', () => uint('__proto__', 8)],
    ['a name in another case', () => uint('Total Length', 8)],
  ])('is refused: %s', (_name, call) => {
    expect(call).toThrow(TypeError);
  });
});
