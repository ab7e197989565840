import { describe, expect, it } from '@jest/globals';
import { type Codec, CodecError } from '@overlane/wire';
import { frame, segment } from '../src/index.js';

const segmentCodec: Codec<segment.SttSegmentHeader> = segment;
const frameCodec: Codec<frame.SttFrameHeader> = frame;

function refusal(run: () => unknown): CodecError {
  try {
    run();
  } catch (error) {
    if (CodecError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const SEGMENT: segment.SttSegmentHeader = {
  sourcePort: 50_000,
  destinationPort: 7471,
  frameLength: 100,
  segmentOffset: 40,
  packetId: 0xfedcba98,
  flags: 0x10,
  window: 0,
  checksum: 0x1234,
  urgentPointer: 0,
  options: new Uint8Array(0),
};
const FRAME: frame.SttFrameHeader = {
  flags: frame.FLAG.CHECKSUM_PARTIAL | frame.FLAG.IPV4 | frame.FLAG.TCP,
  l4Offset: 34,
  mss: 1448,
  vlanValid: true,
  pcp: 5,
  vlanId: 100,
  contextId: 0xfedcba9876543210n,
};
const PLAIN: frame.SttFrameHeader = { ...FRAME, flags: 0, l4Offset: 0, mss: 0, vlanValid: false, pcp: 0, vlanId: 0 };

describe('segment header', () => {
  const octets = (payload: number, edit: Partial<segment.SttSegmentHeader> = {}): Uint8Array =>
    Uint8Array.of(...segmentCodec.encode({ ...SEGMENT, ...edit }), ...new Uint8Array(payload));

  it.each(Array.from({ length: 20 }, (_, n) => n))('refuses %i octets and says so', (length) => {
    const error = refusal(() => segmentCodec.decode(new Uint8Array(42 + length), 42));
    expect(error.code).toBe('E_STT_SEGMENT_TRUNCATED');
    expect(error.message).toBe(`stt: header needs 20 octets at offset 42, ${length} left`);
  });

  it.each([
    ['E_STT_EMPTY_SEGMENT', octets(0), 'stt: header needs 21 octets at offset 0, 20 left'],
    ['E_STT_SEGMENT_OUT_OF_BOUNDS', octets(61), 'stt: segmentOffset at offset 6 must be at most 39, got 40'],
  ] as const)('%s', (code, bytes, message) => {
    expect(segment.check(bytes)).toBe(code);
    const error = refusal(() => segment.decode(bytes));
    expect([error.code, error.message]).toEqual([code, message]);
  });

  it('takes a payload to the last octet of the frame', () => {
    expect(segment.check(octets(60))).toBeUndefined();
  });

  it('refuses data offsets below 5, and those that reach beyond the segment', () => {
    const bytes = octets(8);
    bytes[12] = 0x40;
    expect(refusal(() => segment.decode(bytes)).message).toBe('stt: dataOffset at offset 12 must be 5..15, got 4');
    bytes[12] = 0x80;
    expect(refusal(() => segment.decode(bytes)).code).toBe('E_STT_SEGMENT_TRUNCATED');
    bytes[12] = 0x70;
    expect(segment.check(bytes)).toBe('E_STT_EMPTY_SEGMENT');
  });

  it('skips TCP options, or refuses them in strict mode', () => {
    const bytes = octets(8, { options: Uint8Array.of(1, 1, 1, 1) });
    expect(segment.decode(bytes).options).toEqual(Uint8Array.of(1, 1, 1, 1));
    expect(segment.checkHeader(bytes, 0, bytes.length)).toBeUndefined();
    expect(segment.checkHeader(bytes, 0, bytes.length, 'refused')).toBe('E_STT_TCP_OPTIONS');
    expect(segment.checkHeader(octets(8), 0, 28, 'refused')).toBeUndefined();
  });

  it('refuses frames shorter than the frame header, and takes the shortest', () => {
    const bytes = octets(1, { frameLength: 18, segmentOffset: 0 });
    expect(segment.check(bytes)).toBeUndefined();
    bytes[5] = 17;
    expect(refusal(() => segment.decode(bytes)).message).toBe('stt: frameLength at offset 4 must be 18..65535, got 17');
  });

  it.each<[Partial<Record<keyof segment.SttSegmentHeader, unknown>>, string]>([
    [{ frameLength: 17, segmentOffset: 0 }, 'E_STT_FRAME_TOO_SHORT'],
    [{ frameLength: 65_536 }, 'E_STT_FRAME_TOO_LARGE'],
    [{ frameLength: Number.NaN }, 'E_STT_FRAME_TOO_SHORT'],
    [{ segmentOffset: 100 }, 'E_STT_SEGMENT_OUT_OF_BOUNDS'],
    [{ segmentOffset: -1 }, 'E_STT_SEGMENT_OUT_OF_BOUNDS'],
    [{ options: new Uint8Array(3) }, 'E_STT_BAD_DATA_OFFSET'],
    [{ options: new Uint8Array(44) }, 'E_STT_BAD_DATA_OFFSET'],
    ...(['sourcePort', 'destinationPort', 'window', 'checksum', 'urgentPointer'] as const).flatMap((name) =>
      [-1, 65_536, 1.5].map((value): [object, string] => [{ [name]: value }, 'E_FIELD_RANGE']),
    ),
    [{ packetId: 2 ** 32 }, 'E_FIELD_RANGE'],
    [{ flags: 256 }, 'E_FIELD_RANGE'],
  ])('refuses to encode %j', (edit, code) => {
    const out = new Uint8Array(64).fill(0xa5);
    const header = { ...SEGMENT, ...edit } as segment.SttSegmentHeader;
    expect(refusal(() => segmentCodec.encodeInto(header, out)).code).toBe(code);
    expect(refusal(() => segmentCodec.encode(header)).code).toBe(code);
    expect(out).toEqual(new Uint8Array(64).fill(0xa5));
  });

  it('refuses an output that is too short', () => {
    expect(refusal(() => segment.encodeInto(SEGMENT, new Uint8Array(19))).code).toBe('E_OUTPUT_TRUNCATED');
  });

  it.each<[string, number, (bytes: Uint8Array) => void]>([
    ['nothing', 0, () => undefined],
    ['reserved bits', segment.WARNING.RESERVED_BITS, (bytes) => (bytes[12]! |= 1)],
    ['window', segment.WARNING.WINDOW, (bytes) => (bytes[15] = 1)],
    ['PSH, which is usual', 0, (bytes) => (bytes[13]! |= 8)],
    ['SYN', segment.WARNING.CONTROL_BITS, (bytes) => (bytes[13]! |= 2)],
    ['no ACK', segment.WARNING.CONTROL_BITS, (bytes) => (bytes[13] = 0)],
    ['urgent pointer', segment.WARNING.URGENT_POINTER, (bytes) => (bytes[18] = 1)],
  ])('warns of %s', (_name, warning, edit) => {
    const bytes = octets(1);
    edit(bytes);
    expect(segment.readWarnings(bytes, 0)).toBe(warning);
  });

  it('has a view that reads and writes in place and moves', () => {
    const bytes = new Uint8Array(64);
    segment.encodeInto(SEGMENT, bytes, 10);
    const view = new segment.SttSegmentView(bytes).at(bytes, 10);
    const { headerLength, sourcePort, destinationPort, frameLength, segmentOffset, packetId, flags, checksum } = view;
    expect({ sourcePort, destinationPort, frameLength, segmentOffset, packetId, flags, checksum }).toEqual({
      ...SEGMENT,
      window: undefined,
      urgentPointer: undefined,
      options: undefined,
    });
    expect(headerLength).toBe(20);
    view.sourcePort = 1;
    view.segmentOffset = 2;
    view.packetId = 3;
    expect(segment.decode(bytes, 10)).toEqual({ ...SEGMENT, sourcePort: 1, segmentOffset: 2, packetId: 3 });
  });
});

describe('frame header', () => {
  it.each(Array.from({ length: 18 }, (_, n) => n))('refuses %i octets and says so', (length) => {
    const error = refusal(() => frameCodec.decode(new Uint8Array(60 + length), 60));
    expect(error.message).toBe(`stt-frame: header needs 18 octets at offset 60, ${length} left`);
    expect(error.code).toBe('E_STT_FRAME_TOO_SHORT');
  });

  it('has other octets in the other order of flag bits, and the same value', () => {
    expect(frame.encode(FRAME)[1]).toBe(0x0e);
    expect(frame.encode(FRAME, 'msb')[1]).toBe(0x70);
    expect(frame.encode({ ...PLAIN, flags: 1 }, 'msb')[1]).toBe(0x80);
    expect(frame.decode(frame.encode(FRAME, 'msb'), 0, 18, 'msb')).toEqual(FRAME);
  });

  it.each<[string, (bytes: Uint8Array) => void, string]>([
    ['E_STT_UNSUPPORTED_VERSION', (b) => (b[0] = 1), 'stt-frame: version at offset 0 must be 0, got 1'],
    ['E_STT_FLAGS_CONFLICT', (b) => (b[1] = 3), 'stt-frame: flags at offset 1 must be C or P, not both, got 3'],
    ['E_STT_BAD_L4_OFFSET', (b) => (b[2] = 33), 'stt-frame: l4Offset at offset 2 must be 34..255, got 33'],
    ['E_STT_BAD_L4_OFFSET', (b) => (b[1] = 2), 'stt-frame: l4Offset at offset 2 must be 54..255, got 34'],
  ])('refuses with %s', (code, edit, message) => {
    const bytes = frame.encode(FRAME);
    edit(bytes);
    expect(frame.check(bytes)).toBe(code);
    expect(refusal(() => frame.decode(bytes)).message).toBe(message);
  });

  it('ignores offload fields without P, PCP and VLAN id without V, and reserved octets', () => {
    const bytes = frame.encode(PLAIN);
    bytes.set([0xfc, 99, 0xff, 5, 180, 0xef, 0xff], 1);
    bytes.set([0xff, 0xff], 16);
    expect(frame.decode(bytes)).toEqual(PLAIN);
    const { RESERVED_FLAG_BITS, RESERVED_OCTETS } = frame.WARNING;
    const { OFFLOAD_FIELDS_WITHOUT_PARTIAL, VLAN_FIELDS_WITHOUT_VALID } = frame.WARNING;
    expect(frame.readWarnings(bytes, 0)).toBe(
      RESERVED_FLAG_BITS | RESERVED_OCTETS | OFFLOAD_FIELDS_WITHOUT_PARTIAL | VLAN_FIELDS_WITHOUT_VALID,
    );
    expect([frame.readWarnings(frame.encode(PLAIN), 0), frame.readWarnings(frame.encode(FRAME), 0)]).toEqual([0, 0]);
  });

  it.each<[Partial<Record<keyof frame.SttFrameHeader, unknown>>, frame.SttFrameHeader, string]>([
    [{ flags: 3 }, FRAME, 'E_STT_FLAGS_CONFLICT'],
    [{ flags: 16 }, FRAME, 'E_FIELD_RANGE'],
    [{ flags: 4 }, PLAIN, 'E_FIELD_RANGE'],
    [{ mss: 1 }, PLAIN, 'E_STT_MSS_WITHOUT_PARTIAL'],
    [{ mss: 65_536 }, FRAME, 'E_FIELD_RANGE'],
    [{ l4Offset: 1 }, PLAIN, 'E_STT_BAD_L4_OFFSET'],
    [{ l4Offset: 33 }, FRAME, 'E_STT_BAD_L4_OFFSET'],
    [{ l4Offset: 256 }, FRAME, 'E_STT_BAD_L4_OFFSET'],
    [{ l4Offset: 53, flags: 2 }, FRAME, 'E_STT_BAD_L4_OFFSET'],
    [{ pcp: 8 }, FRAME, 'E_STT_BAD_VLAN'],
    [{ vlanId: 4096 }, FRAME, 'E_STT_BAD_VLAN'],
    [{ vlanId: Number.NaN }, FRAME, 'E_STT_BAD_VLAN'],
    [{ pcp: 1 }, PLAIN, 'E_STT_BAD_VLAN'],
  ])('refuses to encode %j', (edit, base, code) => {
    const out = new Uint8Array(18).fill(0xa5);
    const header = { ...base, ...edit } as frame.SttFrameHeader;
    expect(refusal(() => frameCodec.encodeInto(header, out)).code).toBe(code);
    expect(out).toEqual(new Uint8Array(18).fill(0xa5));
  });

  it.each([-1n, 2n ** 64n])('refuses context id %d', (contextId) => {
    expect(refusal(() => frame.encode({ ...PLAIN, contextId })).code).toBe('E_FIELD_RANGE');
  });

  it.each([0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 64n - 1n])('takes context id %d', (contextId) => {
    const bytes = frame.encode({ ...PLAIN, contextId });
    expect(frame.decode(bytes).contextId).toBe(contextId);
    const halves = [frame.readContextIdHigh(bytes, 0), frame.readContextIdLow(bytes, 0)];
    expect(halves).toEqual([Number(contextId >> 32n), Number(contextId & 0xffff_ffffn)]);
  });

  it('has a view that reads and writes in place and moves', () => {
    const bytes = new Uint8Array(40);
    frame.encodeInto(FRAME, bytes, 3, 'msb');
    const view = new frame.SttFrameView(bytes, 0, 'msb').at(bytes, 3);
    const { flags, l4Offset, mss, vlanValid, pcp, vlanId, contextId } = view;
    expect({ flags, l4Offset, mss, vlanValid, pcp, vlanId, contextId }).toEqual(FRAME);
    view.flags = frame.FLAG.CHECKSUM_VERIFIED;
    view.contextId = 2n ** 63n + 5n;
    expect([bytes[4], view.contextId]).toEqual([0x80, 2n ** 63n + 5n]);
  });
});
