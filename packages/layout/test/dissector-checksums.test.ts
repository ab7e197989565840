import { describe, expect, it } from '@jest/globals';
import { checksum, icmpv4, icmpv6, tcp } from '@overlane/wire';
import { icmpv6EchoLayout, neighborSolicitationLayout, packetTooBigLayout, routingLayout } from '../src/headers.js';
import type { DissectOptions } from '../src/index.js';
import { ADDRESS, MAC, NONE, datagram, dissector, icmpEcho, ipv4Packet, ipv6Packet, join, shape } from './packets.js';

describe('checksums', () => {
  const inIpv6 = (protocol: number, segment: Uint8Array, at: number): Uint8Array => {
    const packet = ipv6Packet(protocol, segment);
    const pseudoHeader = checksum.pseudoHeaderV6(packet, 0, protocol, segment.length);
    const sum = checksum.compute(packet, 40, packet.length, pseudoHeader);
    packet.set([sum >>> 8, sum & 255], 40 + at);
    return packet;
  };
  const spoil = (packet: Uint8Array): Uint8Array => {
    packet[packet.length - 1]! ^= 1;
    return packet;
  };
  const last = (bytes: Uint8Array, options: DissectOptions = {}): string | undefined =>
    shape(bytes, { start: 'ip', ...options }).at(-1);

  it('of UDP, zero over IPv6 only where allowed', () => {
    expect(last(inIpv6(17, datagram(9), 6))).toBe('udp@40+8');
    expect(last(spoil(inIpv6(17, datagram(9, MAC), 6)))).toBe('E_UDP_BAD_CHECKSUM');
    const zero = ipv6Packet(17, datagram(9));
    expect(last(zero)).toBe('E_UDP_ZERO_CHECKSUM_NOT_ALLOWED');
    expect(last(zero, { allowZeroChecksumIpv6: false })).toBe('E_UDP_ZERO_CHECKSUM_NOT_ALLOWED');
    expect(last(zero, { allowZeroChecksumIpv6: [10] })).toBe('E_UDP_ZERO_CHECKSUM_NOT_ALLOWED');
    expect(last(zero, { allowZeroChecksumIpv6: [9] })).toBe('udp@40+8');
    expect(last(zero, { allowZeroChecksumIpv6: true })).toBe('udp@40+8');
    expect(last(ipv4Packet(17, datagram(9)))).toBe('udp@20+8');
    expect(last(ipv4Packet(17, datagram(9, NONE, 0x1234)))).toBe('E_UDP_BAD_CHECKSUM');
  });

  it('of TCP and ICMPv6', () => {
    const segment = join(tcpSegment(), MAC);
    expect(last(inIpv6(6, segment, 16))).toBe('data@60+6');
    expect(last(spoil(inIpv6(6, segment, 16)))).toBe('E_TCP_BAD_CHECKSUM');
    const echo = icmpv6EchoLayout.encode({ type: 128, code: 0, checksum: 0, identifier: 1, sequenceNumber: 2 });
    expect(last(inIpv6(58, echo, 2))).toBe('icmpv6@40+8');
    expect(last(spoil(inIpv6(58, echo, 2)))).toBe('E_ICMP_BAD_CHECKSUM');
    expect(last(ipv4Packet(1, icmpEcho()))).toBe('icmpv4@20+8');
    expect(last(spoil(ipv4Packet(1, icmpEcho())))).toBe('E_ICMP_BAD_CHECKSUM');
  });

  it('are left alone without the addresses they cover', () => {
    expect(shape(datagram(9, NONE, 0x1234), { start: 'udp' })).toEqual(['udp@0+8']);
    expect(shape(tcpSegment(), { start: 'tcp' })).toEqual(['tcp@0+20']);
    const message = icmpv6.encode({ type: 128, code: 0, checksum: 1, rest: 0 });
    expect(shape(message, { start: 'icmpv6' })).toEqual(['icmpv6@0+8']);
    const routing = (segmentsLeft: number): Uint8Array =>
      routingLayout.encode({
        nextHeader: 17,
        headerExtensionLength: 0,
        routingType: 4,
        segmentsLeft,
        typeSpecificData: new Uint8Array(4),
      });
    const wrong = datagram(9, NONE, 0x1234);
    expect(last(ipv6Packet(43, join(routing(1), wrong)))).toBe('udp@48+8');
    expect(last(ipv6Packet(43, join(routing(0), wrong)))).toBe('E_UDP_BAD_CHECKSUM');
  });

  it('come after the fields, which are shown all the same', () => {
    const { layers } = dissector.dissect(ipv4Packet(17, datagram(9, NONE, 0x1234)), { start: 'ip' });
    expect(layers[1]!.fields['checksum']).toBe('0x1234');
  });

  function tcpSegment(): Uint8Array {
    const ports = { sourcePort: 1, destinationPort: 2, sequenceNumber: 3, acknowledgmentNumber: 4 };
    return tcp.encode({ ...ports, flags: 0x12, window: 5, checksum: 0, urgentPointer: 0, options: NONE });
  }
});

describe('ICMP', () => {
  const message = (type: number, rest: number): Uint8Array => {
    const bytes = icmpv4.encode({ type, code: 4, checksum: 0, rest });
    icmpv4.writeChecksum(bytes, 0, bytes.length);
    return bytes;
  };
  const fieldsOf = (bytes: Uint8Array, start: string): unknown => dissector.dissect(bytes, { start }).layers[0]!.fields;

  it('shows each message in its own terms', () => {
    expect(fieldsOf(message(8, 0x0001_0002), 'icmpv4')).toMatchObject({ identifier: 1, sequenceNumber: 2 });
    expect(fieldsOf(message(0, 0x0001_0002), 'icmpv4')).toMatchObject({ identifier: 1, sequenceNumber: 2 });
    expect(fieldsOf(message(3, 1400), 'icmpv4')).toMatchObject({ unused: 0, nextHopMtu: 1400 });
    expect(fieldsOf(message(5, 0x0a000001), 'icmpv4')).toMatchObject({ type: 5, restOfHeader: '0a000001' });
    const tooBig = packetTooBigLayout.encode({ type: 2, code: 0, checksum: 0, mtu: 1280 });
    expect(fieldsOf(tooBig, 'icmpv6')).toMatchObject({ mtu: 1280 });
  });

  it('shows neighbor solicitations, and what is wrong with them', () => {
    const options = join(Uint8Array.of(1, 1), MAC);
    const start = { type: 135, code: 0, checksum: 0, reserved: 0, targetAddress: ADDRESS };
    const bytes = neighborSolicitationLayout.encode({ ...start, options });
    expect(fieldsOf(bytes, 'icmpv6')).toMatchObject({ targetAddress: 'fd00::1', options: '0101525400000001' });
    expect(shape(bytes, { start: 'icmpv6' })).toEqual(['icmpv6@0+32']);
    bytes[25] = 0;
    expect(shape(bytes, { start: 'icmpv6' })).toEqual(['icmpv6@0+8', 'E_ND_BAD_OPTION']);
    expect(shape(bytes.subarray(0, 20), { start: 'icmpv6' })).toEqual(['icmpv6@0+8', 'E_ICMP_TRUNCATED']);
    expect(shape(bytes.subarray(0, 7), { start: 'icmpv6' })).toEqual(['E_ICMP_TRUNCATED']);
  });
});
