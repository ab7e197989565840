import { describe, expect, it } from '@jest/globals';
import { PacketBuffer, ethernet, icmpv4, icmpv6, ipv4, ipv6, checksum } from '@overlane/wire';
import { hostileBytes, ethernetSubject } from '@overlane/wire/laws';
import fc from 'fast-check';
import { frame } from '@overlane/wire/arbitraries';
import { answerTooBig } from '../src/index.js';

const MACS = { destination: Uint8Array.of(2, 0, 0, 0, 0, 2), source: Uint8Array.of(2, 0, 0, 0, 0, 1) };
const join = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const link = (etherType: number, fields: Partial<ethernet.EthernetHeader> = {}): Uint8Array =>
  ethernet.encode({ ...MACS, tags: [], etherType, ...fields });

function frameV4(
  fields: Partial<ipv4.Ipv4Header> = {},
  data = new Uint8Array(2000),
  outer = link(0x0800),
): PacketBuffer {
  const header = ipv4.encode({
    ...{ dscp: 0, ecn: 0, totalLength: 20 + data.length, identification: 1, dontFragment: true, moreFragments: false },
    ...{ fragmentOffset: 0, ttl: 64, protocol: 17, source: 0x0a000001, destination: 0x0a000002 },
    ...{ options: new Uint8Array(0) },
    ...fields,
  });
  return PacketBuffer.from(join(outer, header, data));
}

const address = (last: number, first = 0xfd): Uint8Array => {
  const octets = new Uint8Array(16);
  octets[0] = first;
  octets[15] = last;
  return octets;
};

function frameV6(
  fields: Partial<ipv6.Ipv6Header> = {},
  data = new Uint8Array(2000),
  outer = link(0x86dd),
): PacketBuffer {
  const header = ipv6.encode({
    ...{ dscp: 0, ecn: 0, flowLabel: 0, payloadLength: data.length, nextHeader: 17, hopLimit: 64 },
    ...{ source: address(1), destination: address(2) },
    ...fields,
  });
  return PacketBuffer.from(join(outer, header, data));
}

const answer = (packet: PacketBuffer, mtu = 1450): Uint8Array | undefined => answerTooBig(packet, mtu);

