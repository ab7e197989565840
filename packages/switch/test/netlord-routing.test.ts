import { describe, expect, it } from '@jest/globals';
import { ROUTER_MAC, type RoutedNetwork } from '@overlane/netlord';
import { IpAddress, arp, ethernet, formatIpv4, formatMac, icmpv4, ipv4, parseIpv4, parseMac } from '@overlane/wire';
import { type MemoryPort, Switch, createMemoryLink, presets } from '../src/index.js';
import { macOf, requireBalance } from './harness.js';
import { NetlordFabric } from './netlord-fabric.js';

const EDGE = '02:e0:00:00:00:01';
const NETWORKS: RoutedNetwork[] = [
  { network: 1, tenant: 5, macAsId: 1, router: '10.0.1.1/24', stations: [{ address: '10.0.1.10', mac: text('a') }] },
  { network: 2, tenant: 5, macAsId: 2, router: '10.0.2.1/24', stations: [{ address: '10.0.2.10', mac: text('b') }] },
  { network: 3, tenant: 6, macAsId: 2, router: '10.0.3.1/24', stations: [{ address: '10.0.3.10', mac: text('c') }] },
];

function text(name: string): string {
  return formatMac(macOf(name));
}

function createWorld(arpProxy: 'router' | 'stations' = 'router') {
  const fabric = new NetlordFabric();
  const switches = ['1.0.0.1', '2.0.0.1'].map((place, i) => {
    const address = IpAddress.parse(place);
    const wire = fabric.attach(`wire${i}`, { address: place, edge: parseMac(EDGE) });
    const roles = presets.netlord({
      address,
      edge: EDGE,
      networks: NETWORKS,
      arpProxy,
      entries: 64,
      random32: () => 7,
    });
    const made = new Switch(roles, { learning: { ageingMs: Infinity } });
    made.addUnderlay(wire, address);
    return made;
  });
  let ports = 0;
  const settle = (): void => {
    while (switches.reduce((sum, one) => sum + one.turn(0), 0) > 0) switches.forEach(requireBalance);
  };
  return {
    fabric,
    settle,
    faults: () =>
      Object.assign({}, ...Object.values(switches[0]!.snapshot().ports).map((port) => port.faults)) as object,
    station: (at: number, network: number): MemoryPort => {
      const [near, far] = createMemoryLink([`port${ports}`, `station${ports++}`]);
      switches[at]!.addPort(near, network);
      return far;
    },
  };
}

function send(port: MemoryPort, ...frames: Uint8Array[]): void {
  const [twin, end] = createMemoryLink(['in', 'out']);
  for (const octets of frames) twin.push(octets);
  for (let i = 0, count = twin.receive(); i < count; i++) port.send(twin.packet(i));
  end.close();
}

function received(port: MemoryPort): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let i = 0, count = port.receive(); i < count; i++) frames.push(port.packet(i).copy());
  return frames;
}

function packet(from: string, to: string, source: string, destination: string, ttl = 64, type = 8): Uint8Array {
  const message = Uint8Array.of(...icmpv4.encode({ type, code: 0, checksum: 0, rest: 7 }), 1, 2, 3);
  icmpv4.writeChecksum(message, 0, message.length);
  const header = ipv4.encode({
    ...{ dscp: 10, ecn: 1, totalLength: 20 + message.length, identification: 9, dontFragment: false, ttl },
    ...{ moreFragments: false, fragmentOffset: 0, protocol: 1, options: new Uint8Array(0) },
    ...{ source: parseIpv4(source), destination: parseIpv4(destination) },
  });
  const link = { destination: parseMac(to), source: macOf(from), tags: [], etherType: 0x800 };
  return Uint8Array.of(...ethernet.encode(link), ...header, ...message);
}

function question(from: string, source: string, target: string): Uint8Array {
  const link = { destination: macOf('*'), source: macOf(from), tags: [], etherType: 0x806 };
  const asked = {
    ...{ operation: 1, senderMac: macOf(from), senderIp: parseIpv4(source) },
    ...{ targetMac: new Uint8Array(6), targetIp: parseIpv4(target) },
  };
  return Uint8Array.of(...ethernet.encode(link), ...arp.encode(asked));
}

/** Addresses, TTL and ICMP type and code of a frame, checksums verified. */
function describePacket(octets: Uint8Array): string {
  const { destination, source } = ethernet.decode(octets);
  const header = ipv4.decode(octets, 14);
  if (icmpv4.checkChecksum(octets, 34, octets.length) !== undefined) throw new Error('a wrong ICMP checksum');
  const ends = `${formatMac(source)}>${formatMac(destination)} ${formatIpv4(header.source)}>${formatIpv4(header.destination)}`;
  return `${ends} ttl ${header.ttl} icmp ${octets[34]}/${octets[35]}`;
}

