import { describe, expect, it } from '@jest/globals';
import { PacketBuffer, read16, tcp, write16 } from '@overlane/wire';
import fc from 'fast-check';
import { OffloadFields, SoftwareOffload, TcpCutter, frame } from '../src/index.js';
import { type InnerPacket, judge, partialFrame } from './inner-packet.js';
import vectorFile from './vectors/stt.json';

const { FIN, PSH, ACK, CWR } = tcp.FLAG;
const { FLAG } = frame;
const octets = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 13) ^ (i >>> 8));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What `SoftwareOffload` makes of a packet, in copies. */
function run(packet: PacketBuffer, offload = new SoftwareOffload()): PacketBuffer[] {
  const emitted: PacketBuffer[] = [];
  const fault = offload.run(packet, (p) => emitted.push(new PacketBuffer(p.copy())));
  if (fault !== undefined) throw new Error(fault);
  return emitted;
}

function superFrame(inner: InnerPacket, segmentSize: number): PacketBuffer {
  const packet = partialFrame(inner);
  return Object.assign(packet, { segmentType: inner.family === 6 ? 'tcp6' : 'tcp4', segmentSize } as const);
}

describe('vectors of kind egress-segmentation', () => {
  const vectors = vectorFile.vectors.filter(({ kind }) => kind === 'egress-segmentation');
  it('are there', () => expect(vectors.length).toBeGreaterThan(0));

  it.each(vectors.map((v) => [v.name, v] as const))('%s', (_name, { hex, fields }) => {
    const packet = PacketBuffer.from(Uint8Array.from(Buffer.from(hex as string, 'hex')));
    const offload = new OffloadFields();
    Object.assign(offload, { flags: fields.flags, l4Offset: fields.l4Offset, mss: fields.mss });
    expect(offload.apply(packet, 1500)).toBeUndefined();
    const software = new SoftwareOffload();
    expect(run(packet, software).map((p) => toHex(p.copy()))).toEqual(fields.egressFrames);
    expect(software.deviatingPartials).toBe(0);
  });
});

describe('cutting', () => {
  const inner = fc.record({
    family: fc.constantFrom(4 as const, 6 as const),
    payload: fc.nat(3000).map(octets),
    tcpOptions: fc.constantFrom(0, 12, 40),
    flags: fc.nat(255),
    identification: fc.constantFrom(0, 0xfffe),
    sequenceNumber: fc.constantFrom(7, 0xffff_fff0),
    tags: fc.nat(1),
    padding: fc.nat(3),
  });

  it('keeps every octet, counts on, and finishes all checksums', () => {
    const offload = new SoftwareOffload();
    fc.assert(
      fc.property(inner, fc.integer({ min: 40, max: 4000 }), (fields, size) => {
        const before = superFrame(fields, size);
        const copy = before.copy();
        const segments = run(before, offload).map(judge);
        const joined = Buffer.concat(segments.map(({ payload }) => payload));
        if (Buffer.compare(joined, fields.payload) !== 0) throw new Error('payload changed');
        if (Buffer.compare(before.copy(), copy) !== 0) throw new Error('input changed');
        segments.forEach(({ identification, sequenceNumber, flags, payload }, i) => {
          const isLast = i === segments.length - 1;
          if (payload.length > size || (!isLast && payload.length < size)) throw new Error('size');
          if (sequenceNumber !== (fields.sequenceNumber + i * size) % 2 ** 32) throw new Error('sequence number');
          if (fields.family === 4 && identification !== (fields.identification + i) % 2 ** 16) throw new Error('id');
          const kept = ~((i === 0 ? 0 : CWR) | (isLast ? 0 : FIN | PSH));
          if (flags !== (fields.flags & kept)) throw new Error(`flags ${flags} of ${i}`);
        });
        return offload.deviatingPartials === 0;
      }),
    );
  });

  it('leaves headroom, and segments intact until the scratch has gone round', () => {
    const cutter = new TcpCutter({ headroom: 50, scratch: PacketBuffer.from(new Uint8Array(70_000), 10) });
    const packet = superFrame({ payload: octets(60_000) }, 1400);
    const windows: PacketBuffer[] = [];
    cutter.cut(packet, packet.start + 14, (p) => {
      windows.push(new PacketBuffer(p.bytes, p.start, p.end));
      // Somebody writes an outer header.
      p.bytes.fill(0xaa, p.start - 50, p.start);
    });
    expect(Buffer.concat(windows.map((p) => judge(p).payload))).toEqual(Buffer.from(octets(60_000)));
  });

  it('cuts within one array', () => {
    const packet = superFrame({ payload: octets(5000) }, 1000);
    const arena = new Uint8Array(packet.bytes.length + 80_000);
    arena.set(packet.bytes);
    packet.bytes = arena;
    const scratch = new PacketBuffer(arena, arena.length - 80_000, arena.length);
    const emitted = run(packet, new SoftwareOffload({ scratch }));
    expect(Buffer.concat(emitted.map((p) => judge(p).payload))).toEqual(Buffer.from(octets(5000)));
  });

  it('refuses a scratch that one segment may not fit', () => {
    expect(() => new TcpCutter({ scratch: PacketBuffer.from(new Uint8Array(66_000), 0) })).toThrow(RangeError);
  });
});

