import { describe, expect, it } from '@jest/globals';
import { dove, van } from '@overlane/dove';
import { type Fault, IpAddress, PacketBuffer, TunnelMetadata, ipv4, udp } from '@overlane/wire';
import { MemoryPort, MemoryUnderlay, Switch, createMemoryLink, presets } from '../src/index.js';
import { Station, frame, macOf, requireBalance } from './harness.js';

const NETWORKS = [1, 2];

/** Switches on one underlay that know the first one only, and a clock. */
class DoveWorld {
  readonly switches: Switch[];
  readonly resolvers: van.VanResolver[] = [];
  readonly wires: MemoryPort[];
  /** Frames and control messages sent through the underlay, as `from>to kind`. */
  readonly sent: string[] = [];
  nowMs = 0;
  #ports = 0;

  constructor(count: number) {
    const underlay = new MemoryUnderlay();
    let state = 1;
    const random32 = (): number => (state = Math.imul(state, 1_103_515_245) + 12_345);
    const addresses = Array.from({ length: count }, (_, i) => IpAddress.parse(`192.0.2.${i + 1}`));
    this.wires = addresses.map((address, i) => underlay.attach(`wire${i}`, address));
    this.switches = addresses.map((address, i) => {
      const peers = new Map(NETWORKS.map((network) => [network, i === 0 ? [] : [{ address: addresses[0]! }]]));
      const roles = presets.dove({ address, peers, random32, networks: new Set(NETWORKS), pathMtu: 1500 });
      this.resolvers.push(roles.resolver as van.VanResolver);
      const made = new Switch(roles, { learning: { ageingMs: Infinity } });
      const wire = this.wires[i]!;
      const send = wire.send.bind(wire);
      wire.send = (packet) => {
        this.sent.push(describePacket(packet));
        return send(packet);
      };
      made.addUnderlay(wire, address);
      return made;
    });
  }

  station(at: number, network: number): { station: Station; name: string } {
    const name = `port${this.#ports}`;
    const [near, far] = createMemoryLink([name, `station${this.#ports++}`]);
    this.switches[at]!.addPort(near, network);
    return { station: new Station(far), name };
  }

  /** Lets `ms` pass, with all ticks. */
  run(ms: number): void {
    for (const until = this.nowMs + ms; this.nowMs < until; this.nowMs++) {
      for (const one of this.switches) {
        if (this.nowMs % one.tickMs === 0) one.tick(this.nowMs);
        one.turn(this.nowMs);
      }
    }
    this.switches.forEach(requireBalance);
  }

  faults(at: number): Partial<Record<Fault, number>> {
    const ports = Object.values(this.switches[at]!.snapshot().ports);
    return Object.assign({}, ...ports.map(({ faults }) => faults)) as Partial<Record<Fault, number>>;
  }
}

/** `from>to`, by the last octet of each address, and what it is: `frame`, `fragment` or a type of message. */
function describePacket(packet: PacketBuffer): string {
  const octets = packet.copy();
  const at = ipv4.HEADER_LENGTH + udp.HEADER_LENGTH;
  const ends = `${ipv4.readSource(octets, 0) & 255}>${ipv4.readDestination(octets, 0) & 255}`;
  if (dove.readControl(octets, at)) return `${ends} control ${van.readType(octets, at + 8)}`;
  return `${ends} ${dove.readFragment(octets, at) ? 'fragment' : 'frame'}`;
}