describe('a tenant’s virtual router', () => {
  it('routes between two networks of a tenant, through the fabric and at one server', () => {
    const world = createWorld();
    const [a, near, far] = [world.station(0, 1), world.station(0, 2), world.station(1, 2)];
    send(far, packet('b', 'ff:ff:ff:ff:ff:ff', '10.0.2.10', '10.0.2.255'));
    world.settle();
    received(near);
    const asked = packet('a', ROUTER_MAC, '10.0.1.10', '10.0.2.10');
    send(a, asked);
    world.settle();
    const [arrived] = received(far);
    expect(describePacket(arrived!)).toBe(`${ROUTER_MAC}>${text('b')} 10.0.1.10>10.0.2.10 ttl 63 icmp 8/0`);
    expect(arrived!.slice(34)).toEqual(asked.slice(34));
    const [frame] = world.fabric.sent.filter(({ octets }) => octets[27] === 253).slice(-1);
    // The target's address space, in the outer source address.
    expect(frame!.octets.slice(30, 38)).toEqual(Uint8Array.of(0, 0, 0, 2, 2, 0, 0, 5));
    expect(received(near)).toEqual([]);

    send(near, packet('x', ROUTER_MAC, '10.0.2.10', '10.0.1.10'));
    world.settle();
    expect(received(a).map(describePacket)).toEqual([`${ROUTER_MAC}>${text('a')} 10.0.2.10>10.0.1.10 ttl 63 icmp 8/0`]);
    expect(world.faults()).toEqual({});
  });

  it('tells why it did not: no such network, another tenant’s, no such host, too many hops', () => {
    const world = createWorld();
    const a = world.station(0, 1);
    world.station(0, 3);
    send(a, packet('a', ROUTER_MAC, '10.0.1.10', '192.0.2.1'));
    send(a, packet('a', ROUTER_MAC, '10.0.1.10', '10.0.3.10'));
    send(a, packet('a', ROUTER_MAC, '10.0.1.10', '10.0.2.99'));
    send(a, packet('a', ROUTER_MAC, '10.0.1.10', '10.0.2.10', 1));
    world.settle();
    const answers = received(a);
    const link = `${ROUTER_MAC}>${text('a')} 10.0.1.1>10.0.1.10 ttl 64`;
    expect(answers.map(describePacket)).toEqual([
      `${link} icmp 3/0`,
      `${link} icmp 3/0`,
      `${link} icmp 3/1`,
      `${link} icmp 11/0`,
    ]);
    // Each quotes the header and eight octets of what it is about.
    expect(answers[0]!.slice(42)).toEqual(packet('a', ROUTER_MAC, '10.0.1.10', '192.0.2.1').slice(14, 42));
  });

  it('never answers an error with an error, and limits how many it sends', () => {
    const world = createWorld();
    const a = world.station(0, 1);
    send(a, packet('a', ROUTER_MAC, '10.0.1.10', '192.0.2.1', 64, 3));
    send(a, ...Array.from({ length: 20 }, () => packet('a', ROUTER_MAC, '10.0.1.10', '192.0.2.1')));
    world.settle();
    expect(received(a)).toHaveLength(10);
    expect(world.faults()).toEqual({ E_NL_NO_ROUTE: 11 });
  });

  it('answers pings to itself, and ARP for itself, at its own server', () => {
    const world = createWorld();
    const [a, other] = [world.station(0, 1), world.station(1, 1)];
    send(a, question('a', '10.0.1.10', '10.0.1.1'), packet('a', ROUTER_MAC, '10.0.1.10', '10.0.2.1'));
    world.settle();
    const [reply, pong] = received(a);
    expect(formatMac(arp.decode(reply!, 14).senderMac)).toBe(ROUTER_MAC);
    expect(arp.decode(reply!, 14)).toMatchObject({ operation: 2, targetIp: parseIpv4('10.0.1.10') });
    expect(ethernet.decode(reply!)).toMatchObject({ destination: macOf('a'), source: parseMac(ROUTER_MAC) });
    expect(describePacket(pong!)).toBe(`${ROUTER_MAC}>${text('a')} 10.0.2.1>10.0.1.10 ttl 64 icmp 0/0`);
    expect(received(other)).toEqual([]);
  });

  it('answers ARP for provisioned stations if it is told to, but not a station that asks for itself', () => {
    for (const arpProxy of ['router', 'stations'] as const) {
      const world = createWorld(arpProxy);
      const [x, other] = [world.station(0, 2), world.station(0, 2)];
      send(x, question('x', '10.0.2.77', '10.0.2.10'), question('b', '0.0.0.0', '10.0.2.10'));
      send(x, question('b', '10.0.2.10', '10.0.2.10'), question('x', '10.0.2.77', '10.0.2.78'));
      world.settle();
      const isProxied = arpProxy === 'stations';
      expect(received(other)).toHaveLength(isProxied ? 3 : 4);
      const replies = received(x).map((octets) => formatMac(arp.decode(octets, 14).senderMac));
      expect(replies).toEqual(isProxied ? [text('b')] : []);
    }
  });

  it('drops what is no packet, with the fault of its header', () => {
    const world = createWorld();
    const a = world.station(0, 1);
    const broken = packet('a', ROUTER_MAC, '10.0.1.10', '10.0.2.10');
    broken[24]! ^= 1;
    const ipv6 = broken.slice();
    ipv6.set([0x86, 0xdd], 12);
    send(a, broken, ipv6, packet('a', ROUTER_MAC, '10.0.1.10', '10.0.1.1', 64, 0));
    world.settle();
    expect(world.faults()).toEqual({ E_IPV4_BAD_CHECKSUM: 1, E_NL_NO_ROUTE: 2 });
    expect(received(a)).toEqual([]);
  });
});