describe('answerTooBig', () => {
  it('tells an IPv4 sender the next-hop MTU, and quotes its packet', () => {
    const refused = frameV4();
    const told = answer(refused)!;
    expect(ethernet.decode(told)).toEqual({
      ...MACS,
      destination: MACS.source,
      source: MACS.destination,
      tags: [],
      etherType: 0x0800,
    });
    expect(ipv4.decode(told, 14)).toMatchObject({
      ...{ source: 0x0a000002, destination: 0x0a000001, protocol: 1, totalLength: 576, dscp: 48, ttl: 64 },
    });
    expect(icmpv4.decode(told, 34)).toMatchObject({ type: 3, code: 4 });
    expect(icmpv4.readNextHopMtu(told, 34)).toBe(1450);
    expect(icmpv4.checkChecksum(told, 34, told.length)).toBeUndefined();
    expect(told.slice(42)).toEqual(refused.copy().slice(14, 14 + 548));
  });

  it('tells an IPv6 sender the MTU, and quotes its packet up to 1280 octets in all', () => {
    const refused = frameV6();
    const told = answer(refused, 1430)!;
    expect(told.length).toBe(14 + 1280);
    expect(ipv6.decode(told, 14)).toMatchObject({ source: address(2), destination: address(1), nextHeader: 58 });
    expect(icmpv6.decode(told, 54)).toMatchObject({ type: 2, code: 0 });
    expect(icmpv6.readMtu(told, 54)).toBe(1430);
    const pseudoHeader = checksum.pseudoHeaderV6(told, 14, 58, told.length - 54);
    expect(icmpv6.checkChecksum(told, 54, told.length, pseudoHeader)).toBeUndefined();
    expect(told.slice(62)).toEqual(refused.copy().slice(14, 14 + 1232));
  });

  it('quotes short packets whole, without the padding of the frame, and keeps tags', () => {
    const tags = [{ tpid: 0x8100, pcp: 1, dei: 0, vid: 5 }];
    const padded = frameV4({ totalLength: 30 }, new Uint8Array(40), link(0x0800, { tags }));
    const told = answer(padded)!;
    expect(ethernet.decode(told).tags).toEqual(tags);
    expect(told.length).toBe(18 + 28 + 30);
    expect(answer(frameV6({ payloadLength: 8 }, new Uint8Array(40)))!.length).toBe(14 + 48 + 48);
  });

  const group = { destination: Uint8Array.of(1, 0, 0x5e, 0, 0, 1) };
  it.each([
    ['IPv4 without DF', frameV4({ dontFragment: false })],
    ['a later fragment', frameV4({ fragmentOffset: 8 })],
    ['no source', frameV4({ source: 1 })],
    ['a loopback source', frameV4({ source: 0x7f000001 })],
    ['a group as source', frameV4({ source: 0xe0000001 })],
    ['a group as destination', frameV4({ destination: 0xe0000001 })],
    ['the broadcast', frameV4({ destination: 0xffffffff })],
    ['a group MAC', frameV4({}, new Uint8Array(9), link(0x0800, group))],
    ['a group MAC as source', frameV4({}, new Uint8Array(9), link(0x0800, { source: group.destination }))],
    ['an ICMP error', frameV4({ protocol: 1 }, Uint8Array.of(3, 4, 0, 0))],
    ['an ICMP redirect', frameV4({ protocol: 1 }, Uint8Array.of(5, 0, 0, 0))],
    ['ICMP without octets', frameV4({ protocol: 1 }, new Uint8Array(0))],
    ['a broken IPv4 header', frameV4({ totalLength: 3000 })],
    ['a broken IPv6 header', frameV6({ payloadLength: 3000 })],
    ['IPv6 without source', frameV6({ source: new Uint8Array(16) })],
    ['an IPv6 group as source', frameV6({ source: address(1, 0xff) })],
    ['an IPv6 group as destination', frameV6({ destination: address(1, 0xff) })],
    ['an ICMPv6 error', frameV6({ nextHeader: 58 }, Uint8Array.of(2, 0, 0, 0))],
    ['an ICMPv6 redirect', frameV6({ nextHeader: 58 }, Uint8Array.of(137, 0, 0, 0))],
    ['ICMPv6 without octets', frameV6({ nextHeader: 58 }, new Uint8Array(0))],
    ['an IPv6 fragment', frameV6({ nextHeader: 44 }, Uint8Array.of(17, 0, 0, 9, 0, 0, 0, 1))],
    ['a broken IPv6 chain', frameV6({ nextHeader: 60 }, new Uint8Array(4))],
    ['no IP', PacketBuffer.from(join(link(0x0806), new Uint8Array(28)))],
    ['no frame', PacketBuffer.from(new Uint8Array(13))],
  ])('says nothing about %s', (_what, packet) => {
    expect(answer(packet)).toBeUndefined();
  });

  it('answers questions', () => {
    expect(answer(frameV4({ protocol: 1 }, Uint8Array.of(8, 0, 0, 0)))).toBeDefined();
    expect(answer(frameV6({ nextHeader: 58 }, Uint8Array.of(128, 0, 0, 0)))).toBeDefined();
  });

  it('total: on any octets it answers with a frame, or not at all, and never about an answer', () => {
    const property = fc.property(fc.oneof(frame({ payloadMax: 1500 }), hostileBytes(ethernetSubject())), (bytes) => {
      const told = answerTooBig(PacketBuffer.from(bytes), 1450);
      return (
        told === undefined ||
        (told.length <= 14 + 8 + 1280 && answerTooBig(PacketBuffer.from(told), 1450) === undefined)
      );
    });
    fc.assert(property);
  });
});
