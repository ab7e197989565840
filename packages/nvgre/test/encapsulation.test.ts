import { describe, expect, it } from '@jest/globals';
import { type Fault, type TunnelMetadata, PacketBuffer, flowHash, ipv4, ipv6 } from '@overlane/wire';
import { type NvgreOptions, NvgreEncapsulation } from '../src/index.js';
import {
  named,
  octets,
  outerPacket,
  packetVectors,
  receive,
  send,
  toHex,
  tunnelTo,
  unsent,
  vector,
} from './outcome.js';

const good = vector('nvgre-ipv4-udp');
const inner = octets(good.fields['inner'] as string);
/** Where the NVGRE header and the inner frame start behind an IPv4 header. */
const GRE = 20;
const INNER = 28;

const decapsulate = (packet: PacketBuffer, options: NvgreOptions = {}): ReturnType<typeof receive> =>
  receive(new NvgreEncapsulation(options), packet);

function edited(edit: (ip: Uint8Array) => void): PacketBuffer {
  const bytes = outerPacket(good.hex).copy();
  edit(bytes);
  if (bytes[0]! >>> 4 === 4) ipv4.writeChecksum(bytes, 0);
  return new PacketBuffer(bytes);
}

describe('decapsulate vectors', () => {
  it.each(named(packetVectors))('%s', (_name, { hex, fields, error }) => {
    const packet = outerPacket(hex);
    const { fault, tunnel } = decapsulate(packet);
    expect(fault).toBe(error);
    if (error !== undefined) return;
    expect({
      vsid: tunnel.network,
      flowId: tunnel.entropy,
      inner: toHex(packet.copy()),
      innerLength: packet.length,
    }).toEqual(fields);
  });
});

describe('encapsulate gives the vectors octet for octet', () => {
  const canonical = packetVectors.filter(({ name, error }) => error === undefined && !name.includes('reserved-low'));
  it.each(named(canonical))('%s', (_name, { hex, fields }) => {
    const { tunnel } = decapsulate(outerPacket(hex));
    const frame = octets(fields['inner'] as string);
    tunnel.entropy = flowHash(frame, 0, frame.length);
    const sent = send(new NvgreEncapsulation(), frame, tunnel);
    // The vectors were made without flow labels, which we send (RFC 6438).
    if (tunnel.destination.family === 6) sent.set([sent[1]! & 0xf0, 0, 0], 1);
    expect(toHex(sent)).toBe(toHex(outerPacket(hex).copy()));
  });
});