describe('finishing', () => {
  it.each<[string, InnerPacket]>([
    ['TCP over IPv4', {}],
    ['TCP over IPv6', { family: 6 }],
    ['UDP over IPv4', { transport: 'udp' }],
    ['UDP over IPv6', { transport: 'udp', family: 6 }],
    ['no payload', { payload: new Uint8Array(0) }],
    ['tags, an odd length and padding', { payload: octets(1001), padding: 5, tags: 2 }],
  ])('%s', (_name, inner) => {
    const packet = partialFrame(inner);
    const [finished] = run(packet);
    expect(toHex(judge(finished!).payload)).toBe(toHex(inner.payload ?? new Uint8Array(16)));
    expect(finished!.length).toBe(packet.length);
  });

  it('repairs a sum without the length, and counts it', () => {
    const packet = partialFrame({ payload: octets(100) });
    write16(packet.bytes, packet.checksumField, read16(packet.bytes, packet.checksumField) - 120);
    const offload = new SoftwareOffload();
    judge(run(packet, offload)[0]!);
    expect(offload.deviatingPartials).toBe(1);
  });

  it('never leaves a UDP checksum of zero', () => {
    const packet = partialFrame({ transport: 'udp', payload: new Uint8Array(2) });
    const first = run(partialFrame({ transport: 'udp', payload: new Uint8Array(2) }))[0]!;
    const field = packet.checksumField;
    const missing = read16(first.bytes, field - packet.start);
    write16(packet.bytes, packet.end - 2, missing);
    expect(read16(run(packet)[0]!.bytes, field - packet.start)).toBe(0xffff);
  });

  it('sums what is neither TCP nor UDP to its end, the value in the field included', () => {
    const packet = PacketBuffer.from(octets(61));
    Object.assign(packet, { checksum: 'partial', checksumStart: packet.start + 20, checksumField: packet.start + 30 });
    const { bytes, start } = packet;
    write16(bytes, start + 30, 0x1234);
    const [finished] = run(packet);
    let sum = 0x1234;
    for (let i = 20; i < 61; i += 2) if (i !== 30) sum += (octets(61)[i]! << 8) | (octets(62)[i + 1]! * Number(i < 60));
    expect(read16(finished!.bytes, 30)).toBe(~((sum & 0xffff) + (sum >>> 16)) & 0xffff);
  });

  it('passes an ordinary frame on as it is', () => {
    const packet = PacketBuffer.from(octets(60));
    expect(toHex(run(packet)[0]!.copy())).toBe(toHex(octets(60)));
  });
});

