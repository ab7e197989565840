import { describe, expect, it } from '@jest/globals';
import { type Codec, CodecError } from '@overlane/wire';
import * as ours from '../src/index.js';

const codec: Codec<ours.NetlordHeader> = ours;
/** By hand, from the figure of RFC XXXX §X. */
const OCTETS = Uint8Array.of(0x00, 0x00, 0x65, 0x58, 0x12, 0x34, 0x56, 0x00);
const HEADER = { nextProtocol: 0x6558, network: 0x123456 };

function refusal(run: () => unknown): CodecError {
  try {
    run();
  } catch (error) {
    if (CodecError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('decode', () => {
  it('reads the octets of the figure', () => {
    expect(codec.decode(OCTETS)).toEqual(HEADER);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('refuses %i octets and says so', (length) => {
    const error = refusal(() => codec.decode(new Uint8Array(42 + length), 42));
    expect(error.code).toBe('E_NETLORD_TRUNCATED');
    expect(error.detail).toMatchObject({ offset: 42, expected: 8, actual: length, boundBy: 'end' });
  });

  it('obeys `end` where the array goes on', () => {
    expect(codec.check(OCTETS, 0, 7)).toBe('E_NETLORD_TRUNCATED');
  });

  it.each([1, 2, 3])('refuses version %i', (version) => {
    const error = refusal(() => codec.decode(Uint8Array.of(version << 6, 0, 0, 0, 0, 0, 0, 0)));
    expect(error.code).toBe('E_NETLORD_UNSUPPORTED_VERSION');
    expect(error.detail).toMatchObject({ field: 'version', expected: 0, actual: version });
  });

  it('ignores reserved bits', () => {
    expect(codec.decode(Uint8Array.of(0x3f, 0xff, 0x65, 0x58, 0x12, 0x34, 0x56, 0xff))).toEqual(HEADER);
  });
});

describe('encode', () => {
  it('writes the octets of the figure', () => {
    expect(codec.encode(HEADER)).toEqual(OCTETS);
  });

  it.each([0, 1, 0xffffff])('takes network %i', (network) => {
    expect(codec.decode(codec.encode({ ...HEADER, network })).network).toBe(network);
  });

  it.each([-1, 0x1000000, 1.5, Number.NaN])('refuses network %d and leaves the output alone', (network) => {
    const out = new Uint8Array(8).fill(0xa5);
    expect(refusal(() => codec.encodeInto({ ...HEADER, network }, out)).code).toBe('E_NETLORD_NETWORK_RANGE');
    expect(out).toEqual(new Uint8Array(8).fill(0xa5));
  });

  it.each([-1, 0x10000, 1.5, Number.NaN])('refuses next protocol %d', (nextProtocol) => {
    expect(refusal(() => codec.encode({ ...HEADER, nextProtocol })).code).toBe('E_FIELD_RANGE');
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
    codec.encodeInto({ ...HEADER, network: 7 }, bytes, 0);
    codec.encodeInto({ ...HEADER, network: 9 }, bytes, 16);
    const view = new ours.NetlordView(bytes);
    expect([view.network, view.at(bytes, 16).network, view.nextProtocol]).toEqual([7, 9, 0x6558]);
    view.network = 0xabcdef;
    expect(ours.readNetwork(bytes, 16)).toBe(0xabcdef);
    expect(view.at(bytes).offset).toBe(0);
  });
});
