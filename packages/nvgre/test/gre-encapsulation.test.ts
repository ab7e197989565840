import { describe, expect, it } from '@jest/globals';
import { type Fault, type TunnelMetadata, PacketBuffer, ipv4, ipv6 } from '@overlane/wire';
import { gre } from '../src/index.js';
import { octets, outerPacket, receive, send, toHex, tunnelTo, unsent, vector } from './outcome.js';

const inner = octets(vector('nvgre-ipv4-udp').fields['inner'] as string);
const innerIp = inner.slice(14);
const endpoint = (options: gre.GreOptions = {}): gre.GreEncapsulation => new gre.GreEncapsulation(options);
const decapsulate = (packet: Uint8Array, options: gre.GreOptions = {}): ReturnType<typeof receive> =>
  receive(endpoint(options), new PacketBuffer(packet));
/** What stands behind the IPv4 header. */
const sent = (options: gre.GreOptions, network = 0xcafe, frame = inner): Uint8Array =>
  send(endpoint(options), frame, tunnelTo(network)).subarray(20);

/** A packet from us with some of its octets changed. */
function edited(edit: (ip: Uint8Array) => void, options: gre.GreOptions = {}, frame = inner): Uint8Array {
  const bytes = send(endpoint(options), frame, tunnelTo(options.keylessNetwork ?? 0xcafe));
  edit(bytes);
  ipv4.writeChecksum(bytes, 0);
  return bytes;
}

describe('the octets', () => {
  it.each<[string, gre.GreOptions, string, number]>([
    ['key', {}, '200065580000cafe', 28],
    ['no key', { keylessNetwork: 0xcafe }, '00006558', 24],
    ['key and number', { sequence: 'sent' }, '300065580000cafe00000000', 32],
    ['number only', { sequence: 'sent', keylessNetwork: 0xcafe }, '1000655800000000', 28],
  ])('with %s', (_name, options, header, overhead) => {
    expect(toHex(sent(options))).toBe(header + toHex(inner));
    expect([endpoint(options).overhead(4), endpoint(options).overhead(6)]).toEqual([overhead, overhead + 20]);
  });

  it('of a checksum vector', () => {
    const frame = octets(vector('gre-checksum').fields['inner'] as string);
    const options: gre.GreOptions = { payload: 'ip', checksum: 'computed', keylessNetwork: 0 };
    expect(toHex(send(endpoint(options), frame, tunnelTo(0)))).toBe(
      toHex(outerPacket(vector('gre-checksum').hex).copy()),
    );
  });

  it('of IP packets', () => {
    expect(toHex(sent({ payload: 'ip' }, 1, innerIp))).toBe('2000080000000001' + toHex(innerIp));
    const over6 = new Uint8Array(40).fill(0x60, 0, 1);
    expect(toHex(sent({ payload: 'ip' }, 1, over6))).toBe('200086dd00000001' + toHex(over6));
  });
});

