import { describe, expect, it } from '@jest/globals';
import { readCapture } from '../src/index.js';
import { fromHex, join, readPieces, toHex } from './outcome.js';
import { PcapngBuilder } from './pcapng-builder.js';

const DATA = fromHex('aabbcc');
const SECOND = 1_000_000_000n;

// Hand-written from draft-ietf-opsawg-pcapng §4.1, §4.2 and §4.3: Ethernet, 1.000002 s, three octets of 64.
const BIG = `0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c
             00000001 00000014 0001 0000 0000ffff 00000014
             00000006 00000024 00000000 00000000 000f4242 00000003 00000040 aabbcc00 00000024`;
const LITTLE = `0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000
             01000000 14000000 0100 0000 ffff0000 14000000
             06000000 24000000 00000000 00000000 42420f00 03000000 40000000 aabbcc00 24000000`;

describe.each(['big', 'little'] as const)('pcapng, %s-endian', (byteOrder) => {
  const ng = new PcapngBuilder(byteOrder);
  const clock = (resolution: number, offset?: bigint) => [
    ng.option(2, fromHex('65746830')),
    ng.option(9, Uint8Array.of(resolution)),
    ...(offset === undefined ? [] : [ng.option(14, ng.i64(offset))]),
    ng.option(0),
  ];
  const timeOf = (units: bigint, ...options: Uint8Array[]) =>
    readCapture(join(ng.section(), ng.interface(1, 0, ...options), ng.enhanced(0, units, DATA)))[0]?.timestampNs;
  const faultOf = (...blocks: Uint8Array[]) => readPieces(join(ng.section(), ...blocks)).fault;

  it('reads a hand-written file', () => {
    const bytes = fromHex(byteOrder === 'big' ? BIG : LITTLE);
    expect(readCapture(bytes)).toEqual([
      { bytes: DATA, linkType: 1, timestampNs: 1_000_002_000n, timeUs: 1_000_002, originalLength: 64, interfaceId: 0 },
    ]);
    expect(toHex(join(ng.section(), ng.interface(1, 0xffff), ng.enhanced(0, 1_000_002n, DATA, 64)))).toBe(toHex(bytes));
  });

  it.each([
    ['microseconds by default', 1_000_002n, [], 1_000_002_000n],
    ['seconds', 3n, clock(0), 3n * SECOND],
    ['milliseconds', 3n, clock(3), 3_000_000n],
    ['nanoseconds', 2n ** 63n + 1n, clock(9), 2n ** 63n + 1n],
    ['picoseconds, rounded down', 1999n, clock(12), 1n],
    ['1/1024 s', 1536n, clock(0x8a), 1_500_000_000n],
    ['1/3 of nothing: 2^-127 s', 2n ** 64n - 1n, clock(0xff), 0n],
    ['10^-127 s', 2n ** 64n - 1n, clock(127), 0n],
    ['2^-33 s', 2n ** 33n + 2n ** 32n, clock(0xa1), 1_500_000_000n],
    ['an offset', 1n, clock(6, 100n), 100n * SECOND + 1000n],
    ['a negative offset', 1n, clock(6, -1n), -SECOND + 1000n],
    ['units just past 2^53', 2n ** 53n + 1n, clock(9), 2n ** 53n + 1n],
    ['microseconds past 2^53', 2n ** 64n - 1n, [], (2n ** 64n - 1n) * 1000n],
  ])('reads timestamps in %s', (_, units, options, expected) => expect(timeOf(units, ...options)).toBe(expected));

  it('rounds timeUs down, also before 1970', () => {
    const [packet] = readCapture(
      join(ng.section(), ng.interface(1, 0, ...clock(9, -1n)), ng.enhanced(0, SECOND - 1n, DATA)),
    );
    expect(packet).toMatchObject({ timestampNs: -1n, timeUs: -1 });
  });

  it('reads Simple and obsolete Packet Blocks', () => {
    const long = fromHex('0011223344');
    const packets = readCapture(
      join(
        ng.section(),
        ng.interface(101, 4),
        ng.interface(1, 0, ...clock(9)),
        ng.simple(DATA),
        ng.simple(long.subarray(0, 4), 9),
        ng.obsolete(1, 5n, long),
      ),
    );
    const [first, second, third] = packets;
    expect(first).toMatchObject({ linkType: 101, timestampNs: undefined, timeUs: undefined, originalLength: 3 });
    expect([toHex(second!.bytes), second!.originalLength]).toEqual(['00112233', 9]);
    expect(third).toMatchObject({ linkType: 1, timestampNs: 5n, interfaceId: 1, originalLength: 5 });
    expect(toHex(third!.bytes)).toBe('0011223344');
  });

  it('skips unknown blocks, packet options, and options after the end marker', () => {
    const packets = readCapture(
      join(
        ng.section(2, ng.option(4, fromHex('7878')), ng.option(0)),
        ng.block(0x0bad, new Uint8Array(70_000)),
        ng.interface(1, 0, ng.option(0), ng.option(9, Uint8Array.of(0))),
        ng.block(5),
        ng.enhanced(0, 1n, DATA, 3, ng.option(1, new Uint8Array(60_000)), ng.option(0)),
        ng.block(0x80000001, DATA),
      ),
    );
    expect(packets.map((packet) => packet.timestampNs)).toEqual([1000n]);
  });

  it('starts anew with each section, in its own byte order', () => {
    const other = new PcapngBuilder(byteOrder === 'big' ? 'little' : 'big');
    const file = join(
      ng.section(),
      ng.interface(1),
      ng.interface(113),
      ng.enhanced(1, 1n, DATA),
      other.section(),
      other.interface(228),
      other.enhanced(0, 2n, DATA),
    );
    const seen = readCapture(file).map((packet) => [packet.linkType, packet.interfaceId, packet.timeUs]);
    expect(seen).toEqual([
      [113, 1, 1],
      [228, 0, 2],
    ]);
    const outcome = readPieces(join(file, other.enhanced(1, 3n, DATA)));
    expect([outcome.packets.length, outcome.fault]).toEqual([2, 'E_CAPTURE_UNKNOWN_INTERFACE']);
  });

  it('names a file cut after any octet', () => {
    const blocks = [
      ng.section(),
      ng.interface(1, 0, ...clock(9, 5n)),
      ng.block(77, DATA),
      ng.enhanced(0, 1n, DATA, 3, ng.option(1, DATA)),
      ng.simple(DATA),
    ];
    const boundaries = blocks.map((_, i) => join(...blocks.slice(0, i + 1)).length);
    const file = join(...blocks);
    for (let length = 0; length < file.length; length++) {
      const { fault, packets } = readPieces(file.subarray(0, length));
      expect([length, fault]).toEqual([length, boundaries.includes(length) ? undefined : 'E_CAPTURE_TRUNCATED']);
      expect(packets).toHaveLength(length >= boundaries[3]! ? 1 : 0);
    }
  });

  const patch = (block: Uint8Array, offset: number, ...octets: readonly Uint8Array[]) => {
    const copy = Uint8Array.from(block);
    copy.set(join(...octets), offset);
    return copy;
  };
  const described = ng.interface(1);
  const refused: [string, string, ...Uint8Array[]][] = [
    ['packet without interface', 'E_CAPTURE_UNKNOWN_INTERFACE', ng.enhanced(0, 0n, DATA)],
    ['simple packet without interface', 'E_CAPTURE_UNKNOWN_INTERFACE', ng.simple(DATA)],
    ['interface 2^32-1', 'E_CAPTURE_UNKNOWN_INTERFACE', described, ng.enhanced(0xffff_ffff, 0n, DATA)],
    ['obsolete packet of interface 65535', 'E_CAPTURE_UNKNOWN_INTERFACE', described, ng.obsolete(0xffff, 0n, DATA)],
    ['length 0', 'E_CAPTURE_BAD_BLOCK_LENGTH', patch(ng.block(99, DATA), 4, ng.u32(0))],
    ['length 8', 'E_CAPTURE_BAD_BLOCK_LENGTH', patch(ng.block(99, DATA), 4, ng.u32(8))],
    ['length not a multiple of 4', 'E_CAPTURE_BAD_BLOCK_LENGTH', patch(ng.block(99, DATA), 4, ng.u32(17))],
    ['another length at the end', 'E_CAPTURE_BAD_BLOCK_LENGTH', patch(ng.block(99, DATA), 12, ng.u32(20))],
    ['short section header', 'E_CAPTURE_BAD_BLOCK_LENGTH', ng.block(0x0a0d0d0a, ng.u32(0x1a2b3c4d), ng.u32(1))],
    ['short interface', 'E_CAPTURE_BAD_BLOCK_LENGTH', ng.block(1, ng.u32(1))],
    ['short packet', 'E_CAPTURE_BAD_BLOCK_LENGTH', described, ng.block(6, new Uint8Array(16))],
    ['short obsolete packet', 'E_CAPTURE_BAD_BLOCK_LENGTH', described, ng.block(2, new Uint8Array(16))],
    ['short simple packet', 'E_CAPTURE_BAD_BLOCK_LENGTH', described, ng.block(3)],
    [
      'packet beyond its block',
      'E_CAPTURE_BAD_BLOCK_LENGTH',
      described,
      patch(ng.enhanced(0, 0n, DATA), 20, ng.u32(5)),
    ],
    ['simple packet beyond its block', 'E_CAPTURE_BAD_BLOCK_LENGTH', described, ng.simple(DATA, 5)],
    ['packet that is too long', 'E_CAPTURE_PACKET_TOO_LONG', described, ng.enhanced(0, 0n, new Uint8Array(262_145))],
    ['simple packet that is too long', 'E_CAPTURE_PACKET_TOO_LONG', described, ng.simple(new Uint8Array(262_145))],
    ['byte-order magic', 'E_CAPTURE_BAD_BYTE_ORDER_MAGIC', patch(ng.section(), 8, fromHex('1a2b4d3c'))],
    ['version 2.0', 'E_CAPTURE_BAD_VERSION', patch(ng.section(), 12, ng.u16(2))],
    ['version 1.1', 'E_CAPTURE_BAD_VERSION', ng.section(1)],
    ['if_tsresol of 2 octets', 'E_CAPTURE_BAD_OPTION', ng.interface(1, 0, ng.option(9, fromHex('0606')))],
    ['if_tsoffset of 4 octets', 'E_CAPTURE_BAD_OPTION', ng.interface(1, 0, ng.option(14, fromHex('00000001')))],
    ['two if_tsresol', 'E_CAPTURE_BAD_OPTION', ng.interface(1, 0, ...clock(6).slice(1, 2), ...clock(9))],
    ['two if_tsoffset', 'E_CAPTURE_BAD_OPTION', ng.interface(1, 0, clock(6, 0n)[2]!, ...clock(6, 0n))],
    ['option beyond its block', 'E_CAPTURE_BAD_OPTION', ng.interface(1, 0, ng.u16(2), ng.u16(5), fromHex('00000000'))],
  ];
  it.each(refused)('refuses: %s', (_, fault, ...blocks) => expect(faultOf(...blocks)).toBe(fault));

  it('bounds the interfaces of a section', () => {
    const file = join(ng.section(), ng.interface(1), ng.interface(1), ng.section(), ng.interface(1), ng.interface(1));
    expect(readPieces(file, [], { maxInterfaces: 2 }).fault).toBeUndefined();
    expect(readPieces(file, [], { maxInterfaces: 1 }).fault).toBe('E_CAPTURE_TOO_MANY_INTERFACES');
  });
});
