import { type ClientEvent, parseKey } from '@overlane/directory';
import { describe, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { HostNetwork } from './simulation/hosts.js';
import { World, put } from './simulation/world.js';
import { change } from './simulation/writes.js';

// On a busy machine virtual time passes slowly, too.
jest.setTimeout(120_000);

const RUNS = 15;
const HOST = 17;
const source = parseKey(7, '10.0.0.1');
const key = parseKey(7, '10.0.0.9');

const step = fc.record({
  what: fc.constantFrom('write', 'ask', 'ask', 'partition', 'heal', 'wait'),
  server: fc.nat(2),
  freshness: fc.constantFrom('cached' as const, 'confirmed' as const),
  pauseMs: fc.integer({ min: 0, max: 600 }),
});

describe('a client of servers that lag, in a network with faults', () => {
  it('never sees the version of a key decrease within an epoch, and in the end sees the last', async () => {
    const plan = fc.record({
      seed: fc.integer(),
      steps: fc.array(step, { maxLength: 30 }),
      lose: fc.constantFrom(0, 0.3),
      watchLose: fc.constantFrom(0, 0.7),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ seed, steps, lose, watchLose }) => {
        const world = new World({ seed, servers: 3 });
        change(world.store, put(0, `192.0.2.${HOST}`, `192.0.2.${HOST}`, HOST));
        change(world.store, put(7, '10.0.0.1', `192.0.2.${HOST}`, HOST));
        await world.start();
        const network = new HostNetwork(world);
        const client = network.add(HOST);
        Object.assign(network.faults, { lose, repeat: 0.2, delayMaxMs: 30 });
        Object.assign(world.store.faults, { lose: watchLose, repeat: 0.3, delayMaxMs: 400 });
        const versions: number[] = [];
        const ask = (freshness: 'cached' | 'confirmed'): void => {
          const outcome = client.resolve(key, source, freshness, world.clock.monotonicMs());
          if (outcome.state === 'resolved') versions.push(outcome.mapping.version);
        };
        for (const [i, { what, server, freshness, pauseMs }] of steps.entries()) {
          if (what === 'write') change(world.store, put(7, '10.0.0.9', `192.0.2.${100 + i}`, 0));
          if (what === 'ask') ask(freshness);
          if (what === 'partition') network.partition(server, HOST);
          if (what === 'heal') network.heal();
          await network.advance(pauseMs);
          versions.push(...network.events.splice(0).flatMap(versionOf));
        }
        network.heal();
        Object.assign(world.store.faults, { lose: 0, repeat: 0 });
        change(world.store, put(7, '10.0.0.9', '192.0.2.250', 0));
        const last = Number(world.store.revision);
        // Probes of servers that seemed dead are up to half a minute apart.
        await network.advance(31_000);
        ask('confirmed');
        await network.advance(500);
        versions.push(...network.events.splice(0).flatMap(versionOf));
        await world.stop();
        for (let i = 1; i < versions.length; i++) if (versions[i]! < versions[i - 1]!) return false;
        return versions.at(-1) === last;
      }),
      { numRuns: RUNS },
    );
  });
});

function versionOf(event: ClientEvent): number[] {
  return event.type === 'resolved' ? [event.mapping.version] : [];
}
