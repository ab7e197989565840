import { describe, expect, it } from '@jest/globals';
import {
  type Fault,
  IpAddress,
  PacketBuffer,
  TunnelMetadata,
  checksum,
  ethernet,
  flowHash,
  ipv4,
  udp,
} from '@overlane/wire';
import { type VxlanOptions, VxlanEncapsulation, gpe } from '../src/index.js';
import vectorFile from './vectors/vxlan.json';

interface Vector {
  readonly name: string;
  readonly kind?: string;
  readonly hex: string;
  readonly options?: { readonly allowZeroChecksumIpv6?: boolean; readonly allowInnerVlan?: boolean };
  readonly fields: Record<string, unknown>;
  readonly error?: string;
}

const vectors = vectorFile.vectors as unknown as Vector[];
const packets = vectors.filter(({ kind }) => kind === undefined);
const octets = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const vector = (name: string): Vector => vectors.find((candidate) => candidate.name === name)!;
const everyVni = { has: () => true } as unknown as ReadonlySet<number>;

/** The packet of a vector without its outer Ethernet header. */
function outerPacket(hex: string): PacketBuffer {
  const frame = octets(hex);
  return new PacketBuffer(frame, ethernet.readHeaderLength(frame, 0));
}

function optionsOf({ options }: Vector): VxlanOptions {
  return {
    ...(options?.allowZeroChecksumIpv6 === true ? { zeroChecksumIpv6: 'accepted' } : {}),
    ...(options?.allowInnerVlan === true ? { keepInnerVlan: everyVni } : {}),
  };
}

function receive(
  packet: PacketBuffer,
  options: VxlanOptions = {},
): { fault: Fault | undefined; tunnel: TunnelMetadata } {
  const tunnel = new TunnelMetadata();
  return { fault: new VxlanEncapsulation(options).decapsulate(packet, tunnel), tunnel };
}

function send(frame: Uint8Array, tunnel: TunnelMetadata, options: VxlanOptions = {}): Uint8Array {
  const emitted: Uint8Array[] = [];
  const fault = new VxlanEncapsulation(options).encapsulate(PacketBuffer.from(frame), tunnel, (p) =>
    emitted.push(p.copy()),
  );
  if (fault !== undefined) throw new Error(fault);
  expect(emitted).toHaveLength(1);
  return emitted[0]!;
}

function tunnelTo(network: number, source = '192.0.2.1', destination = '192.0.2.2'): TunnelMetadata {
  const tunnel = Object.assign(new TunnelMetadata(), { network });
  tunnel.source.copy(IpAddress.parse(source));
  tunnel.destination.copy(IpAddress.parse(destination));
  return tunnel;
}

const plain = packets.filter(({ name }) => !name.startsWith('vxlan-gpe'));

describe('decapsulate vectors', () => {
  it.each(plain.map((v) => [v.name, v] as const))('%s', (_name, v) => {
    const packet = outerPacket(v.hex);
    const { fault, tunnel } = receive(packet, optionsOf(v));
    expect(fault).toBe(v.error);
    if (v.error === undefined) {
      expect({ vni: tunnel.network, srcPort: tunnel.entropy }).toEqual({
        vni: v.fields['vni'],
        srcPort: v.fields['srcPort'],
      });
      expect(toHex(packet.copy())).toBe(v.fields['inner']);
    }
  });
});

describe('encapsulate gives the vectors octet for octet', () => {
  const canonical = plain.filter((v) => v.error === undefined && v.fields['flags'] === '0x08');
  it.each(canonical.map((v) => [v.name, v] as const))('%s', (_name, v) => {
    const expected = outerPacket(v.hex);
    const { tunnel } = receive(outerPacket(v.hex), { ...optionsOf(v), zeroChecksumIpv6: 'accepted' });
    const inner = octets(v.fields['inner'] as string);
    tunnel.entropy = flowHash(inner, 0, inner.length);
    const policy = v.fields['udpChecksum'] === '0x0000' ? 'zero' : 'computed';
    const sent = send(inner, tunnel, { ...optionsOf(v), checksumIpv4: policy, checksumIpv6: policy });
    // The vectors were made without flow labels, which we send (RFC 6438).
    if (tunnel.destination.family === 6) sent[1]! &= 0xf0;
    if (tunnel.destination.family === 6) sent.fill(0, 2, 4);
    expect(toHex(sent)).toBe(toHex(expected.copy()));
  });
});

