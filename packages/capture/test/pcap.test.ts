import { describe, expect, it } from '@jest/globals';
import { CaptureReader, readCapture, readCaptureStream } from '../src/index.js';
import { fromHex, join, readPieces, toHex } from './outcome.js';

// Hand-written from draft-ietf-opsawg-pcap, figures 1 and 3: two records, 1.000002 s and 2^32-1 s, the second cut to 1 octet.
const FILES = [
  {
    name: 'big-endian, microseconds',
    hex: `a1b2c3d4 0002 0004 00000000 00000000 0000ffff 00000001
          00000001 00000002 00000003 00000003 aabbcc  ffffffff 000f423f 00000001 00000040 dd`,
    times: [1_000_002_000n, 4_294_967_295_999_999_000n],
  },
  {
    name: 'little-endian, microseconds',
    hex: `d4c3b2a1 0200 0400 00000000 00000000 ffff0000 01000000
          01000000 02000000 03000000 03000000 aabbcc  ffffffff 3f420f00 01000000 40000000 dd`,
    times: [1_000_002_000n, 4_294_967_295_999_999_000n],
  },
  {
    name: 'big-endian, nanoseconds',
    hex: `a1b23c4d 0002 0004 00000000 00000000 0000ffff 00000001
          00000001 000007cf 00000003 00000003 aabbcc  ffffffff 3b9ac9ff 00000001 00000040 dd`,
    times: [1_000_001_999n, 4_294_967_295_999_999_999n],
  },
  {
    name: 'little-endian, nanoseconds',
    hex: `4d3cb2a1 0200 0400 00000000 00000000 ffff0000 01000000
          01000000 cf070000 03000000 03000000 aabbcc  ffffffff ffc99a3b 01000000 40000000 dd`,
    times: [1_000_001_999n, 4_294_967_295_999_999_999n],
  },
];

const HEADER = 'a1b2c3d4 0002 0004 00000000 00000000 0000ffff 00000001';
const WHOLE = fromHex(FILES[0]!.hex);

describe('pcap', () => {
  it.each(FILES)('reads $name', ({ hex, times }) => {
    const packets = readCapture(fromHex(hex));
    expect(packets.map((packet) => toHex(packet.bytes))).toEqual(['aabbcc', 'dd']);
    expect(packets.map((packet) => packet.timestampNs)).toEqual(times);
    expect(packets.map((packet) => packet.timeUs)).toEqual(times.map((ns) => Number(ns / 1000n)));
    expect(packets.map((packet) => packet.originalLength)).toEqual([3, 64]);
    expect(packets.map((packet) => [packet.linkType, packet.interfaceId])).toEqual(Array(2).fill([1, 0]));
  });

  it('takes the link type from the lower 16 bits, next to a frame check sequence length', () => {
    const [packet] = readCapture(fromHex(`${HEADER.slice(0, -8)} 240000e4 ${'00000000'.repeat(4)}`));
    expect(packet).toMatchObject({ linkType: 228, originalLength: 0 });
  });

  it('ignores the two reserved words and the snapshot length', () => {
    const hex = `a1b2c3d4 0002 0004 fffff1f0 00000009 00000000 00000001 ${'00000000'.repeat(2)} 00000002 00000002 abcd`;
    expect(toHex(readCapture(fromHex(hex))[0]!.bytes)).toBe('abcd');
  });

  it('raises an original length below the captured length', () => {
    const [packet] = readCapture(fromHex(`${HEADER} ${'00000000'.repeat(2)} 00000002 00000001 abcd`));
    expect(packet?.originalLength).toBe(2);
  });

  it('reads a file without packets', () => expect(readCapture(fromHex(HEADER))).toEqual([]));

  it.each(Array.from({ length: WHOLE.length }, (_, length) => length))('names a file cut after %i octets', (length) => {
    const boundaries = [24, 43];
    const { packets, fault, message } = readPieces(WHOLE.subarray(0, length));
    expect(fault).toBe(boundaries.includes(length) ? undefined : 'E_CAPTURE_TRUNCATED');
    expect(packets).toHaveLength(length < 43 ? 0 : 1);
    if (fault !== undefined) {
      const start = Math.max(0, ...boundaries.filter((boundary) => boundary < length));
      expect(message).toBe(`capture: file ends ${length - start} octets into the item at offset ${start}`);
    }
  });

  it.each([
    ['other magic', '504b0304', 'E_CAPTURE_UNKNOWN_FORMAT'],
    ['modified pcap', 'a1b2cd34', 'E_CAPTURE_UNKNOWN_FORMAT'],
    ['version 2.3', HEADER.replace('0004', '0003'), 'E_CAPTURE_BAD_VERSION'],
    ['version 3.4', HEADER.replace('0002', '0003'), 'E_CAPTURE_BAD_VERSION'],
    ['reserved bit R', `${HEADER.slice(0, -8)}08000001`, 'E_CAPTURE_RESERVED_BITS'],
    ['reserved bits', `${HEADER.slice(0, -8)}00010001`, 'E_CAPTURE_RESERVED_BITS'],
    ['packet of 4 GiB', `${HEADER} ${'00000000'.repeat(2)} ffffffff ffffffff`, 'E_CAPTURE_PACKET_TOO_LONG'],
    ['packet of the limit plus 1', `${HEADER} ${'00000000'.repeat(2)} 00040001 00040001`, 'E_CAPTURE_PACKET_TOO_LONG'],
  ])('refuses %s', (_, hex, fault) => expect(readPieces(fromHex(hex)).fault).toBe(fault));

  it('accepts a packet of exactly maxPacketLength', () => {
    expect(readPieces(WHOLE, [], { maxPacketLength: 3 }).packets).toHaveLength(2);
    expect(readPieces(WHOLE, [], { maxPacketLength: 2 })).toMatchObject({
      packets: [],
      message: 'pcap: capturedLength at offset 32 must be at most 2, got 3',
    });
  });
});