describe('refusals', () => {
  const offload = new SoftwareOffload();
  const none = (): void => {
    throw new Error('emitted');
  };
  it.each<[string, PacketBuffer, object]>([
    ['UDP to be cut as TCP', partialFrame({ transport: 'udp' }), { segmentType: 'tcp4', segmentSize: 10 }],
    ['the other family', partialFrame({}), { segmentType: 'tcp6', segmentSize: 10 }],
    ['a size of 0', partialFrame({}), { segmentType: 'tcp4' }],
    ['no partial checksum', PacketBuffer.from(octets(60)), { segmentType: 'tcp4', segmentSize: 10 }],
    ['a fragment', partialFrame({ moreFragments: true }), { segmentType: 'tcp4', segmentSize: 10 }],
    ['a field behind the end', partialFrame({}), { checksumStart: 200, checksumField: 1 << 20 }],
    [
      'a start before the frame',
      PacketBuffer.from(octets(60)),
      { checksum: 'partial', checksumStart: 3, checksumField: 200 },
    ],
  ])('E_STT_OFFLOAD_MISMATCH: %s', (_name, packet, fields) => {
    const before = packet.bytes.slice();
    expect(offload.run(Object.assign(packet, fields), none)).toBe('E_STT_OFFLOAD_MISMATCH');
    expect(packet.bytes).toEqual(before);
  });

  it('E_STT_UDP_SEGMENTATION_UNSUPPORTED: datagrams to be cut', () => {
    const packet = Object.assign(partialFrame({ transport: 'udp' }), { segmentType: 'udp', segmentSize: 10 } as const);
    expect(offload.run(packet, none)).toBe('E_STT_UDP_SEGMENTATION_UNSUPPORTED');
  });

  it('a TCP header that does not end in the packet', () => {
    const packet = superFrame({}, 10);
    packet.bytes[packet.checksumStart + 12] = 0xf0;
    expect(offload.run(packet, none)).toBe('E_STT_OFFLOAD_MISMATCH');
  });

  it('survives any fields on any octets, and changes none outside the packet', () => {
    const flipped = fc.tuple(fc.nat(160), fc.nat(255));
    const inner = fc.record({ family: fc.constantFrom(4 as const, 6 as const), tags: fc.nat(2) });
    fc.assert(
      fc.property(
        inner,
        fc.array(flipped, { maxLength: 3 }),
        fc.nat(400),
        fc.nat(400),
        fc.nat(100),
        (fields, flips, start, field, size) => {
          const packet = PacketBuffer.from(partialFrame({ ...fields, payload: octets(80) }).copy(), 128, 64);
          for (const [at, value] of flips) packet.bytes[packet.start + (at % packet.length)] = value;
          Object.assign(packet, { checksum: 'partial', checksumStart: start, checksumField: field });
          if (size > 0) Object.assign(packet, { segmentType: 'tcp4', segmentSize: size });
          offload.run(packet, () => undefined);
          const { bytes, start: first, end } = packet;
          return (
            bytes.subarray(0, first).every((octet) => octet === 0) && bytes.subarray(end).every((octet) => octet === 0)
          );
        },
      ),
    );
  });
});

