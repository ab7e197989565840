import { describe, expect, it } from '@jest/globals';
import { type Fault, PacketBuffer, TunnelMetadata, ipv4 } from '@overlane/wire';
import { GeneveEncapsulation } from '../src/index.js';
import { optionsOf, receive } from './endpoint.js';
import { optionOf, outerPacket, packetVectors, toHex, vector } from './vector-file.js';

/** Where the Geneve header starts in a packet over IPv4. */
const GENEVE = 28;
const sink = (): void => undefined;

describe('decapsulate vectors', () => {
  // What only another kind of endpoint delivers; the rest of their fields is tested with the codec.
  const notForTenants: Readonly<Record<string, Fault>> = {
    'geneve-oam': 'E_GENEVE_CONTROL',
    'geneve-ipv4-payload': 'E_GENEVE_UNSUPPORTED_PROTOCOL',
  };

  it.each(packetVectors.map((v) => [v.name, v] as const))('%s', (name, v) => {
    const packet = outerPacket(v.hex);
    const { fault, tunnel, received } = receive(packet, optionsOf(v));
    expect(fault).toBe(v.error ?? notForTenants[name]);
    if (fault !== undefined) return;
    expect([tunnel.network, tunnel.entropy]).toEqual([v.fields.vni, v.fields.srcPort]);
    expect(toHex(packet.copy())).toBe(v.fields.inner);
    const walk = received.walkOptions();
    const options = [];
    while (walk.next()) options.push(walk.copy());
    expect(options).toEqual(v.fields.options.map(optionOf));
  });
});

