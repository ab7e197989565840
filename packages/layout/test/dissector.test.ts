import { describe, expect, it } from '@jest/globals';
import { udp } from '@overlane/wire';
import { fragmentLayout, wireBindings } from '../src/headers.js';
import { type Binding, LAYERS_MAX, createDissector, header, uint } from '../src/index.js';
import { NONE, datagram, dissector, ethernet, icmpEcho, ipv4Packet, ipv6Packet, join, shape } from './packets.js';

describe('the walk', () => {
  it('ends in data, bounded by the headers, padding left out', () => {
    const frame = ethernet(0x0800, ipv4Packet(17, datagram(2000, Uint8Array.of(1, 2, 3))), new Uint8Array(20));
    expect(shape(frame)).toEqual(['ethernet@0+14', 'ipv4@14+20', 'udp@34+8', 'data@42+3']);
    expect(dissector.dissect(frame).layers[2]!.fields).toEqual({
      sourcePort: 1000,
      destinationPort: 2000,
      length: 11,
      checksum: '0x0000',
    });
  });

  it('ignores what is behind the UDP length, and 802.3 padding', () => {
    const short = join(udp.encode({ sourcePort: 1, destinationPort: 2, length: 9, checksum: 0 }), new Uint8Array(5));
    expect(shape(ipv4Packet(17, short), { start: 'ip' })).toEqual(['ipv4@0+20', 'udp@20+8', 'data@28+1']);
    expect(shape(ethernet(3, new Uint8Array(46)))).toEqual(['ethernet@0+14', 'data@14+3']);
    expect(shape(ethernet(0, new Uint8Array(46)))).toEqual(['ethernet@0+14']);
  });

  it('leaves unknown types, fragments and empty payloads alone', () => {
    expect(shape(ethernet(0x88cc, Uint8Array.of(1)))).toEqual(['ethernet@0+14', 'data@14+1']);
    expect(shape(ethernet(0x88cc))).toEqual(['ethernet@0+14']);
    expect(shape(ipv4Packet(132, NONE), { start: 'ipv4' })).toEqual(['ipv4@0+20']);
    const piece = { start: 'ipv4' };
    expect(shape(ipv4Packet(17, datagram(1), { moreFragments: true }), piece)).toEqual(['ipv4@0+20', 'data@20+8']);
    expect(shape(ipv4Packet(17, datagram(1), { fragmentOffset: 1 }), piece)).toEqual(['ipv4@0+20', 'data@20+8']);
  });

  it('starts where it is told, and finds the IP version', () => {
    expect(shape(ipv4Packet(17, datagram(1)), { start: 'ip' })).toEqual(['ipv4@0+20', 'udp@20+8']);
    expect(shape(ipv6Packet(59, NONE), { start: 'ip' })).toEqual(['ipv6@0+40']);
    expect(shape(Uint8Array.of(0x50), { start: 'ip' })).toEqual(['E_IPV4_TRUNCATED']);
    expect(shape(NONE, { start: 'ip' })).toEqual(['E_IPV4_TRUNCATED']);
    expect(shape(NONE)).toEqual(['E_ETH_TRUNCATED']);
    expect(shape(datagram(1), { start: 'udp' })).toEqual(['udp@0+8']);
  });

  it('walks IP in IP, tags and extension headers', () => {
    const inner = ipv4Packet(41, ipv6Packet(59, NONE));
    expect(shape(ipv4Packet(4, inner), { start: 'ip' })).toEqual(['ipv4@0+20', 'ipv4@20+20', 'ipv6@40+40']);
    const tagged = ethernet(0x88a8, Uint8Array.of(0, 200, 0x81, 0, 0x60, 100, 0x08, 0), ipv4Packet(59, NONE));
    expect(shape(tagged)).toEqual(['ethernet@0+14', 'vlan@14+4', 'vlan@18+4', 'ipv4@22+20']);
    expect(dissector.dissect(tagged).layers[2]!.fields).toEqual({
      priorityCodePoint: 3,
      dropEligible: false,
      vlanId: 100,
      etherType: '0x0800',
    });
    const ah = (nextHeader: number): Uint8Array => join(Uint8Array.of(nextHeader, 2, 0, 0), new Uint8Array(12));
    const chain = join(Uint8Array.of(51, 0, 1, 4, 0, 0, 0, 0), ah(17), datagram(9));
    expect(shape(ipv6Packet(0, chain), { start: 'ip', allowZeroChecksumIpv6: [9] })).toEqual([
      'ipv6@0+40',
      'ipv6-hop-by-hop@40+8',
      'ah@48+16',
      'udp@64+8',
    ]);
    expect(shape(ipv4Packet(51, join(ah(1), icmpEcho())), { start: 'ip' })).toEqual([
      'ipv4@0+20',
      'ah@20+16',
      'icmpv4@36+8',
    ]);
  });

  it('walks through an atomic fragment and stops at a real one', () => {
    const fragment = (fragmentOffset: number, moreFragments: boolean): Uint8Array =>
      fragmentLayout.encode({ nextHeader: 17, reserved: 0, fragmentOffset, res: 0, moreFragments, identification: 7 });
    const of = (piece: Uint8Array): string[] =>
      shape(ipv6Packet(44, join(piece, datagram(9))), { start: 'ip', allowZeroChecksumIpv6: true });
    expect(of(fragment(0, false))).toEqual(['ipv6@0+40', 'ipv6-fragment@40+8', 'udp@48+8']);
    expect(of(fragment(0, true))).toEqual(['ipv6@0+40', 'ipv6-fragment@40+8', 'data@48+8']);
    expect(of(fragment(1, false))).toEqual(['ipv6@0+40', 'ipv6-fragment@40+8', 'data@48+8']);
  });

  it('stops after LAYERS_MAX layers', () => {
    let packet = ipv4Packet(59, NONE);
    for (let i = 0; i < LAYERS_MAX; i++) packet = ipv4Packet(4, packet);
    const { layers, fault } = dissector.dissect(packet, { start: 'ip' });
    expect([layers.length, fault]).toEqual([LAYERS_MAX, 'E_LAYOUT_TOO_MANY_LAYERS']);
  });
});

