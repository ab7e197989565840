/**
 * The client against a model that knows every write, over a network that loses, doubles, damages and reorders, with servers
 * that lag, die, forget their deletes, load anew and are restored. What must hold whatever happens:
 *
 * - versions of a key, as the caller sees them, never go back within an epoch;
 * - what is resolved was true at the version it names, and "there is none" was true at some revision;
 * - every request that waits is answered exactly once, and within the deadline;
 * - memory stays within its bounds.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ClientEvent, type MappingKey, OPERATION, formatKey, parseKey } from '../src/index.js';
import { hmacSha256 } from '../src/node.js';
import { CALM, Simulation, addressOf, placeOf, randomOf } from './simulation.js';

const KEYS: readonly MappingKey[] = ['10.0.0.1', '10.0.0.2', 'fd00::1', '02:00:00:00:00:01'].map((aa) =>
  parseKey(7, aa),
);
const ME = parseKey(7, '10.0.0.9');
const MAX_ENTRIES = 3;
const DEADLINE_MS = 100;
/** A case is a whole history of some hundred datagrams. */
const RUNS = { numRuns: Math.ceil((fc.readConfigureGlobal().numRuns ?? 100) / 6) };

type Step =
  | { readonly do: 'ask'; readonly key: number; readonly confirmed: boolean }
  | { readonly do: 'put'; readonly key: number; readonly place: number | undefined }
  | { readonly do: 'update'; readonly key: number; readonly place: number }
  | { readonly do: 'follow'; readonly server: number; readonly steps: number }
  | { readonly do: 'toggle'; readonly server: number; readonly what: 'alive' | 'syncing' | 'tombstones' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'restore' }
  | { readonly do: 'replay'; readonly which: number; readonly server: number };