describe('decapsulate', () => {
  it.each<[string, gre.GreOptions]>([
    ['base-ipv4', { payload: 'ip', keylessNetwork: 3 }],
    ['checksum', { payload: 'ip', keylessNetwork: 3 }],
  ])('takes vector gre-%s', (name, options) => {
    const packet = outerPacket(vector(`gre-${name}`).hex);
    const { fault, tunnel } = receive(endpoint(options), packet);
    expect([fault, tunnel.network, toHex(packet.copy())]).toEqual([
      undefined,
      3,
      vector(`gre-${name}`).fields['inner'],
    ]);
  });

  it('understands optional fields that it does not send', () => {
    const bytes = edited(() => undefined, { checksum: 'computed', sequence: 'sent' });
    const packet = new PacketBuffer(bytes);
    const { fault, tunnel } = receive(endpoint(), packet);
    expect([fault, tunnel.network, tunnel.entropy, toHex(packet.copy())]).toEqual([undefined, 0xcafe, 0, toHex(inner)]);
  });

  it.each<[string, Fault, gre.GreOptions, (ip: Uint8Array) => void]>([
    ['another protocol', 'E_IP_UNEXPECTED_PROTOCOL', {}, (ip) => (ip[9] = 17)],
    ['a fragment', 'E_OUTER_FRAGMENT', {}, (ip) => (ip[6] = 0x20)],
    ['three octets', 'E_GRE_TRUNCATED', {}, (ip) => (ip[3] = 23)],
    ['no room for the key', 'E_GRE_TRUNCATED', {}, (ip) => (ip[3] = 27)],
    ['version 1', 'E_GRE_UNSUPPORTED_VERSION', {}, (ip) => (ip[21] = 1)],
    ['reserved bits', 'E_GRE_RESERVED_BITS', {}, (ip) => (ip[20] = 0x28)],
    ['a wrong checksum', 'E_GRE_BAD_CHECKSUM', { checksum: 'computed' }, (ip) => (ip[40]! ^= 1)],
    ['no key', 'E_GRE_KEY_MISSING', {}, (ip) => (ip[20] = 0)],
    ['a key', 'E_GRE_KEY_PRESENT', { keylessNetwork: 1 }, (ip) => (ip[20] = 0x20)],
    ['IP in place of Ethernet', 'E_GRE_BAD_PROTOCOL', {}, (ip) => ip.set([8, 0], 22)],
    ['13 octets of frame', 'E_GRE_INNER_TRUNCATED', {}, (ip) => (ip[3] = 28 + 13)],
    ['a cut tag', 'E_ETH_VLAN_TRUNCATED', {}, (ip) => (ip.set([0x81, 0], 40), (ip[3] = 28 + 15))],
    ['CE around Not-ECT', 'E_ECN_DROP', {}, (ip) => (ip[1] = 3)],
    ['an unknown key', 'E_GRE_UNKNOWN_KEY', { networks: new Set([1]) }, () => undefined],
  ])('refuses %s', (_name, fault, options, edit) => {
    expect(decapsulate(edited(edit, options), options).fault).toBe(fault);
  });

  it.each<[string, Fault, (ip: Uint8Array) => void]>([
    ['Ethernet in place of IP', 'E_GRE_BAD_PROTOCOL', (ip) => ip.set([0x65, 0x58], 22)],
    ['IPv4 called IPv6', 'E_GRE_BAD_PROTOCOL', (ip) => ip.set([0x86, 0xdd], 22)],
    ['neither version', 'E_GRE_BAD_PROTOCOL', (ip) => (ip[28] = 0x55)],
    ['19 octets of IPv4', 'E_GRE_INNER_TRUNCATED', (ip) => (ip[3] = 28 + 19)],
    ['39 octets of IPv6', 'E_GRE_INNER_TRUNCATED', (ip) => ((ip[28] = 0x60), (ip[3] = 28 + 39))],
    ['nothing', 'E_GRE_INNER_TRUNCATED', (ip) => (ip[3] = 28)],
    ['CE around Not-ECT', 'E_ECN_DROP', (ip) => (ip[1] = 3)],
  ])('refuses, where it carries IP, %s', (_name, fault, edit) => {
    expect(decapsulate(edited(edit, { payload: 'ip' }, innerIp), { payload: 'ip' }).fault).toBe(fault);
  });

  it('puts CE into IP packets of both versions', () => {
    const over6 = new Uint8Array(40);
    over6.set([0x60, 0x20]);
    const over4 = innerIp.slice();
    over4[1] = 2;
    ipv4.writeChecksum(over4, 0);
    for (const frame of [over4, over6]) {
      const packet = new PacketBuffer(edited((ip) => (ip[1] = 3), { payload: 'ip' }, frame));
      expect(receive(endpoint({ payload: 'ip' }), packet).fault).toBeUndefined();
      const ip = frame === over4 ? ipv4 : ipv6;
      expect(ip.readEcn(packet.bytes, packet.start)).toBe(3);
      expect(ip.check(packet.bytes, packet.start, packet.end)).toBeUndefined();
    }
  });

  it('says the flow label of IPv6', () => {
    const tunnel = Object.assign(tunnelTo(1, '2001:db8::1', '2001:db8::2'), { entropy: 0xd0581cd9 });
    expect(decapsulate(send(endpoint(), inner, tunnel)).tunnel.entropy).toBe(0x81cd9);
  });
});

describe('encapsulate', () => {
  it.each<[string, Fault, Uint8Array, TunnelMetadata, gre.GreOptions]>([
    ['a frame of 13 octets', 'E_GRE_INNER_TRUNCATED', inner.subarray(0, 13), tunnelTo(1), {}],
    ['a cut tag', 'E_ETH_VLAN_TRUNCATED', Uint8Array.of(...inner.subarray(0, 12), 0x81, 0, 0), tunnelTo(1), {}],
    ['no IP packet', 'E_GRE_BAD_PROTOCOL', inner, tunnelTo(1), { payload: 'ip' }],
    ['key 2^32', 'E_GRE_KEY_RANGE', inner, tunnelTo(2 ** 32), {}],
    ['key -1', 'E_GRE_KEY_RANGE', inner, tunnelTo(-1), {}],
    ['key 1.5', 'E_GRE_KEY_RANGE', inner, tunnelTo(1.5), {}],
    ['another network without key', 'E_GRE_KEY_RANGE', inner, tunnelTo(1), { keylessNetwork: 0 }],
    ['mixed families', 'E_ADDRESS_FAMILY_MISMATCH', inner, tunnelTo(1, '192.0.2.1', '2001:db8::2'), {}],
    ['one octet over the MTU', 'E_MTU_EXCEEDED', inner, tunnelTo(1), { pathMtu: inner.length + 27 }],
    ['65,508 octets', 'E_MTU_EXCEEDED', new Uint8Array(65_508), tunnelTo(1), {}],
  ])('refuses %s', (_name, fault, frame, tunnel, options) => {
    expect(unsent(endpoint(options), PacketBuffer.from(frame), tunnel)).toBe(fault);
  });

  it('refuses a buffer without headroom, one octet short', () => {
    const short = PacketBuffer.from(inner, 35);
    expect(unsent(endpoint({ checksum: 'computed', sequence: 'sent' }), short, tunnelTo(1))).toBe(
      'E_BUFFER_NO_HEADROOM',
    );
  });

  it('keeps VLAN tags', () => {
    const tagged = Uint8Array.of(...inner.subarray(0, 12), 0x81, 0, 0, 100, ...inner.subarray(12));
    const packet = new PacketBuffer(send(endpoint(), tagged, tunnelTo(1)));
    expect([receive(endpoint(), packet).fault, toHex(packet.copy())]).toEqual([undefined, toHex(tagged)]);
  });

  it('copies ECN out in normal mode only', () => {
    const marked = innerIp.slice();
    marked[1] = 2;
    const tos = (ecnMode: 'normal' | 'compatibility'): number =>
      send(endpoint({ payload: 'ip', ecnMode }), marked, tunnelTo(1))[1]!;
    expect([tos('normal'), tos('compatibility')]).toEqual([2, 0]);
  });
});

