import { describe, expect, it } from '@jest/globals';
import { frame as frameOf } from '@overlane/wire/arbitraries';
import fc from 'fast-check';
import { type Fault, ECN, PacketBuffer, TunnelMetadata, formatMac } from '@overlane/wire';
import { nlArpMessage } from '../src/arbitraries.js';
import {
  type NetlordOptions,
  NetLordEncapsulation,
  addressPlan,
  frame,
  header,
  nlArp,
  portOf,
  toAddress,
} from '../src/index.js';
import { octetsOf, toHex } from './vector-file.js';

const sent = octetsOf('netlord-data-ingress');
const received = octetsOf('netlord-data-egress');
const inner = sent.subarray(38);
const edgeMac = sent.slice(6, 12);

/** The tunnel of the vector, and what differs from it. */
function tunnelTo(
  part: Partial<Pick<TunnelMetadata, 'vlan' | 'dscp'>> = {},
  port = 12,
  tenant = 0xabcd,
): TunnelMetadata {
  const tunnel = Object.assign(new TunnelMetadata(), { nextHopHigh: 0x02e0, nextHopLow: 2, vlan: 101, ...part });
  tunnel.source.setIpv4(7);
  tunnel.destination.setIpv4(toAddress(port, tenant));
  return tunnel;
}

function send(bytes: Uint8Array, tunnel = tunnelTo(), options: Partial<NetlordOptions> = {}): Uint8Array {
  const emitted: Uint8Array[] = [];
  const endpoint = new NetLordEncapsulation({ edgeMac, ...options });
  const fault = endpoint.encapsulate(PacketBuffer.from(bytes), tunnel, (packet) => emitted.push(packet.copy()));
  if (fault !== undefined) throw new Error(fault);
  expect(emitted).toHaveLength(1);
  return emitted[0]!;
}

function receive(
  bytes: Uint8Array,
  options: Partial<NetlordOptions> = {},
): { fault: Fault | undefined; tunnel: TunnelMetadata; packet: PacketBuffer } {
  const packet = new PacketBuffer(bytes.slice());
  const tunnel = new TunnelMetadata();
  return { fault: new NetLordEncapsulation({ edgeMac, ...options }).decapsulate(packet, tunnel), tunnel, packet };
}

/** An inner IPv4 frame with this octet of DSCP and ECN; its own checksum is no matter of ours. */
const withTos = (tos: number): Uint8Array => {
  const bytes = inner.slice();
  bytes[15] = tos;
  return bytes;
};

