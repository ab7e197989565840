import { describe, expect, it } from '@jest/globals';
import { encodePcapHeader, encodePcapRecord, LINKTYPE_ETHERNET, LINKTYPE_RAW, type PcapOptions } from '../src/index.js';
import { fromHex, toHex } from './outcome.js';

const ETHERNET: PcapOptions = { linkType: LINKTYPE_ETHERNET };
const PACKET = { bytes: fromHex('aabbcc'), timestampNs: 1_000_001_999n };

describe('encodePcapHeader', () => {
  it.each([
    [ETHERNET, 'd4c3b2a1020004000000000000000000 00000400 01000000'],
    [{ ...ETHERNET, byteOrder: 'big', snapLength: 65535 }, 'a1b2c3d4000200040000000000000000 0000ffff 00000001'],
    [{ linkType: 101, resolution: 'nanoseconds' }, '4d3cb2a1020004000000000000000000 00000400 65000000'],
    [
      { linkType: 0xffff, resolution: 'nanoseconds', byteOrder: 'big' },
      'a1b23c4d000200040000000000000000 00040000 0000ffff',
    ],
  ] as [PcapOptions, string][])('writes %j', (options, hex) => {
    expect(toHex(encodePcapHeader(options))).toBe(hex.replaceAll(' ', ''));
  });

  it.each([-1, 1.5, NaN, 0x10000])('refuses link type %d', (linkType) => {
    expect(() => encodePcapHeader({ linkType })).toThrow('pcap: linkType must be an integer in 0..65535');
  });

  it.each([-1, 0, 1.5, NaN, 2 ** 32])('refuses snapshot length %d', (snapLength) => {
    expect(() => encodePcapHeader({ ...ETHERNET, snapLength })).toThrow('pcap: snapLength');
  });
});

describe('encodePcapRecord', () => {
  it.each([
    [ETHERNET, '01000000 01000000 03000000 03000000 aabbcc'],
    [{ ...ETHERNET, byteOrder: 'big' }, '00000001 00000001 00000003 00000003 aabbcc'],
    [{ ...ETHERNET, resolution: 'nanoseconds' }, '01000000 cf070000 03000000 03000000 aabbcc'],
    [{ ...ETHERNET, resolution: 'nanoseconds', byteOrder: 'big' }, '00000001 000007cf 00000003 00000003 aabbcc'],
  ] as [PcapOptions, string][])('writes %j', (options, hex) => {
    expect(toHex(encodePcapRecord(PACKET, options))).toBe(hex.replaceAll(' ', ''));
  });

  it('writes the longest time and an original length of its own', () => {
    const packet = { bytes: fromHex(''), timestampNs: 4_294_967_295_999_999_999n, originalLength: 0xffff_ffff };
    expect(toHex(encodePcapRecord(packet, ETHERNET))).toBe('ffffffff3f420f0000000000ffffffff');
  });

  it.each([
    ['time before 1970', { timestampNs: -1n }, 'E_FIELD_RANGE'],
    ['time of 2^32 seconds', { timestampNs: 4_294_967_296_000_000_000n }, 'E_FIELD_RANGE'],
    ['time of 2^2000', { timestampNs: 2n ** 2000n }, 'E_FIELD_RANGE'],
    ['original length below the captured one', { originalLength: 2 }, 'E_FIELD_RANGE'],
    ['original length 3.5', { originalLength: 3.5 }, 'E_FIELD_RANGE'],
    ['original length NaN', { originalLength: NaN }, 'E_FIELD_RANGE'],
    ['original length 2^32', { originalLength: 2 ** 32 }, 'E_FIELD_RANGE'],
    ['other link type', { linkType: LINKTYPE_RAW }, 'E_CAPTURE_LINK_TYPE_MISMATCH'],
    ['packet longer than snapLength', { bytes: new Uint8Array(262_145) }, 'E_CAPTURE_PACKET_TOO_LONG'],
  ])('refuses: %s', (_, change, code) => {
    expect(() => encodePcapRecord({ ...PACKET, ...change }, ETHERNET)).toThrow(expect.objectContaining({ code }));
  });
});
