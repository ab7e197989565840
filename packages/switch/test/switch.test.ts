import { describe, expect, it } from '@jest/globals';
import { PacketBuffer, type Port, TunnelMetadata, ipv4 } from '@overlane/wire';
import { VxlanEncapsulation } from '@overlane/vxlan';
import { createMemoryLink } from '../src/index.js';
import { createWorld, frame, macOf } from './harness.js';

describe('forwarding', () => {
  it.each([4, 6] as const)('floods the unknown, then learns both ways, over IPv%i', (family) => {
    const world = createWorld({ switches: 3, family });
    const [a, b, c] = [world.station(0, 1), world.station(1, 1), world.station(2, 1)];
    a.send(frame('a', 'b', 'hello'));
    world.settle();
    expect([b.received(), c.received()]).toEqual([['a>b hello'], ['a>b hello']]);
    b.send(frame('b', 'a', 'hi'));
    world.settle();
    expect([a.received(), c.received()]).toEqual([['b>a hi'], []]);
    a.send(frame('a', 'b', 'again'));
    world.settle();
    expect([b.received(), c.received()]).toEqual([['a>b again'], []]);
  });

  it('delivers on the same switch without the underlay', () => {
    const world = createWorld();
    const [a, b, far] = [world.station(0, 1), world.station(0, 1), world.station(1, 1)];
    b.send(frame('b', '*'));
    world.settle();
    far.received();
    a.send(frame('a', 'b'));
    world.settle();
    expect([b.received(), far.received()]).toEqual([['a>b x'], []]);
  });

  it('sends broadcasts to everybody in the network but the sender, once each', () => {
    const world = createWorld({ switches: 3 });
    const stations = [0, 0, 1, 1, 2].map((at) => world.station(at, 1));
    stations[0]!.send(frame('a', '*', 'who'));
    world.settle();
    expect(stations.map((station) => station.received())).toEqual([
      [],
      ['a>* who'],
      ['a>* who'],
      ['a>* who'],
      ['a>* who'],
    ]);
  });

  it('keeps tenants with the same addresses apart', () => {
    const world = createWorld();
    const [a1, b1] = [world.station(0, 1), world.station(1, 1)];
    const [a2, b2] = [world.station(0, 2), world.station(1, 2)];
    a1.send(frame('a', '*', 'one'));
    a2.send(frame('a', '*', 'two'));
    b1.send(frame('b', 'a', 'from one'));
    b2.send(frame('b', 'a', 'from two'));
    world.settle();
    expect([a1, a2, b1, b2].map((s) => s.received())).toEqual([
      ['b>a from one'],
      ['b>a from two'],
      ['a>* one'],
      ['a>* two'],
    ]);
  });

  it('never sends back to the underlay what came from it', () => {
    // Both ends flood the unknown to each other: without split horizon this would never end.
    const world = createWorld({ switches: 4 });
    const sender = world.station(0, 1);
    world.station(1, 1);
    sender.send(frame('a', 'z'), frame('a', '*'));
    world.settle();
    const sent = world.switches.map((each) => Object.values(each.snapshot().ports)[0]!.txPackets);
    expect(sent).toEqual([6, 0, 0, 0]);
  });

  it('follows a station that moves, in both directions', () => {
    const world = createWorld();
    const [near, watcher, far] = [world.station(0, 1), world.station(0, 1), world.station(1, 1)];
    near.send(frame('m', '*'));
    world.settle();
    far.send(frame('m', '*'));
    world.settle();
    for (const station of [near, watcher, far]) station.received();
    watcher.send(frame('w', 'm', 'to the far side'));
    world.settle();
    expect([near.received(), far.received()]).toEqual([[], ['w>m to the far side']]);
    near.send(frame('m', '*'));
    world.settle();
    for (const station of [near, watcher, far]) station.received();
    watcher.send(frame('w', 'm', 'back'));
    world.settle();
    expect([near.received(), far.received()]).toEqual([['w>m back'], []]);
  });

  it('floods again after an address has aged', () => {
    const world = createWorld({ switches: 3, learning: { ageingMs: 1000 } });
    const [a, b, c] = [world.station(0, 1), world.station(1, 1), world.station(2, 1)];
    b.send(frame('b', '*'));
    world.settle(0);
    for (const station of [a, b, c]) station.received();
    a.send(frame('a', 'b', 'known'));
    world.settle(1000);
    expect([b.received(), c.received()]).toEqual([['a>b known'], []]);
    for (const each of world.switches) each.tick(2001);
    a.send(frame('a', 'b', 'aged'));
    world.settle(2001);
    expect([b.received(), c.received()]).toEqual([['a>b aged'], ['a>b aged']]);
  });
});

