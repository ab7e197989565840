import { describe, expect, it } from '@jest/globals';
import { type Codec, CodecError } from '@overlane/wire';
import * as vxlan from '../src/index.js';
import vectorFile from './vectors/vxlan.json';

const codec: Codec<vxlan.VxlanHeader> = vxlan;
const gpeCodec: Codec<vxlan.gpe.VxlanGpeHeader> = vxlan.gpe;

function refusal(run: () => unknown): CodecError {
  try {
    run();
  } catch (error) {
    if (CodecError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('encode vectors', () => {
  const vectors = vectorFile.vectors.filter((vector) => vector.kind === 'encode');
  it.each(vectors.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const { input, header } = vector.fields as unknown as { input: vxlan.VxlanHeader; header?: string };
    if (vector.error === undefined) expect(Buffer.from(codec.encode(input)).toString('hex')).toBe(header);
    else expect(refusal(() => codec.encode(input)).code).toBe(vector.error);
  });
});

describe('decode', () => {
  const header = vxlan.encode({ vni: 0x123456 });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('refuses %i octets and says so', (length) => {
    const bytes = new Uint8Array(42 + length).fill(8, 42);
    const error = refusal(() => vxlan.decode(bytes, 42));
    expect(error.code).toBe('E_VXLAN_TRUNCATED');
    expect(error.message).toBe(`vxlan: header needs 8 octets at offset 42, ${length} left`);
    expect(error.detail).toMatchObject({ offset: 42, expected: 8, actual: length, boundBy: 'end' });
  });

  it('obeys `end` where the array goes on', () => {
    expect(vxlan.check(header, 0, 7)).toBe('E_VXLAN_TRUNCATED');
  });

  it('refuses a clear I flag whatever the reserved bits say', () => {
    const bytes = Uint8Array.of(0xf7, 0, 0, 0, 0x12, 0x34, 0x56, 0);
    const error = refusal(() => vxlan.decode(bytes));
    expect(error.code).toBe('E_VXLAN_VNI_NOT_VALID');
    expect(error.message).toBe('vxlan: flags at offset 0 must be a value with bit 0x08 (I) set, got 247');
  });

  it('ignores reserved bits', () => {
    expect(vxlan.decode(Uint8Array.of(0xff, 255, 255, 255, 0x12, 0x34, 0x56, 255))).toEqual({ vni: 0x123456 });
  });
});

describe('encode', () => {
  it.each([0, 1, 0xffffff])('takes VNI %i', (vni) => {
    expect(vxlan.decode(vxlan.encode({ vni }))).toEqual({ vni });
  });

  it.each([-1, 0x1000000, 1.5, Number.NaN, Infinity])('refuses VNI %d and leaves the output alone', (vni) => {
    const out = new Uint8Array(8).fill(0xa5);
    expect(refusal(() => vxlan.encodeInto({ vni }, out)).code).toBe('E_VXLAN_VNI_RANGE');
    expect(out).toEqual(new Uint8Array(8).fill(0xa5));
  });

  it.each([-1, 1, 8, Number.NaN])('refuses to write at offset %d of eight octets', (offset) => {
    const out = new Uint8Array(8).fill(0xa5);
    expect(refusal(() => vxlan.encodeInto({ vni: 1 }, out, offset)).code).toBe('E_OUTPUT_TRUNCATED');
    expect(out).toEqual(new Uint8Array(8).fill(0xa5));
  });
});

describe('view', () => {
  it('reads and writes in place and moves', () => {
    const bytes = new Uint8Array(24);
    vxlan.encodeInto({ vni: 7 }, bytes, 0);
    vxlan.encodeInto({ vni: 9 }, bytes, 16);
    const view = new vxlan.VxlanView(bytes);
    expect([view.vni, view.at(bytes, 16).vni]).toEqual([7, 9]);
    view.vni = 0xabcdef;
    expect(vxlan.readVni(bytes, 16)).toBe(0xabcdef);
    expect(view.at(bytes).offset).toBe(0);
  });
});

describe('VXLAN-GPE', () => {
  const octets = (...front: number[]): Uint8Array => Uint8Array.of(...front, 0, 0, 42, 0);

  it.each([
    ['E_VXLAN_TRUNCATED', Uint8Array.of(0x0c, 0, 0, 3, 0, 0, 1)],
    ['E_VXLAN_GPE_UNSUPPORTED_VERSION', octets(0x1c, 0, 0, 3)],
    ['E_VXLAN_GPE_UNSUPPORTED_VERSION', octets(0x24, 0, 0, 3)],
    ['E_VXLAN_VNI_NOT_VALID', octets(0x04, 0, 0, 3)],
    ['E_VXLAN_GPE_NEXT_PROTOCOL_WITHOUT_P', octets(0x08, 0, 0, 3)],
    ['E_VXLAN_GPE_UNKNOWN_NEXT_PROTOCOL', octets(0x0c, 0, 0, 0)],
    ['E_VXLAN_GPE_UNKNOWN_NEXT_PROTOCOL', octets(0x0c, 0, 0, 5)],
    ['E_VXLAN_GPE_UNKNOWN_NEXT_PROTOCOL', octets(0x0c, 0, 0, 0x7f)],
  ])('refuses with %s', (code, bytes) => {
    expect(gpeCodec.check(bytes)).toBe(code);
    expect(refusal(() => gpeCodec.decode(bytes)).code).toBe(code);
  });

  it.each([1, 2, 3, 4, 0x80, 0xff])('takes next protocol %i', (nextProtocol) => {
    const header = { vni: 42, nextProtocol, bum: true, oam: false };
    expect(gpeCodec.decode(gpeCodec.encode(header))).toEqual(header);
    expect(vxlan.gpe.readNextProtocol(gpeCodec.encode(header), 0)).toBe(nextProtocol);
  });

  it('reads an absent next protocol as Ethernet', () => {
    const bytes = gpeCodec.encode({ vni: 1, nextProtocol: undefined, bum: false, oam: true });
    expect(vxlan.gpe.readNextProtocol(bytes, 0)).toBe(vxlan.gpe.NEXT_PROTOCOL.ETHERNET);
    expect(vxlan.gpe.readOam(bytes, 0)).toBe(true);
  });

  it.each([0, 5, 0x7f, 0x100, 1.5, Number.NaN])('refuses to send next protocol %d', (nextProtocol) => {
    const error = refusal(() => gpeCodec.encode({ vni: 1, nextProtocol, bum: false, oam: false }));
    expect(error.code).toBe('E_VXLAN_GPE_UNKNOWN_NEXT_PROTOCOL');
  });
});
