import { describe, expect, it } from '@jest/globals';
import { type Fault, PacketBuffer, TunnelMetadata } from '@overlane/wire';
import fc from 'fast-check';
import { type SttOptions, SttEncapsulation, frame } from '../src/index.js';
import { type FrameFields, arrivals, octets, receive, send, toHex, tunnelTo, vectors } from './endpoints.js';

describe('delivery of vectors', () => {
  const delivered = vectors.filter(
    ({ kind, error, fields, name }) =>
      kind === undefined && error === undefined && fields.frames?.length === 1 && name !== 'stt-context-64bit',
  );
  it.each(delivered.map((v) => [v.name, v] as const))('%s', (name, v) => {
    // The late duplicate comes after delivery.
    const packets = name === 'stt-late-duplicate' ? arrivals(v).slice(0, 3) : arrivals(v);
    const [expected] = v.fields.frames as readonly [FrameFields];
    const { outcome, packet, endpoint } = receive(packets);
    expect(outcome).toBeUndefined();
    const inner = octets(expected.inner);
    const isCut = packet.segmentType !== 'none';
    if (expected.innerL4Checksum !== undefined) {
      const field = expected.l4Offset + ((expected.flags & frame.FLAG.TCP) !== 0 ? 16 : 6);
      const { complete, partial } = expected.innerL4Checksum;
      const value = Number(isCut ? partial : complete);
      inner.set([value >>> 8, value & 255], field);
    }
    const { present, pcp, vid } = expected.vlan;
    const tag = present ? [0x81, 0, (pcp << 5) | (vid >>> 8), vid & 255] : [];
    expect(toHex(packet.copy())).toBe(toHex(Uint8Array.of(...inner.subarray(0, 12), ...tag, ...inner.subarray(12))));
    expect(isCut).toBe(expected.mss !== 0 && (expected.flags & frame.FLAG.CHECKSUM_PARTIAL) !== 0);
    expect(endpoint.warnings.partialChecksum).toBe(0);
  });
});

describe('encapsulate', () => {
  const plain = (length: number): PacketBuffer => PacketBuffer.from(new Uint8Array(length).fill(1));

  it.each<[string, Fault, PacketBuffer, TunnelMetadata, SttOptions]>([
    ['13 octets', 'E_STT_INNER_TRUNCATED', plain(13), tunnelTo(1), {}],
    ['a cut tag', 'E_ETH_VLAN_TRUNCATED', PacketBuffer.from(octets('00'.repeat(12) + '810000')), tunnelTo(1), {}],
    ['65,518 octets', 'E_STT_FRAME_TOO_LARGE', plain(65_518), tunnelTo(1), {}],
    ['context id 2^53', 'E_FIELD_RANGE', plain(60), tunnelTo(2 ** 53), {}],
    ['context id -1', 'E_FIELD_RANGE', plain(60), tunnelTo(-1), {}],
    ['mixed families', 'E_ADDRESS_FAMILY_MISMATCH', plain(60), tunnelTo(1, '192.0.2.1', '2001:db8::2'), {}],
    ['MTU 40', 'E_STT_MTU_TOO_SMALL', plain(60), tunnelTo(1), { pathMtu: 40 }],
    ['MTU 60, IPv6', 'E_STT_MTU_TOO_SMALL', plain(60), tunnelTo(1, '2001:db8::1', '2001:db8::2'), { pathMtu: 60 }],
    ['a super-frame over IPv4', 'E_STT_FRAME_TOO_LARGE', plain(65_478), tunnelTo(1), { superFrames: true }],
    [
      'a super-frame over IPv6',
      'E_STT_FRAME_TOO_LARGE',
      plain(65_498),
      tunnelTo(1, '2001:db8::1', '2001:db8::2'),
      { superFrames: true },
    ],
  ])('refuses %s', (_name, fault, packet, tunnel, options) => {
    const before = packet.bytes.slice();
    const emit = (): void => {
      throw new Error('emitted');
    };
    expect(new SttEncapsulation(options).encapsulate(packet, tunnel, emit)).toBe(fault);
    expect(Buffer.compare(packet.bytes, before)).toBe(0);
  });

  it('wraps in place what fits one segment, and copies where there is no headroom', () => {
    const endpoint = new SttEncapsulation();
    const packet = plain(1442);
    endpoint.encapsulate(packet, tunnelTo(1), (outer) => {
      expect(outer.bytes).toBe(packet.bytes);
      expect(outer.length).toBe(1500);
    });
    const tight = PacketBuffer.from(packet.copy(), endpoint.overhead(4) - 1);
    endpoint.encapsulate(tight, tunnelTo(1), (outer) => expect(outer.bytes).not.toBe(tight.bytes));
    expect([endpoint.overhead(4), endpoint.overhead(6), endpoint.name]).toEqual([58, 78, 'stt']);
  });

  it('carries any frame, tags included, over any path MTU in any order of arrival', () => {
    const types = fc.constantFrom(
      '88b5',
      '8100a0640800',
      '88a800010800',
      '88a80001810000020800',
      '81000001810000020800',
    );
    const order = fc.array(fc.nat(), { maxLength: 20 });
    const scratch = new PacketBuffer(new Uint8Array(1 << 20));
    fc.assert(
      fc.property(
        types,
        fc.integer({ min: 22, max: 1500 }),
        fc.integer({ min: 100, max: 1600 }),
        order,
        (type, length, pathMtu, swaps) => {
          const packet = PacketBuffer.from(Uint8Array.from({ length }, (_, i) => i * 5));
          packet.bytes.set(octets(type), packet.start + 12);
          const before = packet.copy();
          const packets = send(packet, tunnelTo(2 ** 53 - 1), { pathMtu, scratch });
          swaps.forEach((n, i) => {
            const [a, b] = [i % packets.length, n % packets.length];
            [packets[a], packets[b]] = [packets[b]!, packets[a]!];
          });
          const { outcome, packet: inner, tunnel } = receive(packets, { highMark: 1 << 16, contextLimit: 4 });
          const same = [inner.copy(), packet.copy()].every((bytes) => Buffer.compare(bytes, before) === 0);
          return outcome === undefined && same && tunnel.network === 2 ** 53 - 1;
        },
      ),
    );
  });
});