describe('DOVE', () => {
  it('finds stations by learning, once, and sends what waited', () => {
    const world = new DoveWorld(3);
    const [a, b] = [world.station(0, 1).station, world.station(1, 1).station];
    world.run(100);
    b.send(frame('b', '*'));
    world.run(50);
    expect(a.received()).toEqual(['b>* x']);
    world.sent.length = 0;
    a.send(frame('a', 'b', '1'), frame('a', 'b', '2'));
    world.run(50);
    expect(b.received()).toEqual(['a>b 1', 'a>b 2']);
    expect(world.sent.filter((packet) => packet.includes(` ${van.TYPE.LEARN_REQUEST}`))).toHaveLength(2);
    expect(world.sent.filter((packet) => packet.endsWith('frame'))).toEqual(['1>2 frame', '1>2 frame']);
    world.sent.length = 0;
    a.send(frame('a', 'b', '3'));
    world.run(50);
    expect([b.received(), world.sent]).toEqual([['a>b 3'], ['1>2 frame']]);
  });

  it('keeps two networks with the same MACs apart', () => {
    const world = new DoveWorld(2);
    const stations = NETWORKS.map((network) => [world.station(0, network).station, world.station(1, network).station]);
    for (const [a, b] of stations) {
      a!.send(frame('a', '*'));
      b!.send(frame('b', '*'));
    }
    world.run(100);
    stations.flat().forEach((station) => station.received());
    stations[1]![0]!.send(frame('a', 'b', 'two'));
    world.run(100);
    expect(stations.map(([, b]) => b!.received())).toEqual([[], ['a>b two']]);
  });

  it('never floods an unknown destination, and asks for it again later', () => {
    const world = new DoveWorld(3);
    const a = world.station(0, 1).station;
    world.run(100);
    a.send(frame('a', 'z'));
    world.run(4000);
    expect(world.sent.filter((packet) => packet.endsWith('frame'))).toEqual([]);
    expect(world.resolvers[0]!.faults.of('E_VAN_NO_ANSWER')).toBe(1);
    expect(world.faults(0)).toEqual({ E_SWITCH_PENDING: 1 });
  });

  it('follows a station that moves, and loses one packet of each sender at most', () => {
    const world = new DoveWorld(3);
    const senders = [world.station(1, 1).station, world.station(2, 1).station];
    const old = world.station(0, 1);
    old.station.send(frame('m', '*'));
    senders[0]!.send(frame('s', '*'));
    senders[1]!.send(frame('t', '*'));
    world.run(100);
    const ask = (): void => ['s', 't'].forEach((name, i) => senders[i]!.send(frame(name, 'm')));
    ask();
    world.run(100);
    expect(old.station.received().filter((text) => text.includes('>m'))).toEqual(['s>m x', 't>m x']);
    world.switches[0]!.removePort(old.name, world.nowMs);
    const now = world.station(2, 1).station;
    now.send(frame('m', '*'));
    ask();
    world.run(20);
    now.received();
    ask();
    world.run(100);
    expect(now.received()).toEqual(['t>m x', 's>m x']);
  });

  it('cuts what is too long for the underlay, once it knows that the peer takes fragments', () => {
    const world = new DoveWorld(2);
    const [a, b] = [world.station(0, 1).station, world.station(1, 1).station];
    b.send(frame('b', '*'));
    world.run(100);
    a.send(frame('a', 'b', 'y'.repeat(9000)));
    world.run(100);
    expect(b.received()).toEqual([`a>b ${'y'.repeat(9000)}`]);
    expect(world.sent.filter((packet) => packet === '1>2 fragment')).toHaveLength(7);
  });

  it('refuses control messages that are none, by name', () => {
    const world = new DoveWorld(2);
    world.station(0, 1);
    const roles = presets.dove({
      address: IpAddress.parse('192.0.2.2'),
      peers: new Map(),
      random32: () => 1,
      networks: new Set([1]),
    });
    const message = van.encode({
      ...{ type: van.TYPE.UNLEARN, extensions: true, hint: false, proxy: false, transactionId: 1 },
      ...{ mac: macOf('a'), lifetimeS: 0, locator: 0, generation: 0 },
    });
    const tunnel = new TunnelMetadata();
    tunnel.network = 1;
    tunnel.source.copy(IpAddress.parse('192.0.2.1'));
    expect(roles.resolver.onControl!(PacketBuffer.from(message), tunnel, 0)).toBe('E_VAN_NOT_OWNER');
    message[0] = 9;
    expect(roles.resolver.onControl!(PacketBuffer.from(message), tunnel, 0)).toBe('E_VAN_TYPE');
  });
});