const step = (): fc.Arbitrary<Step> => {
  const key = fc.nat({ max: KEYS.length - 1 });
  const server = fc.nat({ max: 2 });
  const place = fc.nat({ max: 200 });
  return fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({ do: fc.constant('ask' as const), key, confirmed: fc.nat({ max: 5 }).map((n) => n === 0) }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('put' as const),
        key,
        place: fc.option(place, { nil: undefined, freq: 3 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('update' as const), key, place }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('follow' as const), server, steps: fc.nat({ max: 3 }) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('toggle' as const),
        server,
        what: fc.constantFrom('alive' as const, 'syncing' as const, 'tombstones' as const),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('wait' as const),
        ms: fc.oneof(fc.nat({ max: 30 }), fc.constantFrom(500, 1700, 4000, 40_000)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restore' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('replay' as const), which: fc.nat(), server }) },
  );
};

const weather = fc.oneof(
  fc.constant(CALM),
  fc.record({
    loss: fc.nat({ max: 500 }),
    doubling: fc.nat({ max: 500 }),
    damage: fc.nat({ max: 200 }),
    delayMaxMs: fc.constantFrom(1, 20, 200),
  }),
);

/** What the caller sees, held against all that was ever written. */
class Witness {
  readonly sim: Simulation;
  readonly waiting = new Map<number, { key: MappingKey; sinceMs: number; epoch: number }>();
  readonly seen = new Map<string, number>();
  constructor(sim: Simulation) {
    this.sim = sim;
    sim.onEvent = (event) => this.onEvent(event);
  }

  see(key: MappingKey, mapping: { version: number; locators: readonly { addr: Uint8Array }[] }): void {
    const name = formatKey(key);
    const { version } = mapping;
    const before = this.seen.get(name) ?? 0;
    if (version < before) throw new Error(`${name} went back from version ${before} to ${version}`);
    this.seen.set(name, version);
    const wasThere = [...this.sim.store.history.values()].some(
      (writes) => writes[version - 1]?.name === name && writes[version - 1]?.place === placeOf(mapping),
    );
    if (!wasThere) throw new Error(`${name} was never at ${placeOf(mapping)} in version ${version}`);
  }

  onEvent(event: ClientEvent): void {
    if (event.type === 'epochChanged') this.seen.clear();
    if (!('request' in event)) return;
    const request = this.waiting.get(event.request);
    if (request === undefined) throw new Error(`request ${event.request} is answered twice, or was never made`);
    this.waiting.delete(event.request);
    if (event.type === 'resolved') this.see(request.key, event.mapping);
    if (event.type === 'failed') this.refuse(request.key, event.code);
    if (event.type === 'updated' && request.epoch === this.sim.store.epoch) {
      const name = formatKey(request.key);
      this.seen.set(name, Math.max(this.seen.get(name) ?? 0, event.results[0]!.version));
    }
  }

  /** "There is none" must be true of some revision that is no older than the newest version seen. */
  refuse(key: MappingKey, code: string): void {
    if (code === 'NO_SERVER' || code === 'DEADLINE') return;
    if (code !== 'NOT_FOUND') throw new Error(`failed with ${code}`);
    const { store } = this.sim;
    const since = this.seen.get(formatKey(key)) ?? 0;
    for (const [epoch, writes] of store.history) {
      for (let at = since; at <= writes.length; at++) if (store.at(key, at, epoch).place === undefined) return;
    }
    throw new Error(`${formatKey(key)} was always there since version ${since}`);
  }

  checkBounds(): void {
    const { entries, queries, outstanding } = this.sim.client.load;
    if (entries > MAX_ENTRIES) throw new Error(`${entries} entries, ${MAX_ENTRIES} allowed`);
    if (queries > 2 * KEYS.length) throw new Error(`${queries} queries for ${KEYS.length} keys`);
    // k servers, three rounds, and what is put back; datagrams are forgotten after a second at the latest.
    if (outstanding > 500) throw new Error(`${outstanding} datagrams wait`);
    for (const [request, { sinceMs }] of this.waiting) {
      if (this.sim.nowMs > sinceMs + DEADLINE_MS)
        throw new Error(`request ${request} waits for ${this.sim.nowMs - sinceMs} ms`);
    }
  }
}

function perform(sim: Simulation, witness: Witness, one: Step): void {
  switch (one.do) {
    case 'ask': {
      const key = KEYS[one.key]!;
      const outcome = sim.client.resolve(key, ME, one.confirmed ? 'confirmed' : 'cached', sim.nowMs);
      if (outcome.state === 'pending')
        witness.waiting.set(outcome.request, { key, sinceMs: sim.nowMs, epoch: sim.store.epoch });
      else if (outcome.state === 'resolved') witness.see(key, outcome.mapping);
      else witness.refuse(key, outcome.code);
      const peeked = sim.client.peek(key, sim.nowMs);
      if (peeked !== undefined) witness.see(key, peeked);
      return;
    }
    case 'put':
      sim.store.put(KEYS[one.key]!, one.place);
      return;
    case 'update': {
      const locators = [{ kind: 1, encap: 2, port: 0, label: 0, addr: addressOf(one.place) }];
      const change = {
        op: OPERATION.PUT,
        key: KEYS[one.key]!,
        expectVersion: 0,
        owner: 1,
        ttl: 2,
        mac: new Uint8Array(6),
        flags: 0,
        locators,
      };
      const outcome = sim.client.update([change], sim.nowMs);
      if (outcome.state === 'pending')
        witness.waiting.set(outcome.request, {
          key: KEYS[one.key]!,
          sinceMs: sim.nowMs + 30_000,
          epoch: sim.store.epoch,
        });
      return;
    }
    case 'follow':
      sim.servers[one.server]!.follow(one.steps);
      return;
    case 'toggle': {
      const server = sim.servers[one.server]!;
      server[one.what] = !server[one.what];
      return;
    }
    case 'wait':
      sim.run(one.ms);
      return;
    case 'restore':
      sim.store.restore(sim.store.writes.length >>> 1);
      return;
    case 'replay':
      if (sim.heard.length > 0) sim.client.receive(one.server, sim.heard[one.which % sim.heard.length]!, sim.nowMs);
  }
}

describe('the client, whatever the network does', () => {
  it('never goes back, never invents, answers each request once and in time, in bounded memory', () => {
    fc.assert(
      fc.property(fc.nat(), weather, fc.array(step(), { maxLength: 80, size: 'max' }), (seed, over, steps) => {
        const sim = new Simulation(
          seed,
          { maxEntries: MAX_ENTRIES, deadlineMs: DEADLINE_MS, maxStaleMs: 30_000, updateTimeoutMs: 500 },
          { hmac: hmacSha256, key: new Uint8Array(32).fill(9) },
        );
        const witness = new Witness(sim);
        sim.weather = over;
        for (const one of steps) {
          perform(sim, witness, one);
          sim.pump();
          witness.checkBounds();
        }
        sim.run(60_000);
        if (witness.waiting.size > 0) throw new Error(`${witness.waiting.size} requests were never answered`);
        if (sim.client.load.queries > 0) throw new Error('a query outlived its deadline');
      }),
      RUNS,
    );
  });

  it('agrees with the store once the network is calm and the servers have caught up', () => {
    fc.assert(
      fc.property(fc.nat(), weather, fc.array(step(), { maxLength: 40, size: 'max' }), (seed, over, steps) => {
        const sim = new Simulation(seed, { maxEntries: MAX_ENTRIES, updateTimeoutMs: 500 });
        const witness = new Witness(sim);
        // Damage without tags may show the client any epoch at all.
        sim.weather = { ...over, damage: 0 };
        for (const one of steps) {
          perform(sim, witness, one);
          sim.pump();
        }
        sim.run(10_000);
        sim.weather = CALM;
        for (const server of sim.servers) {
          server.follow(Infinity);
          Object.assign(server, { alive: true, syncing: false });
        }
        sim.run(62_000);
        for (const key of KEYS) {
          const outcome = sim.client.resolve(key, ME, 'confirmed', sim.nowMs);
          if (outcome.state !== 'pending') throw new Error('confirmed from the cache');
          sim.onEvent = (event) => {
            if (!('request' in event) || event.request !== outcome.request) return;
            const { place } = sim.store.at(key, sim.store.writes.length);
            const got =
              event.type === 'resolved' ? placeOf(event.mapping) : event.type === 'failed' ? event.code : event.type;
            if (got !== (place ?? 'NOT_FOUND'))
              throw new Error(`${formatKey(key)} is at ${place}, the client says ${got}`);
          };
          sim.pump();
          sim.run(200);
        }
      }),
      RUNS,
    );
  });

  it('crashes on no octets, and changes nothing for those that are not authenticated (total)', () => {
    const sim = new Simulation(1, {}, { hmac: hmacSha256, key: new Uint8Array(32).fill(9) });
    sim.store.put(KEYS[0]!, 4);
    for (const server of sim.servers) server.follow(1);
    sim.client.resolve(KEYS[0]!, ME, 'cached', sim.nowMs);
    sim.pump();
    sim.run(100);
    const before = sim.client.peek(KEYS[0]!, sim.nowMs);
    expect(before).toMatchObject({ version: 1 });
    const random = randomOf(5);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (octets, which) => {
        const heard = sim.heard[which % sim.heard.length]!.slice();
        heard[random() % heard.length]! ^= 1 << (random() & 7);
        for (const datagram of [octets, heard]) {
          sim.client.receive(which % 3, datagram, sim.nowMs);
          sim.client.receiveControl(datagram, sim.nowMs);
        }
        if (sim.client.takeEvents().length > 0) throw new Error('it did something');
        if (sim.client.peek(KEYS[0]!, sim.nowMs) !== before) throw new Error('it believed it');
      }),
    );
  });
});