describe('CaptureReader', () => {
  it('throws a fault again and again, and drops what follows', () => {
    const reader = new CaptureReader();
    reader.push(fromHex('00000000'));
    expect(() => reader.next()).toThrow('magic at offset 0');
    reader.push(WHOLE);
    expect(() => reader.next()).toThrow('magic at offset 0');
    expect(() => reader.end()).toThrow('magic at offset 0');
    expect(reader.heldLength).toBe(0);
  });

  it('delivers what was pushed before end, then the fault', () => {
    const reader = new CaptureReader();
    reader.push(WHOLE.subarray(0, -1));
    reader.end();
    expect(toHex(reader.next()!.bytes)).toBe('aabbcc');
    expect(() => reader.next()).toThrow('octets into the item at offset 43');
    expect(() => reader.push(WHOLE)).toThrow(TypeError);
  });

  it('delivers what was pushed before end, then nothing', () => {
    const reader = new CaptureReader();
    reader.push(WHOLE);
    reader.end();
    expect([reader.next(), reader.next()].map((packet) => packet?.bytes.length)).toEqual([3, 1]);
    expect([reader.next(), reader.next()]).toEqual([undefined, undefined]);
  });

  it.each([-1, 1.5, NaN, Infinity, 2 ** 32])('refuses the limit %d', (limit) => {
    expect(() => new CaptureReader({ maxPacketLength: limit })).toThrow('maxPacketLength must be an integer');
    expect(() => new CaptureReader({ maxInterfaces: limit })).toThrow('maxInterfaces must be an integer');
  });
});

describe('readCaptureStream', () => {
  it('reads chunks as they come, and throws after the packets in front of a fault', async () => {
    const lengths: number[] = [];
    const read = async () => {
      for await (const packet of readCaptureStream([WHOLE.subarray(0, 30), WHOLE.subarray(30), fromHex('00')])) {
        lengths.push(packet.bytes.length);
      }
    };
    await expect(read()).rejects.toThrow('file ends 1 octets into the item at offset 60');
    expect(lengths).toEqual([3, 1]);
  });

  it('stores nothing of a file that readCapture cuts into pieces', () => {
    const record = fromHex(`${'00000000'.repeat(2)} 00010000 00010000`);
    const file = join(fromHex(HEADER), ...Array(3).fill(join(record, new Uint8Array(65_536).fill(7))));
    expect(readCapture(file).map((packet) => packet.bytes.every((octet) => octet === 7))).toEqual([true, true, true]);
  });
});