describe('rules', () => {
  it.each<[string, Fault, (ip: Uint8Array) => void]>([
    ['N1 another protocol', 'E_IP_UNEXPECTED_PROTOCOL', (ip) => (ip[9] = 17)],
    ['N1 version', 'E_IPV4_BAD_VERSION', (ip) => (ip[0] = 0x55)],
    ['N2 first fragment', 'E_OUTER_FRAGMENT', (ip) => (ip[6] = 0x20)],
    ['N2 last fragment', 'E_OUTER_FRAGMENT', (ip) => (ip[7] = 1)],
    ['N3 three octets', 'E_GRE_TRUNCATED', (ip) => (ip[3] = GRE + 3)],
    ['N4 version', 'E_GRE_UNSUPPORTED_VERSION', (ip) => (ip[GRE + 1] = 1)],
    ['N5 checksum', 'E_NVGRE_CHECKSUM_PRESENT', (ip) => (ip[GRE] = 0xa0)],
    ['N5 sequence', 'E_NVGRE_SEQUENCE_PRESENT', (ip) => (ip[GRE] = 0x30)],
    ['N6 reserved bits', 'E_GRE_RESERVED_BITS', (ip) => (ip[GRE] = 0x24)],
    ['N7 no key', 'E_NVGRE_KEY_MISSING', (ip) => (ip[GRE] = 0)],
    ['N8 protocol type', 'E_NVGRE_BAD_PROTOCOL', (ip) => (ip[GRE + 3] = 0x59)],
    ['N9 seven octets', 'E_GRE_TRUNCATED', (ip) => (ip[3] = GRE + 7)],
    ['N10 reserved', 'E_NVGRE_RESERVED_VSID', (ip) => ip.set([0, 0x0f, 0xff], GRE + 4)],
    ['N10 vendor', 'E_NVGRE_VENDOR_VSID', (ip) => ip.set([0xff, 0xff, 0xff], GRE + 4)],
    ['N11 inner', 'E_NVGRE_INNER_TRUNCATED', (ip) => (ip[3] = INNER + 13)],
    ['N12 C-tag', 'E_NVGRE_INNER_VLAN', (ip) => ip.set([0x81, 0], INNER + 12)],
    ['N12 S-tag', 'E_NVGRE_INNER_VLAN', (ip) => ip.set([0x88, 0xa8], INNER + 12)],
    ['N12 a tag cut short', 'E_NVGRE_INNER_VLAN', (ip) => (ip.set([0x81, 0], INNER + 12), (ip[3] = INNER + 14))],
    ['N13 CE around Not-ECT', 'E_ECN_DROP', (ip) => (ip[1] = 3)],
  ])('%s', (_rule, fault, edit) => {
    expect(decapsulate(edited(edit)).fault).toBe(fault);
  });

  it('N2 fragments over IPv6', () => {
    const outer = outerPacket(vector('nvgre-ipv6-outer').hex).copy();
    const bytes = new Uint8Array(outer.length + 8);
    bytes.set(outer.subarray(0, 40));
    bytes.set([47, 0, 0, 1, 0, 0, 0, 1], 40);
    bytes.set(outer.subarray(40), 48);
    bytes[6] = 44;
    bytes[5] = bytes.length - 40;
    expect(decapsulate(new PacketBuffer(bytes)).fault).toBe('E_OUTER_FRAGMENT');
  });

  it('N10 a VSID that is not served, and serves it once it is', () => {
    const networks = new Set([0x1000]);
    const packet = (): PacketBuffer => edited(() => undefined);
    expect(decapsulate(packet(), { networks }).fault).toBe('E_NVGRE_UNKNOWN_VSID');
    networks.add(0x123456);
    expect(decapsulate(packet(), { networks }).fault).toBeUndefined();
  });

  it('N10 comes before N11 and N12, reserved before unknown', () => {
    const networks = new Set<number>();
    const tagged = edited((ip) => ip.set([0x81, 0], INNER + 12));
    expect(decapsulate(tagged, { networks }).fault).toBe('E_NVGRE_UNKNOWN_VSID');
    const reserved = edited((ip) => ip.set([0, 0, 0], GRE + 4));
    expect(decapsulate(reserved, { networks }).fault).toBe('E_NVGRE_RESERVED_VSID');
  });

  it('N10 the vendor VSID is a network of its own where it is accepted', () => {
    const options: NvgreOptions = { vendorVsid: 'accepted', networks: new Set() };
    const sent = send(new NvgreEncapsulation(options), inner, tunnelTo(0xffffff));
    const { fault, tunnel } = decapsulate(new PacketBuffer(sent), options);
    expect([fault, tunnel.network]).toEqual([undefined, 0xffffff]);
    expect(decapsulate(new PacketBuffer(sent)).fault).toBe('E_NVGRE_VENDOR_VSID');
  });

  it('N13 puts CE into an ECT packet and mends its checksum', () => {
    const packet = edited((ip) => {
      ip[1] = 3;
      ip[INNER + 14 + 1] = 2;
      ipv4.writeChecksum(ip, INNER + 14);
    });
    expect(decapsulate(packet).fault).toBeUndefined();
    expect(ipv4.check(packet.bytes, packet.start + 14, packet.end)).toBeUndefined();
    expect(ipv4.readEcn(packet.bytes, packet.start + 14)).toBe(3);
  });

  it('N13 reports odd pairs', () => {
    const { fault, tunnel } = decapsulate(edited((ip) => (ip[1] = 1)));
    expect([fault, tunnel.ecnAnomaly]).toEqual([undefined, 'alarm']);
  });
});