describe('sequence numbers', () => {
  const numberOf = (packet: Uint8Array): number | undefined => gre.readSequenceNumber(packet, 20);

  it('count per destination and network, from 0', () => {
    const sender = endpoint({ sequence: 'sent' });
    const next = (network: number, destination: string): number | undefined =>
      numberOf(send(sender, inner, tunnelTo(network, '192.0.2.1', destination)));
    expect([next(1, '192.0.2.2'), next(1, '192.0.2.2'), next(2, '192.0.2.2'), next(1, '192.0.2.3')]).toEqual([
      0, 1, 0, 0,
    ]);
    expect([next(1, '192.0.2.2'), next(2, '192.0.2.2')]).toEqual([2, 1]);
  });

  it('do not count what is not sent', () => {
    const sender = endpoint({ sequence: 'sent', pathMtu: 200 });
    expect(unsent(sender, PacketBuffer.from(new Uint8Array(300)), tunnelTo(1))).toBe('E_MTU_EXCEEDED');
    expect(numberOf(send(sender, inner, tunnelTo(1)))).toBe(0);
  });

  it('never go back, even when more flows come than are kept', () => {
    const sender = endpoint({ sequence: 'sent', flowsMax: 8 });
    const next = (network: number): number => numberOf(send(sender, inner, tunnelTo(network)))!;
    for (let i = 0; i < 5; i++) next(0);
    for (let network = 1; network < 100; network++) next(network);
    expect(next(0)).toBeGreaterThanOrEqual(5);
  });

  const exchange = (options: gre.GreOptions): { packet(): Uint8Array; fault(bytes: Uint8Array): unknown } => {
    const sender = endpoint({ sequence: 'sent' });
    const receiver = endpoint(options);
    return {
      packet: () => send(sender, inner, tunnelTo(1)),
      fault: (bytes) => receive(receiver, new PacketBuffer(bytes.slice())).fault,
    };
  };

  it('are checked if that is asked for', () => {
    const { packet, fault } = exchange({ outOfSequence: 'refused' });
    const [first, second, third] = [packet(), packet(), packet()];
    // A receiver that starts late begins where the sender is.
    expect([second, first, second, third].map(fault)).toEqual([
      undefined,
      'E_GRE_OUT_OF_SEQUENCE',
      'E_GRE_OUT_OF_SEQUENCE',
      undefined,
    ]);
    expect(fault(send(endpoint(), inner, tunnelTo(1)))).toBeUndefined();
    expect(fault(send(endpoint({ sequence: 'sent' }), inner, tunnelTo(2)))).toBeUndefined();
    expect(fault(send(endpoint({ sequence: 'sent' }), inner, tunnelTo(1, '192.0.2.9')))).toBeUndefined();
  });

  it('of packets that are dropped for another reason do not count', () => {
    const { packet, fault } = exchange({ outOfSequence: 'refused' });
    const first = packet();
    const spoiled = packet();
    spoiled[1] = 3;
    ipv4.writeChecksum(spoiled, 0);
    expect([fault(first), fault(spoiled)]).toEqual([undefined, 'E_ECN_DROP']);
    spoiled[1] = 0;
    ipv4.writeChecksum(spoiled, 0);
    expect(fault(spoiled)).toBeUndefined();
  });

  it('are nobody’s business by default', () => {
    const { packet, fault } = exchange({});
    const first = packet();
    expect([packet(), first, first].map(fault)).toEqual([undefined, undefined, undefined]);
  });
});