describe('ports', () => {
  const tunnel = header('tunnel', [uint('id', 16)], { reference: 'hand-made' });
  const binding: Binding<{ id: number }> = {
    layout: tunnel,
    check: (bytes, offset, end) => (end - offset < 2 ? 'E_TUNNEL_TRUNCATED' : undefined),
    verify: ({ id }) => (id === 0 ? 'E_TUNNEL_ID' : undefined),
    // Claims more than it has: the walk keeps it inside its own octets.
    next: (_, { offset, end }) => ({ protocol: 'ethernet', offset, end: end + 100 }),
  };
  const both = createDissector([...wireBindings, binding]);
  const walk = (packet: Uint8Array, udpPorts: Record<number, string>): readonly unknown[] => {
    const { layers, fault } = both.dissect(ipv4Packet(17, packet), { start: 'ip', udpPorts });
    return [...layers.slice(2).map(({ protocol }) => protocol), ...(fault === undefined ? [] : [fault])];
  };
  const inner = join(Uint8Array.of(0, 7), ethernet(0x88cc, Uint8Array.of(1)));

  it('name what follows UDP: destination first, then source, never a guess', () => {
    expect(walk(datagram(4789, inner), { 4789: 'tunnel' })).toEqual(['tunnel', 'ethernet', 'data']);
    expect(walk(datagram(1, inner, 0, 4789), { 4789: 'tunnel' })).toEqual(['tunnel', 'ethernet', 'data']);
    expect(walk(datagram(1, inner, 0, 2), { 1: 'data', 2: 'tunnel' })).toEqual(['data']);
    expect(walk(datagram(4789, inner), {})).toEqual(['data']);
  });

  it('take the place of TCP on a destination port', () => {
    const segment = (destination: number): Uint8Array => {
      const bytes = new Uint8Array(24);
      bytes.set([0, 7, destination >>> 8, destination & 255]);
      bytes[12] = 0x50;
      return bytes;
    };
    const protocols = (packet: Uint8Array, tcpPorts: Record<number, string>): readonly string[] =>
      both.dissect(packet, { start: 'tcp', tcpPorts }).layers.map(({ protocol }) => protocol);
    expect(protocols(segment(7471), { 7471: 'tunnel' })).toEqual(['tunnel', 'ethernet']);
    expect(protocols(segment(7471), {})).toEqual(['tcp', 'data']);
    expect(protocols(segment(7472), { 7471: 'tunnel', 7: 'tunnel' })).toEqual(['tcp', 'data']);
    expect(protocols(segment(7471).subarray(0, 3), { 7471: 'tunnel' })).toEqual([]);
    expect(() => both.dissect(NONE, { tcpPorts: { 7471: 'stt' } })).toThrow(TypeError);
  });

  it('bring the faults of their bindings', () => {
    expect(walk(datagram(4789, Uint8Array.of(1)), { 4789: 'tunnel' })).toEqual(['E_TUNNEL_TRUNCATED']);
    expect(walk(datagram(4789, Uint8Array.of(0, 0)), { 4789: 'tunnel' })).toEqual(['tunnel', 'E_TUNNEL_ID']);
    expect(walk(datagram(4789, Uint8Array.of(0, 1)), { 4789: 'tunnel' })).toEqual(['tunnel', 'E_ETH_TRUNCATED']);
  });

  it('of IP have names that can be given, over both versions and behind extension headers', () => {
    const ip = (packet: Uint8Array, ipProtocols: Record<number, string>): readonly string[] =>
      both.dissect(packet, { start: 'ip', ipProtocols }).layers.map(({ protocol }) => protocol);
    const behind = join(Uint8Array.of(47, 0, 1, 4, 0, 0, 0, 0), inner);
    expect(ip(ipv4Packet(47, inner), { 47: 'tunnel' })).toEqual(['ipv4', 'tunnel', 'ethernet', 'data']);
    expect(ip(ipv6Packet(47, inner), { 47: 'tunnel' })).toEqual(['ipv6', 'tunnel', 'ethernet', 'data']);
    expect(ip(ipv6Packet(60, behind), { 47: 'tunnel' })).toContain('tunnel');
    expect(ip(ipv4Packet(47, inner), { 48: 'tunnel' })).toEqual(['ipv4', 'data']);
    expect(ip(ipv4Packet(17, datagram(1)), { 17: 'data' })).toEqual(['ipv4', 'data']);
    expect(ip(ipv4Packet(47, inner, { moreFragments: true }), { 47: 'tunnel' })).toEqual(['ipv4', 'data']);
    expect(ip(ipv6Packet(60, behind), { 60: 'tunnel' })).toEqual(['ipv6', 'ipv6-destination-options', 'data']);
  });

  it('take the place of IPv4 by its protocol', () => {
    const ip = (packet: Uint8Array, ipv4Headers: Record<number, string>, start = 'ip'): readonly string[] =>
      both.dissect(packet, { start, ipv4Headers }).layers.map(({ protocol }) => protocol);
    expect(ip(ipv4Packet(253, inner), { 253: 'tunnel' })[0]).toBe('tunnel');
    expect(ip(ipv4Packet(253, inner), { 253: 'tunnel' }, 'ipv4')[0]).toBe('tunnel');
    expect(ip(ipv4Packet(254, inner), { 253: 'tunnel' })).toEqual(['ipv4', 'data']);
    expect(ip(ipv4Packet(253, inner).subarray(0, 9), { 0: 'tunnel' })).toEqual([]);
    expect(ip(ipv6Packet(253, inner), { 253: 'tunnel' })).toEqual(['ipv6', 'data']);
    expect(() => both.dissect(NONE, { ipv4Headers: { 253: 'netlord' } })).toThrow(TypeError);
  });

  it('of Ethernet have names that can be given, behind tags too', () => {
    const frame = (...octets: number[]): Uint8Array => Uint8Array.of(...new Uint8Array(12), ...octets, ...inner);
    const link = (packet: Uint8Array, etherTypes: Record<number, string>): readonly string[] =>
      both.dissect(packet, { etherTypes }).layers.map(({ protocol }) => protocol);
    expect(link(frame(0x88, 0xb5), { 0x88b5: 'tunnel' })).toContain('tunnel');
    expect(link(frame(0x81, 0, 0, 1, 0x88, 0xb5), { 0x88b5: 'tunnel' }).slice(0, 3)).toEqual([
      'ethernet',
      'vlan',
      'tunnel',
    ]);
    expect(link(frame(0x88, 0xb5), {})).toEqual(['ethernet', 'data']);
    expect(link(frame(0, 4), { 4: 'tunnel' })).toEqual(['ethernet', 'data']);
    expect(() => both.dissect(NONE, { etherTypes: { 0x88b5: 'nl-arp' } })).toThrow(TypeError);
  });

  it('must name protocols that are bound', () => {
    expect(() => dissector.dissect(NONE, { udpPorts: { 4789: 'vxlan' } })).toThrow(TypeError);
    expect(() => dissector.dissect(NONE, { ipProtocols: { 47: 'gre' } })).toThrow(TypeError);
    expect(() => dissector.dissect(NONE, { start: 'vxlan' })).toThrow(TypeError);
    expect(() => createDissector([binding, binding])).toThrow(TypeError);
    expect(both.protocols).toContain('tunnel');
  });

  it('reports a layout that is longer than the octets, where there is no check', () => {
    const { layers, fault } = createDissector([{ layout: tunnel }]).dissect(Uint8Array.of(1), { start: 'tunnel' });
    expect([layers, fault]).toEqual([[], 'E_LAYOUT_TRUNCATED']);
  });

  it('passes on what a broken binding throws', () => {
    const broken = createDissector([
      {
        layout: tunnel,
        check: () => {
          throw new RangeError('broken');
        },
      },
    ]);
    expect(() => broken.dissect(NONE, { start: 'tunnel' })).toThrow(RangeError);
  });
});
