import { describe, expect, it } from '@jest/globals';
import { type Encapsulation, PacketBuffer, type Resolver, TunnelMetadata } from '@overlane/wire';
import type { SwitchRoles } from '../src/index.js';
import { createWorld, frame } from './harness.js';

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
    const answers: Resolver = {
      resolve: () => 'pending',
      observe: () => true,
      forget: () => undefined,
      tick: () => [{ kind: 'send', network: 1, destination: target, payload: frame('q', '*', 'question') }],
    };
    const world = createWorld({ roles: (roles) => ({ ...roles, resolver: answers }) });
    const [a, b] = [world.station(0, 1), world.station(1, 1)];
    const target = { address: createTunnelTo(0xc0000202).destination };
    a.send(frame('a', 'b'));
    world.settle();
    expect(world.faults(0)).toEqual({ E_SWITCH_PENDING: 1 });
    world.switches[0]!.tick(0);
    world.settle();
    expect(b.received()).toEqual(['q>* question']);
  });

  it('refuses packets that a far endpoint left to be cut', () => {
    const offloading = (roles: SwitchRoles): SwitchRoles => ({
      ...roles,
      encapsulation: Object.assign(Object.create(roles.encapsulation) as Encapsulation, {
        encapsulate: roles.encapsulation.encapsulate.bind(roles.encapsulation),
        decapsulate: (packet: PacketBuffer, tunnel: TunnelMetadata, nowMs: number) => {
          const outcome = roles.encapsulation.decapsulate(packet, tunnel, nowMs);
          packet.segmentType = 'tcp4';
          return outcome;
        },
      }),
    });
    const world = createWorld({ roles: offloading });
    const [a, b] = [world.station(0, 1), world.station(1, 1)];
    a.send(frame('a', '*'));
    world.settle();
    expect(b.received()).toEqual([]);
    expect(world.faults(1)).toEqual({ E_SWITCH_UNSEGMENTED: 1 });
  });

  it('lets time pass for an encapsulation that holds packets', () => {
    const ticks: number[] = [];
    const world = createWorld({
      roles: (roles) => ({
        ...roles,
        encapsulation: Object.assign(Object.create(roles.encapsulation) as typeof roles.encapsulation, {
          tick: (nowMs: number) => ticks.push(nowMs),
        }),
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
