import { describe, expect, it } from '@jest/globals';
import { PacketBuffer, SoftwareOffload, tcp } from '@overlane/wire';
import { judgeFrame, offloadFrame } from '@overlane/wire/arbitraries';
import fc from 'fast-check';
import { OffloadFields, frame } from '../src/index.js';
import vectorFile from './vectors/stt.json';

const { ACK, CWR } = tcp.FLAG;
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

describe('OffloadFields.plan', () => {
  const plan = (packet: PacketBuffer): object => {
    const fields = new OffloadFields();
    const verdict = fields.plan(packet);
    const { flags, l4Offset, mss } = fields;
    return { plan: verdict, flags, l4Offset, mss };
  };
  const tcp4 = FLAG.CHECKSUM_PARTIAL | FLAG.IPV4 | FLAG.TCP;

  it.each<[string, PacketBuffer, object]>([
    ['TCP over IPv4', offloadFrame({}), { plan: 'send', flags: tcp4, l4Offset: 34, mss: 0 }],
    ['TCP over IPv6', offloadFrame({ family: 6 }), { flags: FLAG.CHECKSUM_PARTIAL | FLAG.TCP, l4Offset: 54 }],
    ['UDP over IPv4', offloadFrame({ transport: 'udp' }), { flags: FLAG.CHECKSUM_PARTIAL | FLAG.IPV4, l4Offset: 34 }],
    ['UDP over IPv6', offloadFrame({ transport: 'udp', family: 6 }), { flags: FLAG.CHECKSUM_PARTIAL, l4Offset: 54 }],
    [
      'a super-frame',
      offloadFrame({ payload: octets(3000), segmentSize: 1448 }),
      { plan: 'send', flags: tcp4, mss: 1448 },
    ],
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
    ['CWR', offloadFrame({ payload: octets(3000), flags: ACK | CWR, segmentSize: 1448 })],
    ['a tag in the frame', offloadFrame({ tags: 1 })],
    ['a fragment', offloadFrame({ moreFragments: true })],
    ['datagrams to be cut', Object.assign(offloadFrame({ transport: 'udp' }), { segmentType: 'udp', segmentSize: 9 })],
    ['a field that is none', Object.assign(offloadFrame({}), { checksumField: 170 })],
    ['a start elsewhere', Object.assign(offloadFrame({}), { checksumStart: 300, checksumField: 316 })],
    ['a start before the frame', Object.assign(offloadFrame({}), { checksumStart: 100, checksumField: 116 })],
    ['the wrong family', Object.assign(offloadFrame({ segmentSize: 9 }), { segmentType: 'tcp6' })],
    ['a size without a type', Object.assign(offloadFrame({}), { segmentSize: 9 })],
    ['a type without a size', Object.assign(offloadFrame({}), { segmentType: 'tcp4' })],
    ['a type without a partial checksum', Object.assign(offloadFrame({ segmentSize: 9 }), { checksum: 'verified' })],
    ['more than fits', offloadFrame({ payload: octets(65_477), segmentSize: 1448 })],
  ])('does not defer: %s', (_name, packet) => {
    expect(plan(packet)).toMatchObject({ plan: 'finish', l4Offset: 0, mss: 0 });
  });

  it('CWR alone may be deferred, for nothing is cut', () => {
    expect(plan(offloadFrame({ flags: CWR }))).toMatchObject({ plan: 'send', flags: tcp4 });
  });

  it('is undone by apply', () => {
    const inner = fc.record({ family: fc.constantFrom(4 as const, 6 as const), payload: fc.nat(300).map(octets) });
    fc.assert(
      fc.property(inner, fc.integer({ min: 1, max: 200 }), (fields, size) => {
        const packet = offloadFrame({ ...fields, segmentSize: size });
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
    const packet = offloadFrame({ payload: octets(100) });
    fieldsOf(FLAG.CHECKSUM_PARTIAL | FLAG.IPV4 | FLAG.TCP, 34, 100).apply(packet, 1500);
    expect(packet).toMatchObject({ checksum: 'partial', segmentType: 'none', segmentSize: 0 });
  });

  it('delivers a datagram with MSS whole if it fits the MTU, else refuses it', () => {
    const udp6 = fieldsOf(FLAG.CHECKSUM_PARTIAL, 54, 500);
    const packet = offloadFrame({ family: 6, transport: 'udp', payload: octets(1000) });
    expect(udp6.apply(packet, 1047)).toBe('E_STT_UDP_SEGMENTATION_UNSUPPORTED');
    expect(udp6.apply(packet, 1048)).toBeUndefined();
    expect(judgeFrame(run(packet)[0]!).payload).toHaveLength(1000);
  });

  it('trusts C, and takes nothing from a header without P', () => {
    const packet = offloadFrame({});
    fieldsOf(FLAG.CHECKSUM_VERIFIED | FLAG.TCP, 34, 100).apply(packet, 1500);
    expect(packet).toMatchObject({ checksum: 'verified', checksumStart: 0, segmentType: 'none' });
    fieldsOf(FLAG.TCP, 34, 100).apply(packet, 1500);
    expect(packet).toMatchObject({ checksum: 'unverified', checksumStart: 0 });
  });
});
