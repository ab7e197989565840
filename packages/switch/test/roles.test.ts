import { describe, expect, it } from '@jest/globals';
import { type Encapsulation, PacketBuffer, type Resolver, type ResolverEvent, TunnelMetadata } from '@overlane/wire';
import type { SwitchRoles } from '../src/index.js';
import { createWorld, frame } from './harness.js';

/** `resolver` with other answers here and there. */
function extend(resolver: Resolver, other: Partial<Resolver> = {}): Resolver {
  return {
    resolve: resolver.resolve.bind(resolver),
    observe: resolver.observe.bind(resolver),
    arrived: resolver.arrived.bind(resolver),
    tick: resolver.tick.bind(resolver),
    ...other,
  };
}

/** `encapsulation` with other answers here and there. */
function wrap(encapsulation: Encapsulation, other: Partial<Encapsulation>): Encapsulation {
  return {
    name: encapsulation.name,
    overhead: encapsulation.overhead.bind(encapsulation),
    encapsulate: encapsulation.encapsulate.bind(encapsulation),
    decapsulate: encapsulation.decapsulate.bind(encapsulation),
    ...other,
  };
}

describe('roles', () => {
  it('waits for a full next hop when the queue says so, and keeps the order', () => {
    const held: PacketBuffer[] = [];
    const patient = {
      offer: (packet: PacketBuffer) => held.push(PacketBuffer.from(packet.copy())) > 0,
      peek: () => held[0],
      take: () => held.shift(),
    };
    const world = createWorld({
      roles: (roles) => ({ ...roles, makeQueue: (name) => (name === 'port1' ? patient : roles.makeQueue(name)) }),
    });
    const [a, b] = [world.station(0, 1), world.station(1, 1, { capacity: 2 })];
    for (let i = 0; i < 5; i++) a.send(frame('a', '*', String(i)));
    world.settle();
    const seen = [...b.received()];
    for (let turn = 0; turn < 4; turn++) {
      world.settle();
      seen.push(...b.received());
    }
    expect(seen).toEqual(['a>* 0', 'a>* 1', 'a>* 2', 'a>* 3', 'a>* 4']);
    expect(world.faults(1)).toEqual({});
  });

  it('drops frames whose destination is pending, and sends what the resolver asks for', () => {
    const asked: ResolverEvent[] = [];
    const answers: Resolver = {
      resolve: () => 'pending',
      observe: () => true,
      arrived: () => undefined,
      nextEvent: () => asked.shift(),
      tick: () => undefined,
      tickMs: 20,
    };
    const world = createWorld({ roles: (roles) => ({ ...roles, resolver: answers }) });
    const [a, b] = [world.station(0, 1), world.station(1, 1)];
    const destination = { address: createTunnelTo(0xc0000202).destination };
    const payload = PacketBuffer.from(frame('q', '*', 'question'));
    const event = { kind: 'frame', network: 1, destination, payload } as const;
    asked.push(event);
    a.send(frame('a', 'b'));
    world.settle();
    expect(world.faults(0)).toEqual({ E_SWITCH_PENDING: 1 });
    expect(b.received()).toEqual(['q>* question']);
    asked.push(event, event);
    world.switches[0]!.tick(0);
    world.settle();
    expect(b.received()).toEqual(['q>* question', 'q>* question']);
    expect(world.switches[0]!.tickMs).toBe(20);
  });

  it('hands control messages to the resolver, and counts what it finds wrong', () => {
    const heard: string[] = [];
    const control = (resolver?: Partial<Resolver>) => (roles: SwitchRoles) => ({
      ...roles,
      resolver: extend(roles.resolver, resolver),
      encapsulation: wrap(roles.encapsulation, {
        decapsulate: (packet, tunnel, nowMs) => {
          const outcome = roles.encapsulation.decapsulate(packet, tunnel, nowMs);
          tunnel.control = true;
          return outcome;
        },
      }),
    });
    const deaf = createWorld({ roles: control() });
    deaf.station(1, 1);
    deaf.station(0, 1).send(frame('a', '*'));
    deaf.settle();
    expect(deaf.faults(1)).toEqual({ E_SWITCH_CONTROL: 1 });
    const onControl: Resolver['onControl'] = (message, { network, source }) => {
      heard.push(`${network} ${message.length} ${source.toString()}`);
      return 'E_FIELD_RANGE';
    };
    const world = createWorld({ roles: control({ onControl }) });
    const b = world.station(1, 1);
    world.station(0, 1).send(frame('a', '*', 'abc'));
    world.settle();
    expect([heard, b.received()]).toEqual([['1 17 192.0.2.1'], []]);
    expect(world.faults(1)).toEqual({ E_FIELD_RANGE: 1 });
  });

  it('asks the resolver about frames for stations that are not here', () => {
    const world = createWorld({
      roles: (roles) => ({
        ...roles,
        resolver: extend(roles.resolver, { misdelivered: () => 'E_SWITCH_PENDING' }),
      }),
    });
    const [a, b] = [world.station(0, 1), world.station(1, 1)];
    a.send(frame('a', 'z'), frame('a', '*', 'all'));
    world.settle();
    expect(b.received()).toEqual(['a>* all']);
    expect(world.faults(1)).toEqual({ E_SWITCH_PENDING: 1 });
  });

  it('tells the resolver which stations have left, and why or when does not matter', () => {
    const left: string[] = [];
    const departed: Resolver['departed'] = (network, bytes, offset, nowMs) => {
      left.push(`${network} ${String.fromCharCode(bytes[offset + 5]!)} ${nowMs}`);
    };
    const world = createWorld({
      learning: { ageingMs: 100 },
      roles: (roles) => ({
        ...roles,
        resolver: extend(roles.resolver, { departed }),
      }),
    });
    const [a, b, c] = [world.station(0, 1), world.station(0, 1), world.station(1, 1)];
    a.send(frame('a', '*'));
    b.send(frame('b', '*'), frame('m', '*'));
    world.settle(0);
    c.send(frame('m', '*'));
    world.settle(10);
    world.switches[0]!.removePort('port1', 20);
    world.switches[0]!.tick(101);
    expect(left).toEqual(['1 m 10', '1 b 20', '1 a 101']);
  });

  it('lets time pass for an encapsulation that holds packets', () => {
    const ticks: number[] = [];
    const world = createWorld({
      roles: (roles) => ({
        ...roles,
        encapsulation: wrap(roles.encapsulation, { tick: (nowMs) => void ticks.push(nowMs) }),
      }),
    });
    world.switches[0]!.tick(7);
    expect(ticks).toEqual([7]);
  });

  it('counts a locator of a family that has no underlay', () => {
    const six = createTunnelTo(0).destination;
    six.family = 6;
    const world = createWorld({ roles: (roles) => ({ ...roles, replicator: { targets: () => [{ address: six }] } }) });
    world.station(0, 1).send(frame('a', '*'));
    world.settle();
    expect(world.faults(0)).toEqual({ E_SWITCH_NO_UNDERLAY: 1 });
  });
});

function createTunnelTo(address: number): TunnelMetadata {
  const tunnel = new TunnelMetadata();
  tunnel.destination.setIpv4(address);
  return tunnel;
}