describe('encapsulate', () => {
  it('gives the vector octet for octet', () => {
    expect(toHex(send(inner))).toBe(toHex(sent));
  });

  it('sends TTL 2 unless told otherwise, and copies the tag to the identification', () => {
    const packet = send(inner, tunnelTo({ vlan: 0xe65 }));
    expect([header.readTtl(packet, 18), header.readTci(packet, 18), packet[14]]).toEqual([2, 0xe65, 0x0e]);
    expect(header.readTtl(send(inner, tunnelTo(), { ttl: 9 }), 18)).toBe(9);
  });

  it.each<[string, Fault, Uint8Array, TunnelMetadata, Partial<NetlordOptions>]>([
    ['a frame of 13 octets', 'E_NL_INNER_TRUNCATED', inner.subarray(0, 13), tunnelTo(), {}],
    ['a cut tag', 'E_ETH_VLAN_TRUNCATED', Uint8Array.of(...inner.subarray(0, 12), 0x81, 0, 0), tunnelTo(), {}],
    ['port 0', 'E_NL_PORT', inner, tunnelTo({}, 0), {}],
    ['port 127', 'E_NL_PORT', inner, tunnelTo({}, 127), {}],
    ['port 128', 'E_NL_PORT', inner, tunnelTo({}, 128), {}],
    ['VLAN 4095', 'E_NL_VLAN_ID', inner, tunnelTo({ vlan: 4095 }), {}],
    ['VLAN -1', 'E_NL_VLAN_ID', inner, tunnelTo({ vlan: -1 }), {}],
    ['one octet over the MTU', 'E_MTU_EXCEEDED', inner, tunnelTo(), { pathMtu: inner.length + 19 }],
    ['65,516 octets', 'E_MTU_EXCEEDED', new Uint8Array(65_516), tunnelTo(), {}],
  ])('refuses %s', (_name, fault, bytes, tunnel, options) => {
    const packet = PacketBuffer.from(bytes);
    const before = packet.bytes.slice();
    const emit = (): void => {
      throw new Error('emitted');
    };
    expect(new NetLordEncapsulation({ edgeMac, ...options }).encapsulate(packet, tunnel, emit)).toBe(fault);
    expect(packet.bytes).toEqual(before);
  });

  it('refuses IPv6 locators, which have no place for port and tenant', () => {
    const tunnel = tunnelTo();
    tunnel.destination.read(new Uint8Array(16), 0, 6);
    const endpoint = new NetLordEncapsulation({ edgeMac });
    expect(endpoint.encapsulate(PacketBuffer.from(inner), tunnel, () => undefined)).toBe('E_ADDRESS_FAMILY_MISMATCH');
  });

  it('needs 38 octets of headroom', () => {
    const endpoint = new NetLordEncapsulation({ edgeMac });
    const sink = (): void => undefined;
    expect(endpoint.encapsulate(PacketBuffer.from(inner, 37), tunnelTo(), sink)).toBe('E_BUFFER_NO_HEADROOM');
    expect(endpoint.encapsulate(PacketBuffer.from(inner, 38), tunnelTo(), sink)).toBeUndefined();
  });

  it('leaves a tenant of a 9000-octet network an MTU of 8966', () => {
    const largest = new Uint8Array(14 + 8966);
    expect(send(largest, tunnelTo(), { pathMtu: 9000 })).toHaveLength(18 + 9000);
    expect(() => send(new Uint8Array(14 + 8967), tunnelTo(), { pathMtu: 9000 })).toThrow('E_MTU_EXCEEDED');
    const endpoint = new NetLordEncapsulation({ edgeMac });
    expect([endpoint.overhead(4), endpoint.name]).toEqual([34, 'netlord']);
  });

  it.each([
    ['ECN and DSCP of the inner packet', {}, 0xb9, 0xb9],
    ['Not-ECT in compatibility mode', { ecnMode: 'compatibility' }, 0xb9, 0xb8],
    ['the DSCP it is told', { dscp: 'tunnel' }, 0xb9, (10 << 2) | 1],
  ] as const)('writes %s', (_name, options, tos, expected) => {
    expect(header.readTos(send(withTos(tos), tunnelTo({ dscp: 10 }), options), 18)).toBe(expected);
  });

  it('reads DSCP behind tags and from IPv6, and none where there is no IP', () => {
    const tagged = Uint8Array.of(...inner.subarray(0, 12), 0x81, 0, 0, 5, ...withTos(0x2e).subarray(12));
    const ipv6 = new Uint8Array(54);
    ipv6.set([0x86, 0xdd, 0x62, 0xe0], 12);
    const cut = withTos(0x2e).subarray(0, 33);
    const arp = withTos(0x2e);
    arp[13] = 6;
    const tos = [tagged, ipv6, cut, ipv6.subarray(0, 53), arp].map((bytes) => header.readTos(send(bytes), 18));
    expect(tos).toEqual([0x2e, 0x2e, 0, 0, 0]);
  });

  it('carries tags of the tenant along', () => {
    const tagged = Uint8Array.of(...inner.subarray(0, 12), 0x81, 0, 0, 5, ...inner.subarray(12));
    const { packet } = receive(send(tagged));
    expect(toHex(packet.copy())).toBe(toHex(tagged));
  });
});