describe('encapsulate', () => {
  it.each<[string, Fault, Uint8Array, TunnelMetadata, NvgreOptions]>([
    ['a frame of 13 octets', 'E_NVGRE_INNER_TRUNCATED', inner.subarray(0, 13), tunnelTo(0x1000), {}],
    ['a cut tag', 'E_ETH_VLAN_TRUNCATED', Uint8Array.of(...inner.subarray(0, 12), 0x81, 0, 0), tunnelTo(0x1000), {}],
    ['VSID 0xfff', 'E_NVGRE_VSID_RANGE', inner, tunnelTo(0xfff), {}],
    ['the vendor VSID', 'E_NVGRE_VSID_RANGE', inner, tunnelTo(0xffffff), {}],
    ['VSID 2^24', 'E_NVGRE_VSID_RANGE', inner, tunnelTo(2 ** 24), { vendorVsid: 'accepted' }],
    ['VSID 4096.5', 'E_NVGRE_VSID_RANGE', inner, tunnelTo(4096.5), {}],
    ['VSID NaN', 'E_NVGRE_VSID_RANGE', inner, tunnelTo(Number.NaN), {}],
    ['mixed families', 'E_ADDRESS_FAMILY_MISMATCH', inner, tunnelTo(0x1000, '192.0.2.1', '2001:db8::2'), {}],
    ['one octet over the MTU', 'E_MTU_EXCEEDED', inner, tunnelTo(0x1000), { pathMtu: inner.length + 27 }],
    ['65,508 octets', 'E_MTU_EXCEEDED', new Uint8Array(65_508), tunnelTo(0x1000), {}],
  ])('refuses %s', (_name, fault, frame, tunnel, options) => {
    expect(unsent(new NvgreEncapsulation(options), PacketBuffer.from(frame), tunnel)).toBe(fault);
  });

  it('refuses a buffer without headroom, one octet short', () => {
    const endpoint = new NvgreEncapsulation();
    expect(unsent(endpoint, PacketBuffer.from(inner, 27), tunnelTo(0x1000))).toBe('E_BUFFER_NO_HEADROOM');
    expect(endpoint.encapsulate(PacketBuffer.from(inner, 28), tunnelTo(0x1000), () => undefined)).toBeUndefined();
  });

  it('fits the MTU exactly', () => {
    const endpoint = new NvgreEncapsulation({ pathMtu: inner.length + 28 });
    expect(send(endpoint, inner, tunnelTo(0x1000))).toHaveLength(inner.length + 28);
  });

  it('strips all VLAN tags', () => {
    const tagged = Uint8Array.of(...inner.subarray(0, 12), 0x88, 0xa8, 0, 200, 0x81, 0, 0, 100, ...inner.subarray(12));
    const sent = send(new NvgreEncapsulation(), tagged, tunnelTo(0x1000));
    expect(toHex(sent.subarray(INNER))).toBe(toHex(inner));
    // Stripping makes headroom, and room under the MTU.
    const tight = new NvgreEncapsulation({ pathMtu: inner.length + 28 });
    expect(tight.encapsulate(PacketBuffer.from(tagged, 20), tunnelTo(0x1000), () => undefined)).toBeUndefined();
  });

  it('spreads flows by FlowID, and by flow label over IPv6', () => {
    const entropy = 0xd0581cd9;
    const over4 = send(new NvgreEncapsulation(), inner, Object.assign(tunnelTo(0x1000), { entropy }));
    expect(over4[GRE + 7]).toBe(0xd0);
    const tunnel = Object.assign(tunnelTo(0x1000, '2001:db8::1', '2001:db8::2'), { entropy });
    const over6 = send(new NvgreEncapsulation(), inner, tunnel);
    expect([over6[47], ipv6.readFlowLabel(over6, 0)]).toEqual([0xd0, 0x81cd9]);
  });

  it('copies ECN out in normal mode only', () => {
    const marked = inner.slice();
    marked[15] = 2;
    expect(send(new NvgreEncapsulation(), marked, tunnelTo(0x1000))[1]).toBe(2);
    expect(send(new NvgreEncapsulation({ ecnMode: 'compatibility' }), marked, tunnelTo(0x1000))[1]).toBe(0);
  });

  it('says how many octets it adds', () => {
    const endpoint = new NvgreEncapsulation();
    expect([endpoint.overhead(4), endpoint.overhead(6), endpoint.name]).toEqual([28, 48, 'nvgre']);
  });
});
