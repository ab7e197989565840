import { describe, expect, it } from '@jest/globals';
import { PacketBuffer } from '@overlane/wire';
import fc from 'fast-check';
import {
  readTunnelVnetHeader,
  TUNNEL_VNET_HEADER_LENGTH,
  type TunnelVnetFault,
  writeTunnelVnetHeader,
} from '../src/tunnel-vnet-header.js';
import { half, tunnelPacket, type TunnelPacketFields, udpOffset, workOf } from './tunnel-fixture.js';

const LINK = 14;
const OCTETS = new Uint8Array(3000);

/** The header of a packet behind an Ethernet header. */
function headerOf(packet: PacketBuffer): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(TUNNEL_VNET_HEADER_LENGTH + 2).fill(0xee);
  writeTunnelVnetHeader(out, 1, packet, LINK, udpOffset(packet) === 20 ? 4 : 6);
  expect([out[0], out.at(-1)]).toEqual([0xee, 0xee]);
  return out.slice(1, -1);
}

/** A received packet with that header, read. */
function readBack(
  header: Uint8Array,
  sent: PacketBuffer,
): { fault: TunnelVnetFault | undefined; packet: PacketBuffer } {
  const packet = PacketBuffer.from(sent.view(), TUNNEL_VNET_HEADER_LENGTH + LINK);
  packet.bytes.set(header, 0);
  const { start } = packet;
  packet.start -= LINK;
  const transport = start + udpOffset(sent);
  const fault = readTunnelVnetHeader(packet.bytes, 0, packet, transport - start === 20 ? 4 : 6, transport);
  packet.start = start;
  return { fault, packet };
}

const segments: TunnelPacketFields = { payload: OCTETS, segmentSize: 1000 };

describe('writeTunnelVnetHeader', () => {
  it.each([
    ['TCP over IPv4 in IPv4', {}, { flags: 1, type: 0x21, outer: 34, inner: 34 + 16 + 14, transport: 20 }],
    ['TCP over IPv6 in IPv4', { family: 6 }, { flags: 1, type: 0x24, outer: 34, inner: 64, transport: 40 }],
    ['TCP over IPv4 in IPv6', { outer: 6 }, { flags: 1, type: 0x41, outer: 54, inner: 84, transport: 20 }],
    ['datagrams', { transport: 'udp' }, { flags: 1, type: 0x25, outer: 34, inner: 64, transport: 20 }],
    ['a tag inside', { tags: 1 }, { flags: 1, type: 0x21, outer: 34, inner: 68, transport: 20 }],
    ['a checksum outside', { outerChecksum: 7 }, { flags: 9, type: 0x21, outer: 34, inner: 64, transport: 20 }],
  ] as const)('says where everything is: %s', (_what, fields, expected) => {
    const header = headerOf(tunnelPacket({ ...segments, ...fields }));
    const [flags, type] = header;
    const start = half(header, 6);
    expect({
      flags,
      type,
      outer: half(header, 20),
      inner: half(header, 22),
      transport: start - half(header, 22),
    }).toEqual(expected);
    expect(half(header, 4)).toBe(1000);
    expect([...header.subarray(10, 20)]).toEqual(new Array(10).fill(0));
  });

  it('speaks of no tunnel where only a checksum is left, or nothing', () => {
    const header = headerOf(tunnelPacket({}));
    expect([header[0], header[1], half(header, 6), half(header, 20), half(header, 22)]).toEqual([1, 0, 84, 0, 0]);
    const whole = tunnelPacket({});
    whole.clearOffload();
    expect(headerOf(whole)).toEqual(new Uint8Array(TUNNEL_VNET_HEADER_LENGTH));
    const outerSegments = Object.assign(tunnelPacket(segments), { innerStart: 0 });
    expect([headerOf(outerSegments)[1], half(headerOf(outerSegments), 20)]).toEqual([1, 0]);
  });
});

describe('readTunnelVnetHeader', () => {
  const cases = fc.record({
    outer: fc.constantFrom(4 as const, 6 as const),
    family: fc.constantFrom(4 as const, 6 as const),
    transport: fc.constantFrom('tcp' as const, 'udp' as const),
    tags: fc.nat(2),
    ipOptions: fc.constantFrom(0, 8),
    payload: fc.constantFrom(OCTETS, OCTETS.subarray(0, 10)),
    segmentSize: fc.constantFrom(0, 500),
    outerChecksum: fc.constantFrom(0, 9),
  });

  it('reads what was written', () => {
    fc.assert(
      fc.property(cases, (fields) => {
        const sent = tunnelPacket(fields);
        const { fault, packet } = readBack(headerOf(sent), sent);
        return fault === undefined && fc.stringify(workOf(packet)) === fc.stringify(workOf(sent));
      }),
    );
  });

  const change = (at: number, value: number) => (header: Uint8Array) => void (header[at] = value);
  it.each([
    ['both families at once', change(1, 0x61)],
    ['the other family outside', change(1, 0x41)],
    ['a tunnel with nothing to cut', change(1, 0x20)],
    ['UDP elsewhere outside', change(20, 35)],
    ['an inner IP header in the outer UDP header', change(22, 41)],
    ['an inner IP header too near to TCP', change(22, 65)],
    ['an inner IPv6 header where IPv4 fits', change(1, 0x24)],
  ])('refuses %s', (_what, spoil) => {
    const sent = tunnelPacket(segments);
    const header = headerOf(sent);
    spoil(header);
    expect(readBack(header, sent).fault).toBe('E_VNET_TUNNEL');
  });

  it('refuses what the plain header may not say either, by the same names', () => {
    const sent = tunnelPacket(segments);
    const far = headerOf(sent).fill(0xff, 6, 8);
    expect(readBack(far, sent).fault).toBe('E_VNET_CHECKSUM_RANGE');
    const unsummed = headerOf(sent).fill(0, 0, 1);
    expect(readBack(unsummed, sent).fault).toBe('E_VNET_SEGMENTS');
    const fragments = headerOf(sent).fill(0x23, 1, 2);
    expect(readBack(fragments, sent).fault).toBe('E_VNET_SEGMENTS');
  });

  it('total: any header is refused, or keeps to the packet and its order', () => {
    const header = fc.uint8Array({ minLength: TUNNEL_VNET_HEADER_LENGTH, maxLength: TUNNEL_VNET_HEADER_LENGTH });
    const near = fc.tuple(fc.constantFrom(0x21, 0x24, 0x25, 0x41, 1), fc.nat(120), fc.nat(120), fc.nat(120));
    fc.assert(
      fc.property(header, near, fc.boolean(), (bytes, [type, start, outer, inner], isNear) => {
        const sent = tunnelPacket(segments);
        if (isNear) bytes.set([1, type, 0, 0, 100, 0, start, 0, type === 0x25 ? 6 : 16, 0]);
        if (isNear) bytes.set([outer, 0, inner, 0], 20);
        const { fault, packet } = readBack(bytes, sent);
        if (fault !== undefined) return true;
        const { checksumStart, checksumField, end } = packet;
        if (packet.checksum !== 'partial') return packet.segmentType === 'none';
        if (checksumStart < packet.start - LINK || checksumField + 2 > end) return false;
        return (
          (bytes[1]! & 0x60) === 0 || (packet.segmentType !== 'none' && checksumStart - packet.start >= 20 + 8 + 20)
        );
      }),
    );
  });
});