describe('GPE vectors', () => {
  const gpeVectors = packets.filter(({ name }) => name.startsWith('vxlan-gpe'));
  it.each(gpeVectors.map((v) => [v.name, v] as const))('%s', (_name, v) => {
    const bytes = octets(v.hex);
    const offset = ethernet.readHeaderLength(bytes, 0) + ipv4.HEADER_LENGTH + udp.HEADER_LENGTH;
    expect(gpe.check(bytes, offset)).toBe(v.error);
    if (v.error === undefined) {
      const header = gpe.decode(bytes, offset);
      const { vni, nextProtocol, P, B, O } = v.fields;
      expect({ vni: header.vni, nextProtocol: header.nextProtocol ?? 0, B: header.bum, O: header.oam }).toEqual({
        vni,
        nextProtocol,
        B,
        O,
      });
      expect(header.nextProtocol !== undefined).toBe(P);
    }
  });
});

describe('rules', () => {
  const good = vector('vxlan-ipv4-udp');
  const edited = (edit: (ip: Uint8Array) => void): PacketBuffer => {
    const bytes = outerPacket(good.hex).copy();
    edit(bytes);
    if (bytes[0]! >>> 4 === 4) ipv4.writeChecksum(bytes, 0);
    return new PacketBuffer(bytes);
  };

  it.each<[string, Fault, (ip: Uint8Array) => void]>([
    ['V1 another protocol', 'E_IP_UNEXPECTED_PROTOCOL', (ip) => (ip[9] = 6)],
    ['V1 version', 'E_IPV4_BAD_VERSION', (ip) => (ip[0] = 0x55)],
    ['V2 first fragment', 'E_OUTER_FRAGMENT', (ip) => (ip[6] = 0x20)],
    ['V2 last fragment', 'E_OUTER_FRAGMENT', (ip) => (ip[7] = 1)],
    ['V3 length', 'E_UDP_BAD_LENGTH', (ip) => (ip[25] = 7)],
    ['V4 port', 'E_VXLAN_WRONG_PORT', (ip) => (ip[23] = 0xb6)],
    ['V5 checksum', 'E_UDP_BAD_CHECKSUM', (ip) => (ip[27] = 1)],
    ['V6 header', 'E_VXLAN_TRUNCATED', (ip) => (ip[25] = 15)],
    ['V7 I flag', 'E_VXLAN_VNI_NOT_VALID', (ip) => (ip[28] = 0)],
    ['V8 inner', 'E_VXLAN_INNER_TRUNCATED', (ip) => (ip[25] = 16 + 13)],
    ['V9 C-tag', 'E_VXLAN_INNER_VLAN', (ip) => ip.set([0x81, 0], 36 + 12)],
    ['V9 S-tag', 'E_VXLAN_INNER_VLAN', (ip) => ip.set([0x88, 0xa8], 36 + 12)],
    ['V11 CE around Not-ECT', 'E_ECN_DROP', (ip) => (ip[1] = 3)],
  ])('%s', (_rule, fault, edit) => {
    // The UDP length is cut, the rest of the IP payload is then padding.
    expect(receive(edited(edit)).fault).toBe(fault);
  });

  it('V2 fragments over IPv6', () => {
    const outer = outerPacket(vector('vxlan-ipv6-checksum').hex).copy();
    const bytes = new Uint8Array(outer.length + 8);
    bytes.set(outer.subarray(0, 40));
    bytes.set([17, 0, 0, 1, 0, 0, 0, 1], 40);
    bytes.set(outer.subarray(40), 48);
    bytes[6] = 44;
    bytes[5] = bytes.length - 40;
    expect(receive(new PacketBuffer(bytes)).fault).toBe('E_OUTER_FRAGMENT');
  });

  it('V10 a VNI that is not served, and serves it once it is', () => {
    const networks = new Set([1]);
    expect(
      receive(
        edited(() => undefined),
        { networks },
      ).fault,
    ).toBe('E_VXLAN_UNKNOWN_VNI');
    networks.add(0x123456);
    expect(
      receive(
        edited(() => undefined),
        { networks },
      ).fault,
    ).toBeUndefined();
  });

  it('V9 comes before V10', () => {
    const packet = edited((ip) => ip.set([0x81, 0], 36 + 12));
    expect(receive(packet, { networks: new Set() }).fault).toBe('E_VXLAN_INNER_VLAN');
  });

  it('V11 puts CE into an ECT packet and mends its checksum', () => {
    const packet = edited((ip) => {
      ip[1] = 3;
      ip[36 + 14 + 1] = 2;
      ipv4.writeChecksum(ip, 36 + 14);
    });
    expect(receive(packet).fault).toBeUndefined();
    expect(ipv4.check(packet.bytes, packet.start + 14, packet.end)).toBeUndefined();
    expect(ipv4.readEcn(packet.bytes, packet.start + 14)).toBe(3);
  });

  it('V11 reports odd pairs', () => {
    const { fault, tunnel } = receive(edited((ip) => (ip[1] = 1)));
    expect([fault, tunnel.ecnAnomaly]).toEqual([undefined, 'alarm']);
  });

  it('a tag that is kept must be whole', () => {
    const packet = edited((ip) => {
      ip.set([0x81, 0], 36 + 12);
      ip[25] = 16 + 15;
    });
    expect(receive(packet, { keepInnerVlan: everyVni }).fault).toBe('E_ETH_VLAN_TRUNCATED');
  });

  it('takes the word of whoever has verified the checksum', () => {
    const packet = edited((ip) => (ip[27] = 1));
    packet.checksum = 'verified';
    expect(receive(packet).fault).toBeUndefined();
  });
});

