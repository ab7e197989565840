import { describe, expect, it } from '@jest/globals';
import { header, nlArp, type spain } from '@overlane/netlord';
import { type Fault, IpAddress, type PacketBuffer, ethernet, formatMac, parseMac, write16 } from '@overlane/wire';
import { Switch, createMemoryLink, presets } from '../src/index.js';
import { Station, frame, macOf, requireBalance } from './harness.js';
import { NetlordFabric } from './netlord-fabric.js';

const EDGES = [parseMac('02:e0:00:00:00:01'), parseMac('02:e0:00:00:00:02')];
/** Networks 1 and 2 are two tenants with the same space; 3 is the first tenant's other one. */
const NETWORKS = [
  { network: 1, tenant: 0xabcd, macAsId: 7 },
  { network: 2, tenant: 0xabce, macAsId: 7 },
  { network: 3, tenant: 0xabcd, macAsId: 8 },
];

/** Servers in pairs on edge switches, each a switch with an agent, and a clock. */
class NetlordWorld {
  readonly fabric = new NetlordFabric();
  readonly switches: Switch[];
  readonly agents: ReturnType<typeof presets.netlord>[] = [];
  nowMs = 0;
  #ports = 0;

  constructor(count: number, reach: spain.ReachTable = []) {
    let state = 1;
    const random32 = (): number => (state = Math.imul(state, 1_103_515_245) + 12_345);
    this.switches = Array.from({ length: count }, (_, i) => {
      const edge = EDGES[i % 2]!;
      const address = `${1 + Math.floor(i / 2)}.0.0.1`;
      const wire = this.fabric.attach(`wire${i}`, { address, edge });
      const roles = presets.netlord({
        ...{ address: IpAddress.parse(address), edge: formatMac(edge), networks: NETWORKS, random32 },
        reach: reach.filter((entry) => formatMac(entry.edge) !== formatMac(edge)),
        entries: 1024,
        chirpPeriodMs: 250,
      });
      this.agents.push(roles);
      const made = new Switch(roles, { learning: { ageingMs: Infinity } });
      made.addUnderlay(wire, IpAddress.parse(address));
      return made;
    });
  }

  station(at: number, network: number, macs?: readonly Uint8Array[]): { station: Station; name: string } {
    const name = `port${this.#ports}`;
    const [near, far] = createMemoryLink([name, `station${this.#ports++}`]);
    this.switches[at]!.addPort(near, network, macs && { macs });
    return { station: new Station(far), name };
  }

