import { describe, expect, it } from '@jest/globals';
import { PacketBuffer } from '@overlane/wire';
import fc from 'fast-check';
import {
  isFinishable,
  type OffloadLevel,
  readVnetHeader,
  VNET_HEADER_LENGTH,
  writeVnetHeader,
} from '../src/vnet-header.js';

const AT = 6;
const START = AT + VNET_HEADER_LENGTH;

interface Fields {
  readonly flags?: number;
  readonly type?: number;
  readonly headerLength?: number;
  readonly size?: number;
  readonly start?: number;
  readonly offset?: number;
}

/** A frame of `length` octets, each 0x50 (a TCP header without options at any place), behind a vnet header. */
function frame(fields: Fields, length = 100): PacketBuffer {
  const bytes = new Uint8Array(START + length).fill(0x50);
  const { flags = 0, type = 0, headerLength = 0, size = 0, start = 0, offset = 0 } = fields;
  bytes.set([flags, type], AT);
  const view = new DataView(bytes.buffer);
  [headerLength, size, start, offset].forEach((value, index) => view.setUint16(AT + 2 + 2 * index, value, true));
  return new PacketBuffer(bytes, START);
}

const read = (packet: PacketBuffer) => readVnetHeader(packet.bytes, AT, packet);

describe('readVnetHeader', () => {
  it('leaves an ordinary frame ordinary', () => {
    const packet = frame({});
    expect(read(packet)).toBeUndefined();
    expect(packet).toMatchObject({ checksum: 'unverified', segmentType: 'none', checksumStart: 0 });
    expect(packet.isUnfinished).toBe(false);
  });

  it('knows a verified checksum, and that an unfinished one is not', () => {
    const packet = frame({ flags: 2 });
    expect([read(packet), packet.checksum]).toEqual([undefined, 'verified']);
    const both = frame({ flags: 3, start: 34, offset: 6 });
    expect([read(both), both.checksum]).toEqual([undefined, 'partial']);
  });

  it.each([
    [1, 'tcp4'],
    [0x81, 'tcp4'],
    [4, 'tcp6'],
  ])('reads segments of type %d as %s', (type, segmentType) => {
    const packet = frame({ flags: 1, type, size: 1448, start: 34, offset: 16, headerLength: 54 });
    expect(read(packet)).toBeUndefined();
    const place = { checksumStart: START + 34, checksumField: START + 50 };
    expect(packet).toMatchObject({ checksum: 'partial', ...place, segmentType, segmentSize: 1448 });
  });

  it('reads datagrams', () => {
    const packet = frame({ flags: 1, type: 5, size: 1200, start: 34, offset: 6 });
    expect(read(packet)).toBeUndefined();
    expect(packet).toMatchObject({ segmentType: 'udp', segmentSize: 1200 });
  });

  it.each([
    ['starts behind the frame', { flags: 1, start: 100, offset: 6 }, 'E_VNET_CHECKSUM_RANGE'],
    ['ends behind the frame', { flags: 1, start: 83, offset: 16 }, 'E_VNET_CHECKSUM_RANGE'],
    ['lies far away', { flags: 1, start: 0xffff, offset: 0xffff }, 'E_VNET_CHECKSUM_RANGE'],
    ['is finished though segments are wanted', { type: 1, size: 10, start: 34, offset: 16 }, 'E_VNET_SEGMENTS'],
    ['is not at the place of TCP', { flags: 1, type: 1, size: 10, start: 34, offset: 6 }, 'E_VNET_SEGMENTS'],
    ['is not at the place of UDP', { flags: 1, type: 5, size: 10, start: 34, offset: 16 }, 'E_VNET_SEGMENTS'],
    ['has no whole TCP header', { flags: 1, type: 1, size: 10, start: 81, offset: 16 }, 'E_VNET_SEGMENTS'],
    ['has segments of no octets', { flags: 1, type: 1, size: 0, start: 34, offset: 16 }, 'E_VNET_SEGMENTS'],
    ['is to be cut into IP fragments', { flags: 1, type: 3, size: 10, start: 34, offset: 6 }, 'E_VNET_SEGMENTS'],
    ['is of a type unknown', { flags: 1, type: 9, size: 10, start: 34, offset: 6 }, 'E_VNET_SEGMENTS'],
  ] as const)('refuses a checksum that %s', (_what, fields, fault) => {
    expect(read(frame(fields))).toBe(fault);
  });

  it('refuses a TCP header shorter or longer than can be', () => {
    for (const octet of [0x40, 0xf0]) {
      const packet = frame({ flags: 1, type: 1, size: 10, start: 60, offset: 16 });
      packet.bytes[START + 72] = octet;
      expect(read(packet)).toBe('E_VNET_SEGMENTS');
    }
  });

  it('total: any header is refused or keeps to the frame, and is written again as it was', () => {
    const half = fc.oneof(fc.integer({ min: 0, max: 120 }), fc.integer({ min: 0, max: 0xffff }));
    const header = fc.record({
      flags: fc.integer({ min: 0, max: 1 }),
      type: fc.oneof(fc.constantFrom(0, 1, 4, 5), fc.integer({ min: 0, max: 255 })),
      size: half,
      start: half,
      offset: fc.oneof(half, fc.constantFrom(6, 16)),
    });
    fc.assert(
      fc.property(header, fc.integer({ min: 0, max: 200 }), (fields, length) => {
        const packet = frame(fields, length);
        if (read(packet) !== undefined) return true;
        if (packet.checksum !== 'partial') return !packet.isUnfinished;
        const { checksumStart, checksumField, segmentSize, segmentType } = packet;
        if (checksumStart < START || checksumField + 2 > packet.end) return false;
        const out = new Uint8Array(VNET_HEADER_LENGTH);
        writeVnetHeader(out, 0, packet, 0);
        const view = new DataView(out.buffer);
        return (
          isFinishable(packet, 'segmentation') &&
          view.getUint16(6, true) === fields.start &&
          view.getUint16(8, true) === fields.offset &&
          view.getUint16(4, true) === segmentSize &&
          (segmentType === 'none') === (segmentSize === 0) &&
          (out[1]! & 0x7f) === (fields.type & 0x7f)
        );
      }),
    );
  });
});

