import { describe, expect, it } from '@jest/globals';
import { type Fault, type TunnelMetadata, PacketBuffer, checksum, flowHash, udp } from '@overlane/wire';
import { type GeneveEndpointOptions, GeneveEncapsulation } from '../src/index.js';
import { optionsOf, receive, send, tunnelTo } from './endpoint.js';
import { octets, option, optionOf, outerPacket, packetVectors, refusal, toHex, vector } from './vector-file.js';

const EVERY_VNI = { has: () => true } as unknown as ReadonlySet<number>;
const inner = octets(vector('geneve-one-option').fields.inner);
const sink = (): void => undefined;

describe('encapsulate gives the vectors octet for octet', () => {
  const canonical = packetVectors.filter(
    ({ name, error, fields }) =>
      error === undefined &&
      fields.protocolType === '0x6558' &&
      !['geneve-oam', 'geneve-c-without-critical', 'geneve-reserved-ignored'].includes(name),
  );
  it.each(canonical.map((v) => [v.name, v] as const))('%s', (_name, v) => {
    const expected = outerPacket(v.hex).copy();
    const { tunnel } = receive(outerPacket(v.hex), optionsOf(v));
    const frame = octets(v.fields.inner);
    tunnel.entropy = flowHash(frame, 0, frame.length);
    const policy = v.fields.udpChecksum === '0x0000' ? 'zero' : 'computed';
    const options = v.fields.options.map(optionOf);
    const sent = send(frame, tunnel, { options, checksumIpv4: policy, checksumIpv6: policy });
    // The vectors were made without flow labels, which we send (RFC 6438).
    if (tunnel.destination.family === 6) {
      sent[1]! &= 0xf0;
      sent.fill(0, 2, 4);
    }
    expect(toHex(sent)).toBe(toHex(expected));
  });
});

describe('encapsulate', () => {
  it.each<[string, Fault, Uint8Array, TunnelMetadata, GeneveEndpointOptions]>([
    ['a frame of 13 octets', 'E_GENEVE_INNER_TRUNCATED', inner.subarray(0, 13), tunnelTo(1), {}],
    ['a cut tag', 'E_ETH_VLAN_TRUNCATED', Uint8Array.of(...inner.subarray(0, 12), 0x81, 0, 0), tunnelTo(1), {}],
    ['VNI 2^24', 'E_GENEVE_VNI_RANGE', inner, tunnelTo(2 ** 24), {}],
    ['VNI -1', 'E_GENEVE_VNI_RANGE', inner, tunnelTo(-1), {}],
    ['VNI 1.5', 'E_GENEVE_VNI_RANGE', inner, tunnelTo(1.5), {}],
    ['mixed families', 'E_ADDRESS_FAMILY_MISMATCH', inner, tunnelTo(1, '192.0.2.1', '2001:db8::2'), {}],
    ['one octet over the MTU', 'E_MTU_EXCEEDED', inner, tunnelTo(1), { pathMtu: inner.length + 35 }],
    [
      'one octet over it with its options',
      'E_MTU_EXCEEDED',
      inner,
      tunnelTo(1),
      { pathMtu: inner.length + 47, options: [option(1, 2)] },
    ],
    ['65,500 octets', 'E_MTU_EXCEEDED', new Uint8Array(65_500), tunnelTo(1), {}],
  ])('refuses %s', (_name, fault, frame, tunnel, options) => {
    const packet = PacketBuffer.from(frame);
    const before = packet.bytes.slice();
    const emit = (): void => {
      throw new Error('emitted');
    };
    expect(new GeneveEncapsulation(options).encapsulate(packet, tunnel, emit)).toBe(fault);
    expect(packet.bytes).toEqual(before);
  });

  it('refuses a buffer without headroom, one octet short', () => {
    const endpoint = new GeneveEncapsulation({ options: [option(1, 1)] });
    expect(endpoint.encapsulate(PacketBuffer.from(inner, 43), tunnelTo(1), sink)).toBe('E_BUFFER_NO_HEADROOM');
    expect(endpoint.encapsulate(PacketBuffer.from(inner, 44), tunnelTo(1), sink)).toBeUndefined();
  });

  it('fits the MTU exactly', () => {
    const options = [option(1, 2)];
    expect(send(inner, tunnelTo(1), { options, pathMtu: inner.length + 48 })).toHaveLength(inner.length + 48);
  });

  it('passes VLAN tags unless told to strip them', () => {
    const tagged = Uint8Array.of(...inner.subarray(0, 12), 0x88, 0xa8, 0, 200, 0x81, 0, 0, 100, ...inner.subarray(12));
    expect(toHex(send(tagged, tunnelTo(9)).subarray(36))).toBe(toHex(tagged));
    expect(toHex(send(tagged, tunnelTo(9), { stripInnerVlan: EVERY_VNI }).subarray(36))).toBe(toHex(inner));
  });

  it('copies ECN out in normal mode only', () => {
    const marked = inner.slice();
    marked[15] = 2;
    expect(send(marked, tunnelTo(1))[1]).toBe(2);
    expect(send(marked, tunnelTo(1), { ecnMode: 'compatibility' })[1]).toBe(0);
  });

  it.each([
    ['IPv4', 20, '192.0.2.1', '192.0.2.2'],
    ['IPv6', 40, '2001:db8::1', '2001:db8::2'],
  ])('sends a checksum over %s unless told not to', (_family, at, source, destination) => {
    const tunnel = tunnelTo(1, source, destination);
    expect(udp.readChecksum(send(inner, tunnel), at)).not.toBe(0);
    expect(udp.readChecksum(send(inner, tunnel, { checksumIpv4: 'zero', checksumIpv6: 'zero' }), at)).toBe(0);
  });

  it('never sends a computed checksum of zero', () => {
    // Choose the last two payload octets so that the sum of the datagram comes to 0xffff.
    const frame = new Uint8Array(60);
    const tunnel = tunnelTo(1);
    const missing = udp.readChecksum(send(frame, tunnel), 20);
    frame.set([missing >>> 8, missing & 255], 58);
    const sent = send(frame, tunnel);
    expect(udp.readChecksum(sent, 20)).toBe(0xffff);
    const pseudo = checksum.pseudoHeaderV4(sent, 0, 17, sent.length - 20);
    expect(udp.checkChecksum(sent, 20, pseudo, 'refused')).toBeUndefined();
  });

  it('says how many octets it adds, its options included', () => {
    const endpoint = new GeneveEncapsulation();
    expect([endpoint.overhead(4), endpoint.overhead(6), endpoint.name]).toEqual([36, 56, 'geneve']);
    const full = new GeneveEncapsulation({ options: [option(1, 31), option(2, 30)] });
    expect([full.overhead(4), full.overhead(6)]).toEqual([288, 308]);
  });

  it('keeps its own copy of the options', () => {
    const changing = option(1, 1);
    const endpoint = new GeneveEncapsulation({ options: [changing] });
    changing.data.fill(0xff);
    const emitted: Uint8Array[] = [];
    endpoint.encapsulate(PacketBuffer.from(inner), tunnelTo(1), (outer) => emitted.push(outer.copy()));
    expect(toHex(emitted[0]!.subarray(36, 44))).toBe('0102010101020304');
  });

  it('refuses options that it could not send', () => {
    const make = (words: number[]) => () =>
      new GeneveEncapsulation({ options: words.map((length) => option(1, length)) });
    expect(refusal(make([32])).code).toBe('E_GENEVE_OPTION_DATA_LENGTH');
    expect(refusal(make([31, 31])).code).toBe('E_GENEVE_OPTIONS_TOO_LONG');
  });
});