  /** Lets `ms` pass, with all ticks. */
  run(ms: number): void {
    for (const until = this.nowMs + ms; this.nowMs < until; this.nowMs += 5) {
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

  /** What was sent since the last call, as `sender kind`. */
  sent(): string[] {
    return this.fabric.sent.splice(0).map(({ from, octets }) => `${from} ${kindOf(octets)}`);
  }
}

function kindOf(octets: Uint8Array): string {
  const broadcast = nlArp.findBroadcastMessage(octets, 0, octets.length);
  const at = broadcast < 0 ? 18 + 20 : broadcast;
  if (broadcast < 0 && header.readProtocol(octets, 18) === 253) return 'frame';
  return ['', 'HERE', 'WHERE', 'NOTHERE'][nlArp.readOperation(octets, at)]!;
}

describe('NetLord', () => {
  it('learns from announcements, and sends frames by edge switch and port', () => {
    const world = new NetlordWorld(4);
    const [a, b] = [world.station(0, 1).station, world.station(3, 1).station];
    b.send(frame('b', '*'));
    world.run(20);
    expect(world.sent()).toEqual(['3 HERE']);
    a.send(frame('a', 'b', '1'));
    world.run(20);
    expect([b.received(), world.sent()]).toEqual([['a>b 1'], ['0 frame', '0 HERE']]);
    expect(world.faults(0)).toEqual({});
    b.send(frame('b', 'a', '2'));
    world.run(20);
    expect([a.received(), world.fabric.lost]).toEqual([['b>a 2'], 0]);
  });

  it('asks for a silent NIC, and sends what waited', () => {
    const world = new NetlordWorld(3);
    const [a, b] = [world.station(0, 1).station, world.station(1, 1).station];
    world.fabric.isCut = (octets) => kindOf(octets) === 'HERE' && octets[0] === 0xff;
    b.send(frame('b', '*'));
    world.run(10_000);
    world.sent();
    a.send(frame('a', 'b', '1'), frame('a', 'b', '2'));
    world.run(20);
    expect(world.sent()).toEqual(['0 HERE', '0 WHERE', '1 HERE', '0 frame', '0 frame']);
    expect(b.received()).toEqual(['a>b 1', 'a>b 2']);
  });

  it('sends a broadcast once to each server with a NIC of the network', () => {
    const world = new NetlordWorld(6);
    const stations = [0, 1, 1, 2, 4].map((at) => world.station(at, 1).station);
    const other = world.station(3, 2).station;
    ['a', 'b', 'c', 'd', 'e'].forEach((name, i) => stations[i]!.send(frame(name, name)));
    other.send(frame('f', 'f'));
    world.run(20);
    world.sent();
    stations[0]!.send(frame('a', '*'));
    world.run(20);
    expect(world.sent()).toEqual(['0 frame', '0 frame', '0 frame']);
    expect(stations.map((station) => station.received())).toEqual([[], ...new Array(4).fill(['a>* x'])]);
    expect(other.received()).toEqual([]);
  });

  it('keeps two tenants, and two spaces of one, apart with the same MACs', () => {
    const world = new NetlordWorld(2);
    const near = [1, 2, 3].map((network) => world.station(0, network).station);
    const far = [1, 2, 3].map((network) => world.station(1, network).station);
    far.forEach((station) => station.send(frame('b', '*')));
    world.run(20);
    near.forEach((station, i) => station.send(frame('a', 'b', String(i)), frame('a', '*', `all ${i}`)));
    world.run(20);
    expect(far.map((station) => station.received())).toEqual([0, 1, 2].map((i) => [`a>b ${i}`, `a>* all ${i}`]));
  });

  it('corrects a sender that missed a move', () => {
    const world = new NetlordWorld(3);
    const [a, b, moved] = [world.station(0, 1), world.station(1, 1), world.station(2, 1)];
    b.station.send(frame('b', '*'));
    a.station.send(frame('a', '*'));
    world.run(20);
    // The first server hears nothing of the move.
    world.fabric.isCut = (octets, _from, to) => to === 0 && octets[0] === 0xff;
    world.switches[1]!.removePort(b.name, world.nowMs);
    moved.station.send(frame('b', '*'));
    world.run(6000);
    world.fabric.isCut = () => false;
    world.sent();
    a.station.send(frame('a', 'b', '1'));
    world.run(20);
    expect(world.sent()).toEqual(['0 frame', '1 NOTHERE']);
    expect(world.faults(1)).toEqual({ E_NL_NOT_HERE: 1 });
    a.station.send(frame('a', 'b', '2'));
    world.run(20);
    expect([world.sent(), moved.station.received()]).toEqual([['0 WHERE', '2 HERE', '0 frame'], ['a>b 2']]);
  });

  it('lets no tenant speak NL-ARP, whatever its frames pretend', () => {
    const world = new NetlordWorld(3);
    const [a, b] = [world.station(0, 1).station, world.station(1, 1).station];
    b.send(frame('b', '*'));
    world.run(6000);
    const knownBy = world.agents.map((_, i) => placesOf(world, i));
    // "NIC b is at the tenant's own server, with the newest generation", in every form that an agent would take.
    const message = nlArp.encode({
      ...{ operation: nlArp.OPERATION.HERE, unicast: false, stopped: false, generation: 999, port: 1 },
      ...{ tenantId: 0xabcd, macAsId: 7, vmMac: macOf('b'), edgeMac: EDGES[0]! },
    });
    const broadcast = ethernetFrame('*', nlArp.ETHER_TYPE, message);
    const tagged = Uint8Array.of(...broadcast.slice(0, 12), 0x81, 0, 0, 1, ...broadcast.slice(12));
    const inIp = header.encode({
      ...{ dscp: 0, ecn: 0, totalLength: 20 + message.length, tci: 1, ttl: 1, protocol: 254 },
      ...{ port: 1, tenantId: 0xabcd, macAsId: 7 },
    });
    const unicast = ethernetFrame('b', ethernet.ETHER_TYPE.IPV4, Uint8Array.of(...inIp, ...message));
    const toEdge = unicast.slice();
    toEdge.set(EDGES[1]!);
    a.send(broadcast, tagged, unicast, toEdge);
    world.run(3000);
    expect(b.received()).toHaveLength(3);
    expect(world.agents.map((_, i) => placesOf(world, i))).toEqual(knownBy);
    expect(world.sent().filter((kind) => kind.endsWith('NOTHERE'))).toEqual([]);
  });

  it('drops frames from another source than the port has, by NetLord’s name', () => {
    const world = new NetlordWorld(2);
    const { station } = world.station(0, 1, [macOf('a')]);
    station.send(frame('b', '*'));
    world.run(20);
    expect([world.faults(0), world.sent()]).toEqual([{ E_NL_SPOOF: 1 }, ['0 HERE']]);
  });

  it('announces the NICs of a port before they speak', () => {
    const world = new NetlordWorld(2);
    const { station: b } = world.station(1, 1, [macOf('b')]);
    const { station: a } = world.station(0, 1);
    world.run(20);
    expect(world.sent()).toEqual(['1 HERE']);
    a.send(frame('a', 'b'));
    world.run(20);
    expect([b.received(), world.sent()]).toEqual([['a>b x'], ['0 frame', '0 HERE']]);
  });

  it('lets no forged source move a NIC, nor make its agent say anything', () => {
    const world = new NetlordWorld(2);
    const [a, forger] = [world.station(0, 1, [macOf('a')]).station, world.station(1, 1).station];
    const b = world.station(0, 1, [macOf('b')]).station;
    world.run(20);
    forger.send(frame('c', '*'));
    world.run(6000);
    a.received();
    b.received();
    world.sent();
    for (let i = 0; i < 20; i++) {
      forger.send(frame('a', 'b'));
      world.run(20);
      a.send(frame('a', 'b', 'real'));
      b.send(frame('b', 'a'));
      world.run(20);
    }
    const said = world.sent();
    expect(a.received()).toHaveLength(20);
    expect(said.filter((kind) => kind.startsWith('0'))).toEqual([]);
    // The forger's own agent believes its port, which holds to no address, and says so: once, however many frames it sends.
    expect(said.filter((kind) => kind === '1 HERE').length).toBeLessThanOrEqual(3);
  });

  it('spreads flows over the VLANs that SPAIN has, and moves them off one that fell silent', () => {
    const vlans = [2, 3, 4, 5];
    const world = new NetlordWorld(
      2,
      EDGES.map((edge) => ({ edge, vlans })),
    );
    const [a, b] = [world.station(0, 1).station, world.station(1, 1).station];
    const names = [...'cdefghijklmnop'];
    b.send(...names.map((name) => frame(name, '*')));
    a.send(frame('a', '*'));
    world.run(100);
    const used = (): number[] => {
      world.fabric.sent.length = 0;
      a.send(...names.map((name) => frame('a', name)));
      world.run(20);
      b.send(...names.map((name) => frame(name, 'a')));
      world.run(20);
      const data = world.fabric.sent.filter(({ from, octets }) => from === 0 && kindOf(octets) === 'frame');
      return [...new Set(data.map(({ octets }) => octets[15]!))].sort();
    };
    expect(used()).toEqual(vlans);
    world.fabric.isCut = (octets) => octets[15] === 3;
    for (let i = 0; i < 12; i++) {
      used();
      world.run(100);
    }
    expect(used()).toEqual([2, 4, 5]);
    a.received();
    b.received();
    a.send(...names.map((name) => frame('a', name)));
    world.run(20);
    expect(b.received()).toHaveLength(names.length);
  });
});

function ethernetFrame(to: string, etherType: number, payload: Uint8Array): Uint8Array {
  const octets = Uint8Array.of(...macOf(to), ...macOf('a'), 0, 0, ...payload);
  write16(octets, 12, etherType);
  return octets;
}

/** Where an agent knows NIC `b` of network 1 to be, and how many entries it has. */
function placesOf(world: NetlordWorld, at: number): string {
  const resolver = world.agents[at]!.resolver;
  const asked = { bytes: ethernetFrame('b', 0, new Uint8Array(0)), start: 0 } as PacketBuffer;
  const locator = at === 1 ? 'local' : resolver.resolve(1, asked, world.nowMs);
  return typeof locator === 'string' ? locator : JSON.stringify({ ...locator, address: locator.address.toString() });
}