describe('writeVnetHeader', () => {
  it('counts from the start of the frame, link header included, and tells the length of all headers', () => {
    const packet = frame({ flags: 1, type: 1, size: 1400, start: 20, offset: 16 });
    read(packet);
    packet.bytes[packet.checksumStart + 12] = 0x80;
    const out = new Uint8Array(12).fill(0xff);
    writeVnetHeader(out, 1, packet, 14);
    expect(Buffer.from(out).toString('hex')).toBe(`ff${'0101'}${'4200'}${'7805'}${'2200'}${'1000'}ff`);
  });

  it('says so if the segments to come have CWR in the first only', () => {
    const packet = frame({ flags: 1, type: 4, size: 1400, start: 20, offset: 16 });
    read(packet);
    packet.bytes[packet.checksumStart + 13] = 0x90;
    const out = new Uint8Array(10);
    writeVnetHeader(out, 0, packet, 0);
    expect(out[1]).toBe(0x84);
  });

  it('is all zero for a packet with nothing to finish', () => {
    const packet = frame({});
    packet.checksum = 'verified';
    const out = new Uint8Array(10).fill(0xff);
    writeVnetHeader(out, 0, packet, 14);
    expect(out.every((octet) => octet === 0)).toBe(true);
  });
});

describe('isFinishable', () => {
  it('goes by the level, and refuses what no vnet header can say', () => {
    const levels: OffloadLevel[] = ['none', 'checksum', 'segmentation'];
    const partial = frame({ flags: 1, start: 34, offset: 16 });
    const segments = frame({ flags: 1, type: 1, size: 10, start: 34, offset: 16 });
    read(partial);
    read(segments);
    expect(levels.map((level) => isFinishable(partial, level))).toEqual([false, true, true]);
    expect(levels.map((level) => isFinishable(segments, level))).toEqual([false, false, true]);
    partial.trimFront(40);
    expect(isFinishable(partial, 'checksum')).toBe(false);
    const far = new PacketBuffer(new Uint8Array(70_000));
    Object.assign(far, { checksum: 'partial', checksumStart: 66_000, checksumField: 66_016 });
    expect(isFinishable(far, 'segmentation')).toBe(false);
    expect(isFinishable(new PacketBuffer(new Uint8Array(60)), 'segmentation')).toBe(false);
  });
});