describe('faults', () => {
  it('counts bad frames where they came in', () => {
    const world = createWorld();
    const a = world.station(0, 1);
    a.send(new Uint8Array(13), frame('a', 'a'), frame('a', 'a'));
    a.send(Uint8Array.of(...macOf('b'), ...macOf('*'), 0x88, 0xb5));
    world.settle();
    expect(world.faults(0)).toEqual({ E_ETH_TRUNCATED: 1, E_SWITCH_SAME_PORT: 2, E_SWITCH_GROUP_SOURCE: 1 });
    expect(world.switches[0]!.snapshot().ports['port0']).toMatchObject({ rxPackets: 4 });
  });

  it('counts what the encapsulation refuses, by its name', () => {
    const world = createWorld();
    const [far] = [world.station(1, 1)];
    const inject = (network: number, edit: (ip: Uint8Array) => void = () => undefined): void => {
      const tunnel = new TunnelMetadata();
      tunnel.network = network;
      tunnel.source.setIpv4(0xc0000201);
      tunnel.destination.setIpv4(0xc0000202);
      new VxlanEncapsulation().encapsulate(PacketBuffer.from(frame('a', '*')), tunnel, (outer) => {
        const octets = outer.copy();
        edit(octets);
        ipv4.writeChecksum(octets, 0);
        world.wires[1]!.push(octets);
      });
    };
    inject(3);
    inject(2);
    inject(1, (ip) => (ip[28] = 0));
    inject(1, (ip) => (ip[1] = 2));
    inject(1, (ip) => (ip[36 + 6] = 1));
    world.settle();
    expect(world.faults(1)).toEqual({
      E_VXLAN_UNKNOWN_VNI: 1,
      E_SWITCH_UNKNOWN_NETWORK: 1,
      E_VXLAN_VNI_NOT_VALID: 1,
      E_SWITCH_GROUP_SOURCE: 1,
    });
    expect(far.received()).toEqual(['a>* x']);
  });

  it('forwards but does not learn when a table is full, and other tenants notice nothing', () => {
    const world = createWorld({ learning: { capacity: 2 } });
    const [a, b, other] = [world.station(0, 1), world.station(1, 1), world.station(0, 2)];
    world.station(1, 2);
    for (const name of 'cdefgh') a.send(frame(name, '*'));
    other.send(frame('o', '*'));
    world.settle();
    expect(b.received()).toHaveLength(6);
    expect(world.faults(0)).toEqual({ E_SWITCH_MAC_TABLE_FULL: 4 });
    expect(world.faults(1)).toEqual({ E_SWITCH_MAC_TABLE_FULL: 4 });
  });

  it('drops and counts when the next hop is full', () => {
    const world = createWorld();
    const [a, b] = [world.station(0, 1), world.station(1, 1, { capacity: 3 })];
    for (let i = 0; i < 5; i++) a.send(frame('a', '*', String(i)));
    world.settle();
    expect(b.received()).toEqual(['a>* 0', 'a>* 1', 'a>* 2']);
    expect(world.faults(1)).toEqual({ E_SWITCH_QUEUE_FULL: 2 });
  });

  it('counts what a port loses on flush', () => {
    const lossy = (port: Port): Port => ({
      name: port.name,
      receive: () => port.receive(),
      packet: (i) => port.packet(i),
      send: () => true,
      flush: () => 1,
      close: () => port.close(),
    });
    const world = createWorld({ wrapUnderlay: lossy });
    world.station(0, 1).send(frame('a', '*'));
    world.settle();
    expect(world.faults(0)).toEqual({ E_SWITCH_SEND_FAILED: 1 });
  });
});

describe('ports', () => {
  it('can be taken out: their addresses are forgotten', () => {
    const world = createWorld();
    const [a, b, c] = [world.station(0, 1), world.station(0, 1), world.station(0, 1)];
    b.send(frame('b', '*'));
    world.settle();
    expect(world.switches[0]!.removePort('port1', 0)).toBe(true);
    expect(world.switches[0]!.removePort('port1', 0)).toBe(false);
    c.received();
    a.send(frame('a', 'b', 'flooded'));
    world.settle();
    expect([b.received(), c.received()]).toEqual([[], ['a>b flooded']]);
    expect(Object.keys(world.switches[0]!.snapshot().ports)).toEqual(['wire0', 'port0', 'port2']);
  });

  it('must have different names', () => {
    const world = createWorld();
    world.station(0, 1);
    const [twin] = createMemoryLink(['port0', 'far']);
    expect(() => world.switches[0]!.addPort(twin, 1)).toThrow('two ports are named port0');
  });

  it('count packets and octets both ways', () => {
    const world = createWorld();
    const [a, b] = [world.station(0, 1), world.station(1, 1)];
    a.send(frame('a', '*', '12345'));
    world.settle();
    expect(b.received()).toHaveLength(1);
    expect(world.switches[0]!.snapshot().ports).toEqual({
      wire0: { rxPackets: 0, rxOctets: 0, txPackets: 1, txOctets: 19 + 36, faults: {} },
      port0: { rxPackets: 1, rxOctets: 19, txPackets: 0, txOctets: 0, faults: {} },
    });
  });
});