describe('OffloadFields.plan', () => {
  const plan = (packet: PacketBuffer): object => {
    const fields = new OffloadFields();
    const verdict = fields.plan(packet);
    const { flags, l4Offset, mss } = fields;
    return { plan: verdict, flags, l4Offset, mss };
  };
  const tcp4 = FLAG.CHECKSUM_PARTIAL | FLAG.IPV4 | FLAG.TCP;

  it.each<[string, PacketBuffer, object]>([
    ['TCP over IPv4', partialFrame({}), { plan: 'send', flags: tcp4, l4Offset: 38, mss: 0 }],
    ['TCP over IPv6', partialFrame({ family: 6 }), { flags: FLAG.CHECKSUM_PARTIAL | FLAG.TCP, l4Offset: 54 }],
    ['UDP over IPv4', partialFrame({ transport: 'udp' }), { flags: FLAG.CHECKSUM_PARTIAL | FLAG.IPV4, l4Offset: 38 }],
    ['UDP over IPv6', partialFrame({ transport: 'udp', family: 6 }), { flags: FLAG.CHECKSUM_PARTIAL, l4Offset: 54 }],
    ['a super-frame', superFrame({ payload: octets(3000) }, 1448), { plan: 'send', flags: tcp4, mss: 1448 }],
    [
      'a verified one',
      Object.assign(PacketBuffer.from(octets(60)), { checksum: 'verified' }),
      { plan: 'send', flags: FLAG.CHECKSUM_VERIFIED },
    ],
    ['an ordinary one', PacketBuffer.from(octets(60)), { plan: 'send', flags: 0, l4Offset: 0, mss: 0 }],
  ])('defers: %s', (_name, packet, expected) => {
    expect(plan(packet)).toMatchObject(expected);
  });

  it.each<[string, PacketBuffer]>([
    ['CWR', superFrame({ payload: octets(3000), flags: ACK | CWR }, 1448)],
    ['a tag in the frame', partialFrame({ tags: 1 })],
    ['a fragment', partialFrame({ moreFragments: true })],
    ['datagrams to be cut', Object.assign(partialFrame({ transport: 'udp' }), { segmentType: 'udp', segmentSize: 9 })],
    ['a field that is none', Object.assign(partialFrame({}), { checksumField: 170 })],
    ['a start elsewhere', Object.assign(partialFrame({}), { checksumStart: 300, checksumField: 316 })],
    ['a start before the frame', Object.assign(partialFrame({}), { checksumStart: 100, checksumField: 116 })],
    ['the wrong family', Object.assign(superFrame({}, 9), { segmentType: 'tcp6' })],
    ['a size without a type', Object.assign(partialFrame({}), { segmentSize: 9 })],
    ['a type without a size', superFrame({}, 0)],
    ['a type without a partial checksum', Object.assign(superFrame({}, 9), { checksum: 'verified' })],
    ['more than fits', superFrame({ payload: octets(65_460) }, 1448)],
  ])('does not defer: %s', (_name, packet) => {
    expect(plan(packet)).toMatchObject({ plan: 'finish', l4Offset: 0, mss: 0 });
  });

  it('CWR alone may be deferred, for nothing is cut', () => {
    expect(plan(partialFrame({ flags: CWR }))).toMatchObject({ plan: 'send', flags: tcp4 });
  });

  it('is undone by apply', () => {
    const inner = fc.record({ family: fc.constantFrom(4 as const, 6 as const), payload: fc.nat(300).map(octets) });
    fc.assert(
      fc.property(inner, fc.integer({ min: 1, max: 200 }), (fields, size) => {
        const packet = fields.payload.length > size ? superFrame(fields, size) : partialFrame(fields);
        const offload = new OffloadFields();
        if (offload.plan(packet) !== 'send') return false;
        const again = new PacketBuffer(packet.bytes, packet.start, packet.end);
        return offload.apply(again, 1500) === undefined && JSON.stringify(again) === JSON.stringify(packet);
      }),
    );
  });
});

describe('OffloadFields.apply', () => {
  const fieldsOf = (flags: number, l4Offset: number, mss: number): OffloadFields =>
    Object.assign(new OffloadFields(), { flags, l4Offset, mss });

  it('does not cut what fits', () => {
    const packet = partialFrame({ payload: octets(100) });
    fieldsOf(FLAG.CHECKSUM_PARTIAL | FLAG.IPV4 | FLAG.TCP, 38, 100).apply(packet, 1500);
    expect(packet).toMatchObject({ checksum: 'partial', segmentType: 'none', segmentSize: 0 });
  });

  it('delivers a datagram with MSS whole if it fits the MTU, else refuses it', () => {
    const udp6 = fieldsOf(FLAG.CHECKSUM_PARTIAL, 54, 500);
    const packet = partialFrame({ family: 6, transport: 'udp', payload: octets(1000) });
    expect(udp6.apply(packet, 1047)).toBe('E_STT_UDP_SEGMENTATION_UNSUPPORTED');
    expect(udp6.apply(packet, 1048)).toBeUndefined();
    judge(run(packet)[0]!);
  });

  it('trusts C, and takes nothing from a header without P', () => {
    const packet = partialFrame({});
    fieldsOf(FLAG.CHECKSUM_VERIFIED | FLAG.TCP, 38, 100).apply(packet, 1500);
    expect(packet).toMatchObject({ checksum: 'verified', checksumStart: 0, segmentType: 'none' });
    fieldsOf(FLAG.TCP, 38, 100).apply(packet, 1500);
    expect(packet).toMatchObject({ checksum: 'unverified', checksumStart: 0 });
  });
});