describe('decapsulate', () => {
  it.each([
    ['as sent', sent, '02:e0:00:00:00:01', 2],
    ['as the egress edge switch rewrote it', received, '02:e0:00:00:00:02', 1],
  ])('unwraps the frame %s', (_name, bytes, edge, ttl) => {
    const { fault, tunnel, packet } = receive(bytes);
    expect(fault).toBeUndefined();
    expect(toHex(packet.copy())).toBe(toHex(inner));
    expect(tunnel).toMatchObject({ network: 0xabcd, vlan: 101, ttl, control: false, dscp: 0, ecn: 0 });
    expect([tunnel.source.word0, portOf(tunnel.destination.word0)]).toEqual([7, 12]);
    const mac = new Uint8Array(6);
    new DataView(mac.buffer).setUint16(0, tunnel.nextHopHigh);
    new DataView(mac.buffer).setInt32(2, tunnel.nextHopLow);
    expect(formatMac(mac)).toBe(edge);
  });

  it('cuts padding off', () => {
    const { packet } = receive(Uint8Array.of(...received, 0, 0, 0));
    expect(packet.length).toBe(inner.length);
  });

  it.each<[string, Fault | undefined, Partial<NetlordOptions>]>([
    ['another port', 'E_NL_NOT_MY_PORT', { port: 11 }],
    ['its own port', undefined, { port: 12 }],
    ['a tenant it does not have', 'E_NL_UNKNOWN_TENANT', { tenants: new Set([1]) }],
    ['a tenant it has', undefined, { tenants: new Set([0xabcd]) }],
    ['another port for a tenant it does not have', 'E_NL_NOT_MY_PORT', { port: 1, tenants: new Set() }],
  ])('answers for %s with %s', (_name, fault, options) => {
    expect(receive(received, options).fault).toBe(fault);
  });

  it('says of an unknown tenant where the packet came from, so that the sender can be told', () => {
    const { tunnel } = receive(received, { tenants: new Set() });
    expect(tunnel).toMatchObject({ network: 0xabcd, vlan: 101, source: { word0: 7 } });
  });

  it('hands NL-ARP messages on', () => {
    const bytes = octetsOf('nlarp-nothere-frame');
    const { fault, tunnel, packet } = receive(bytes, { port: 3 });
    expect([fault, tunnel.control, packet.length]).toEqual([undefined, true, 24]);
    expect(nlArp.check(packet.bytes, packet.start, packet.end)).toBeUndefined();
  });

  it('combines ECN, and drops a CE mark that the inner packet cannot carry', () => {
    const marked = (tos: number): Uint8Array => {
      const packet = send(withTos(tos));
      const value = frame.decode(packet);
      frame.encodeInto({ ...value, header: { ...value.header, ecn: ECN.CE } }, packet);
      return packet;
    };
    const { fault, packet, tunnel } = receive(marked(ECN.ECT_0));
    expect([fault, packet.bytes[packet.start + 15], tunnel.ecn]).toEqual([undefined, ECN.CE, ECN.CE]);
    expect(receive(marked(ECN.NOT_ECT)).fault).toBe('E_ECN_DROP');
  });

  it('takes the plan it is given', () => {
    const plan = addressPlan({ portBits: 12, widePorts: 'accepted' });
    const tunnel = tunnelTo();
    tunnel.destination.setIpv4(toAddress(0xd23, 0x4_5678, plan));
    const bytes = send(inner, tunnel, { plan });
    expect(receive(bytes).fault).toBe('E_NL_PORT');
    const { tunnel: seen } = receive(bytes, { plan, port: 0xd23 });
    expect([portOf(seen.destination.word0, plan), seen.network]).toEqual([0xd23, 0x4_5678]);
  });
});

describe('a tenant', () => {
  /** What a tenant may send to be taken for an agent: NL-ARP's own frames, of all forms, and frames that contain them. */
  const attempts = fc
    .tuple(nlArpMessage(), fc.boolean(), fc.boolean())
    .map(([message, isBroadcast, isWrapped]): Uint8Array => {
      const bytes = new Uint8Array(isBroadcast ? nlArp.BROADCAST_LENGTH : nlArp.UNICAST_LENGTH);
      const at = isBroadcast
        ? nlArp.writeBroadcast(bytes, 0, 0x02e0, 1, 1)
        : nlArp.writeUnicastHeaders(bytes, 0, 0x02e0, 2, 0x02e0, 1, 1, 7, toAddress(12, 0xabcd));
      nlArp.encodeInto(message, bytes, at);
      return isWrapped ? send(bytes) : bytes;
    });

  it('cannot speak NL-ARP: whatever it sends arrives as its frame', () => {
    fc.assert(
      fc.property(fc.oneof(attempts, frameOf()), (spoof) => {
        const outer = send(spoof);
        if (nlArp.findBroadcastMessage(outer, 0, outer.length) !== -1) throw new Error('found as a broadcast');
        const { fault, tunnel, packet } = receive(outer);
        if (fault !== undefined || tunnel.control) throw new Error(`${fault}, control ${tunnel.control}`);
        if (toHex(packet.copy()) !== toHex(spoof)) throw new Error('another frame');
      }),
    );
  });
});

it('an edge switch has a MAC of 6 octets', () => {
  expect(() => new NetLordEncapsulation({ edgeMac: new Uint8Array(5) })).toThrow('edgeMac must have 6 octets');
});
