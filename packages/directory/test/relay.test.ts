/** Packets for stations that moved are sent on once, and never in circles. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Locator, Relay, type RelayMark, type ResolvedMapping, parseKey, parseLocator } from '../src/index.js';

const HOLD_MS = 2000;
const locatorOf = (host: number): Locator => parseLocator({ address: `192.0.2.${host + 1}` });
const hostOf = ({ addr }: Locator): number => addr[15]! - 1;
const keyOf = (station: number): ReturnType<typeof parseKey> => parseKey(7, `10.0.0.${station + 1}`);

function mappingAt(station: number, host: number): ResolvedMapping {
  const rest = { mac: new Uint8Array(6), ttl: 300, flags: 0, version: 1, stale: false };
  return { key: keyOf(station), locators: [locatorOf(host)], ...rest };
}

describe('Relay', () => {
  const make = (place?: number, maxStations?: number): Relay =>
    new Relay({
      find: () => (place === undefined ? undefined : mappingAt(0, place)),
      isOwn: (locator) => hostOf(locator) === 0,
      ...(maxStations !== undefined && { maxStations }),
    });

  it('sends packets on for two seconds after a station left', () => {
    const relay = make(1);
    expect(relay.relayTo(keyOf(0), 'direct', 0)).toBeUndefined();
    relay.departed(keyOf(0), 100);
    expect(relay.relayTo(keyOf(0), 'direct', 100)).toEqual(locatorOf(1));
    expect(relay.relayTo(keyOf(1), 'direct', 100)).toBeUndefined();
    expect(relay.relayTo(keyOf(0), 'direct', 100 + HOLD_MS - 1)).toEqual(locatorOf(1));
    expect(relay.relayTo(keyOf(0), 'direct', 100 + HOLD_MS)).toBeUndefined();
    expect([relay.relayed, relay.refused]).toEqual([2, 0]);
  });

  it('sends nothing on that was sent on before, to itself, to nowhere, or for who came back', () => {
    const relay = make(1);
    relay.departed(keyOf(0), 0);
    expect(relay.relayTo(keyOf(0), 'relayed', 1)).toBeUndefined();
    expect(relay.refused).toBe(1);
    relay.arrived(keyOf(0));
    expect(relay.relayTo(keyOf(0), 'direct', 1)).toBeUndefined();
    for (const place of [0, undefined]) {
      const other = make(place);
      other.departed(keyOf(0), 0);
      expect(other.relayTo(keyOf(0), 'direct', 1)).toBeUndefined();
    }
  });

  it('remembers the last to leave, and forgets who left long ago', () => {
    const relay = make(1, 3);
    for (let station = 0; station < 5; station++) relay.departed(keyOf(station), station);
    expect(relay.size).toBe(3);
    const places = [0, 1, 2, 3, 4].map((station) => relay.relayTo(keyOf(station), 'direct', 5) !== undefined);
    expect(places).toEqual([false, false, true, true, true]);
    relay.departed(keyOf(5), 10_000);
    expect(relay.size).toBe(1);
  });
});

/** Hosts that move stations and believe what they like about where they are. */
class World {
  readonly #homes: number[];
  readonly #beliefs: number[][];
  readonly #relays: Relay[];
  nowMs = 0;

  constructor(hosts: number, stations: number) {
    this.#homes = Array.from({ length: stations }, () => 0);
    this.#beliefs = Array.from({ length: hosts }, () => Array.from({ length: stations }, () => 0));
    this.#relays = this.#beliefs.map(
      (beliefs, own) =>
        new Relay({
          find: ({ addr }) => mappingAt(addr[15]! - 1, beliefs[addr[15]! - 1]!),
          isOwn: (locator) => hostOf(locator) === own,
        }),
    );
  }

  believe(host: number, station: number, place: number): void {
    this.#beliefs[host]![station] = place;
  }

  move(station: number, to: number): void {
    const from = this.#homes[station]!;
    if (from === to) return;
    this.#relays[from]!.departed(keyOf(station), this.nowMs);
    this.#relays[to]!.arrived(keyOf(station));
    this.#homes[station] = to;
  }

  /** Hosts that a packet from `host` visits, and whether it arrives. */
  send(host: number, station: number): { readonly visited: readonly number[]; readonly arrived: boolean } {
    const visited: number[] = [];
    let mark: RelayMark = 'direct';
    for (let at = this.#beliefs[host]![station]!; visited.length < 100;) {
      visited.push(at);
      if (this.#homes[station] === at) return { visited, arrived: true };
      const next = this.#relays[at]!.relayTo(keyOf(station), mark, this.nowMs);
      if (next === undefined) break;
      mark = 'relayed';
      at = hostOf(next);
    }
    return { visited, arrived: false };
  }
}

describe('hosts that relay', () => {
  const HOSTS = 3;
  const host = fc.nat(HOSTS - 1);

  it('send each packet on once at most, whatever they believe', () => {
    const beliefs = fc.array(host, { minLength: HOSTS, maxLength: HOSTS });
    const moves = fc.array(fc.record({ to: host, afterMs: fc.nat(1500) }), { maxLength: 6 });
    fc.assert(
      fc.property(moves, beliefs, host, (moved, believed, sender) => {
        const world = new World(HOSTS, 1);
        for (const { to, afterMs } of moved) {
          world.nowMs += afterMs;
          world.move(0, to);
        }
        believed.forEach((place, at) => world.believe(at, 0, place));
        return world.send(sender, 0).visited.length <= 2;
      }),
    );
  });

  it('lose nothing for two seconds, once the old host knows the new place', () => {
    fc.assert(
      fc.property(host, host, host, fc.nat(HOLD_MS - 1), (sender, from, to, afterMs) => {
        const world = new World(HOSTS, 1);
        world.move(0, from);
        world.believe(sender, 0, from);
        world.move(0, to);
        if (from !== to) world.believe(from, 0, to);
        world.nowMs = afterMs;
        return world.send(sender, 0).arrived;
      }),
    );
  });
});