describe('encapsulate', () => {
  const inner = octets(vector('vxlan-ipv4-udp').fields['inner'] as string);

  it.each<[string, Fault, Uint8Array, TunnelMetadata, VxlanOptions]>([
    ['a frame of 13 octets', 'E_VXLAN_INNER_TRUNCATED', inner.subarray(0, 13), tunnelTo(1), {}],
    ['a cut tag', 'E_ETH_VLAN_TRUNCATED', Uint8Array.of(...inner.subarray(0, 12), 0x81, 0, 0), tunnelTo(1), {}],
    ['VNI 2^24', 'E_VXLAN_VNI_RANGE', inner, tunnelTo(2 ** 24), {}],
    ['VNI -1', 'E_VXLAN_VNI_RANGE', inner, tunnelTo(-1), {}],
    ['VNI 1.5', 'E_VXLAN_VNI_RANGE', inner, tunnelTo(1.5), {}],
    ['mixed families', 'E_ADDRESS_FAMILY_MISMATCH', inner, tunnelTo(1, '192.0.2.1', '2001:db8::2'), {}],
    ['one octet over the MTU', 'E_MTU_EXCEEDED', inner, tunnelTo(1), { pathMtu: inner.length + 35 }],
    ['65,500 octets', 'E_MTU_EXCEEDED', new Uint8Array(65_500), tunnelTo(1), {}],
  ])('refuses %s', (_name, fault, frame, tunnel, options) => {
    const packet = PacketBuffer.from(frame);
    const before = packet.bytes.slice();
    const emit = (): void => {
      throw new Error('emitted');
    };
    expect(new VxlanEncapsulation(options).encapsulate(packet, tunnel, emit)).toBe(fault);
    expect(packet.bytes).toEqual(before);
  });

  it('refuses a buffer without headroom, one octet short', () => {
    const endpoint = new VxlanEncapsulation();
    const sink = (): void => undefined;
    expect(endpoint.encapsulate(PacketBuffer.from(inner, 35), tunnelTo(1), sink)).toBe('E_BUFFER_NO_HEADROOM');
    expect(endpoint.encapsulate(PacketBuffer.from(inner, 36), tunnelTo(1), sink)).toBeUndefined();
  });

  it('fits the MTU exactly', () => {
    expect(send(inner, tunnelTo(1), { pathMtu: inner.length + 36 })).toHaveLength(inner.length + 36);
  });

  it('strips VLAN tags unless told to keep them', () => {
    const tagged = Uint8Array.of(...inner.subarray(0, 12), 0x88, 0xa8, 0, 200, 0x81, 0, 0, 100, ...inner.subarray(12));
    const kept = send(tagged, tunnelTo(9), { keepInnerVlan: new Set([9]) });
    expect(toHex(kept.subarray(36))).toBe(toHex(tagged));
    expect(toHex(send(tagged, tunnelTo(8), { keepInnerVlan: new Set([9]) }).subarray(36))).toBe(toHex(inner));
  });

  it('copies ECN out in normal mode only', () => {
    const marked = inner.slice();
    marked[15] = 2;
    expect(send(marked, tunnelTo(1))[1]).toBe(2);
    expect(send(marked, tunnelTo(1), { ecnMode: 'compatibility' })[1]).toBe(0);
  });

  it('never sends a computed checksum of zero', () => {
    // Choose the last two payload octets so that the sum of the datagram comes to 0xffff.
    const frame = new Uint8Array(60);
    const tunnel = tunnelTo(1);
    const first = send(frame, tunnel, { checksumIpv4: 'computed' });
    const missing = udp.readChecksum(first, 20);
    frame.set([missing >>> 8, missing & 255], 58);
    const sent = send(frame, tunnel, { checksumIpv4: 'computed' });
    expect(udp.readChecksum(sent, 20)).toBe(0xffff);
    const pseudo = checksum.pseudoHeaderV4(sent, 0, 17, sent.length - 20);
    expect(udp.checkChecksum(sent, 20, pseudo, 'refused')).toBeUndefined();
  });

  it('says how many octets it adds', () => {
    const endpoint = new VxlanEncapsulation();
    expect([endpoint.overhead(4), endpoint.overhead(6), endpoint.name]).toEqual([36, 56, 'vxlan']);
  });
});