describe('rules', () => {
  /** The vector with one option, changed; its UDP checksum is left out, or made anew. */
  const edited = (edit: (ip: Uint8Array) => void, sum: 'none' | 'as it is' = 'none'): PacketBuffer => {
    const bytes = outerPacket(vector('geneve-one-option').hex).copy();
    if (sum === 'none') bytes.fill(0, 26, 28);
    edit(bytes);
    if (bytes[0]! >>> 4 === 4) ipv4.writeChecksum(bytes, 0);
    return new PacketBuffer(bytes);
  };
  const all = 8 + 8 + 8;
  const cutTag = (ip: Uint8Array): void => {
    ip.set([0x81, 0], 20 + all + 12);
    ip[25] = all + 15;
  };

  it.each<[string, Fault, (ip: Uint8Array) => void]>([
    ['G1 another protocol', 'E_IP_UNEXPECTED_PROTOCOL', (ip) => (ip[9] = 6)],
    ['G1 version', 'E_IPV4_BAD_VERSION', (ip) => (ip[0] = 0x55)],
    ['G1 first fragment', 'E_OUTER_FRAGMENT', (ip) => (ip[6] = 0x20)],
    ['G2 length', 'E_UDP_BAD_LENGTH', (ip) => (ip[25] = 7)],
    ['G2 port', 'E_GENEVE_WRONG_PORT', (ip) => (ip[23] = 0xc2)],
    ['G3 checksum', 'E_UDP_BAD_CHECKSUM', (ip) => (ip[27] = 1)],
    ['G4 header', 'E_GENEVE_TRUNCATED', (ip) => (ip[25] = 8 + 7)],
    ['G5 version', 'E_GENEVE_UNSUPPORTED_VERSION', (ip) => (ip[GENEVE] = 0xc2)],
    ['G6 options', 'E_GENEVE_TRUNCATED', (ip) => (ip[25] = 8 + 8 + 7)],
    ['G8 option overruns', 'E_GENEVE_OPTIONS_LENGTH_MISMATCH', (ip) => (ip[GENEVE + 11] = 2)],
    ['G8 data left over that overruns', 'E_GENEVE_OPTIONS_LENGTH_MISMATCH', (ip) => (ip[GENEVE + 11] = 0)],
    ['G9 unknown critical', 'E_GENEVE_UNKNOWN_CRITICAL_OPTION', (ip) => (ip[GENEVE + 10] = 0x81)],
    ['G11 protocol', 'E_GENEVE_UNSUPPORTED_PROTOCOL', (ip) => (ip[GENEVE + 2] = 0x08)],
    ['G11 inner', 'E_GENEVE_INNER_TRUNCATED', (ip) => (ip[25] = all + 13)],
    ['G11 cut tag', 'E_ETH_VLAN_TRUNCATED', cutTag],
    ['control', 'E_GENEVE_CONTROL', (ip) => (ip[GENEVE + 1] = 0x80)],
    ['G13 CE around Not-ECT', 'E_ECN_DROP', (ip) => (ip[1] = 3)],
  ])('%s', (_rule, fault, edit) => {
    // The UDP length is cut, the rest of the IP payload is then padding.
    expect(receive(edited(edit)).fault).toBe(fault);
  });

  it('G3 a zero checksum over IPv6, unless accepted', () => {
    const v = vector('geneve-ipv6-zero-allowed');
    expect(receive(outerPacket(v.hex)).fault).toBe('E_UDP_ZERO_CHECKSUM_NOT_ALLOWED');
    expect(receive(outerPacket(v.hex), { zeroChecksumIpv6: 'accepted' }).fault).toBeUndefined();
  });

  it('G7 one word over the limit, before the list is walked', () => {
    const overrun = (): PacketBuffer => edited((ip) => (ip[GENEVE + 11] = 2));
    expect(receive(overrun(), { optionsLengthMax: 7 }).fault).toBe('E_GENEVE_OPTIONS_TOO_LONG');
    expect(receive(overrun(), { optionsLengthMax: 8 }).fault).toBe('E_GENEVE_OPTIONS_LENGTH_MISMATCH');
  });

  it('G9 a critical option that is understood; its own check is asked', () => {
    const critical = (): PacketBuffer =>
      edited((ip) => {
        ip[GENEVE + 1] = 0x40;
        ip[GENEVE + 10] = 0x81;
      });
    const kind = { optionClass: 0x0101, type: 0x81 };
    const asked: number[][] = [];
    const check = (_bytes: Uint8Array, offset: number, end: number): Fault | undefined => {
      asked.push([offset, end]);
      return asked.length > 1 ? 'E_MINE' : undefined;
    };
    const endpoint = { understands: [{ ...kind, check }] };
    expect(receive(critical(), { understands: [kind] }).fault).toBeUndefined();
    expect(receive(critical(), endpoint).fault).toBeUndefined();
    expect(receive(critical(), endpoint).fault).toBe('E_MINE');
    expect(asked).toEqual([
      [GENEVE + 12, GENEVE + 16],
      [GENEVE + 12, GENEVE + 16],
    ]);
  });

  it('G10 a critical option under a clear C bit, after G9, unless accepted', () => {
    const missing = (): PacketBuffer => edited((ip) => (ip[GENEVE + 10] = 0x81));
    const understands = [{ optionClass: 0x0101, type: 0x81 }];
    expect(receive(missing()).fault).toBe('E_GENEVE_UNKNOWN_CRITICAL_OPTION');
    expect(receive(missing(), { understands }).fault).toBe('E_GENEVE_CRITICAL_FLAG_MISSING');
    expect(receive(missing(), { understands, missingCriticalFlag: 'accepted' }).fault).toBeUndefined();
    expect(receive(missing(), { missingCriticalFlag: 'accepted' }).fault).toBe('E_GENEVE_UNKNOWN_CRITICAL_OPTION');
  });

  it('G12 a VNI that is not served, and serves it once it is', () => {
    const networks = new Set([1]);
    expect(receive(edited(sink), { networks }).fault).toBe('E_GENEVE_UNKNOWN_VNI');
    networks.add(42);
    expect(receive(edited(sink), { networks }).fault).toBeUndefined();
  });

  it('G12 comes after G11, and holds for control packets', () => {
    const networks = new Set<number>();
    expect(
      receive(
        edited((ip) => (ip[25] = all + 13)),
        { networks },
      ).fault,
    ).toBe('E_GENEVE_INNER_TRUNCATED');
    expect(
      receive(
        edited((ip) => (ip[GENEVE + 1] = 0x80)),
        { networks, onControl: sink },
      ).fault,
    ).toBe('E_GENEVE_UNKNOWN_VNI');
  });

  it('G13 puts CE into an ECT packet and mends its checksum', () => {
    const packet = edited((ip) => {
      ip[1] = 3;
      ip[20 + all + 14 + 1] = 2;
      ipv4.writeChecksum(ip, 20 + all + 14);
    });
    expect(receive(packet).fault).toBeUndefined();
    expect(ipv4.check(packet.bytes, packet.start + 14, packet.end)).toBeUndefined();
    expect(ipv4.readEcn(packet.bytes, packet.start + 14)).toBe(3);
  });

  it('takes the word of whoever has verified the checksum', () => {
    const packet = edited((ip) => (ip[27]! ^= 1), 'as it is');
    packet.checksum = 'verified';
    expect(receive(packet).fault).toBeUndefined();
  });

  it('inner tags pass, unless they are stripped for this VNI', () => {
    const tag = (): PacketBuffer => edited((ip) => ip.set([0x81, 0], 20 + all + 12));
    expect(receive(tag()).fault).toBeUndefined();
    expect(receive(tag(), { stripInnerVlan: new Set([7]) }).fault).toBeUndefined();
    expect(receive(tag(), { stripInnerVlan: new Set([42]) }).fault).toBe('E_GENEVE_INNER_VLAN');
  });
});

describe('control packets', () => {
  const control = (): PacketBuffer => outerPacket(vector('geneve-oam').hex);

  it('go to the handler, and nowhere else', () => {
    const seen: [string, number, string][] = [];
    const endpoint = new GeneveEncapsulation({
      onControl: (packet, tunnel) =>
        seen.push([toHex(packet.copy()), endpoint.received.protocolType, `${tunnel.source} ${tunnel.network}`]),
    });
    expect(endpoint.decapsulate(control(), new TunnelMetadata())).toBe('incomplete');
    expect(seen).toEqual([[vector('geneve-oam').fields.inner, 0x6558, '192.0.2.1 42']]);
  });

  it('may hold what no tenant may send', () => {
    const packet = control();
    packet.bytes.set([0x88, 0xb5], packet.start + GENEVE + 2);
    packet.checksum = 'verified';
    expect(receive(packet, { onControl: sink }).fault).toBe('incomplete');
  });

  it('must have options that are understood', () => {
    const packet = control();
    packet.bytes[packet.start + GENEVE] = 1;
    packet.bytes.set([1, 2, 0x80, 0], packet.start + GENEVE + 8);
    packet.checksum = 'verified';
    expect(receive(packet, { onControl: sink }).fault).toBe('E_GENEVE_UNKNOWN_CRITICAL_OPTION');
  });
});
