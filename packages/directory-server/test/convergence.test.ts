import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { FOLLOWER_TIMES } from '../src/index.js';
import { World, put, remove } from './simulation/world.js';
import { change, storeKeyOf } from './simulation/writes.js';

// On a busy machine virtual time passes slowly, too.
jest.setTimeout(120_000);

/** Worlds are slow to run; what matters is that they differ. */
const RUNS = 25;

const write = fc.record({
  host: fc.integer({ min: 1, max: 12 }),
  isRemoval: fc.boolean(),
  pauseMs: fc.integer({ min: 0, max: 400 }),
});
const faults = fc.record({
  lose: fc.constantFrom(0, 0.3, 1),
  repeat: fc.constantFrom(0, 0.5),
  delayMaxMs: fc.constantFrom(0, 50, 3000),
});
const mishap = fc.constantFrom('none', 'cut', 'compact', 'rebuild', 'garbage');

describe('every server', () => {
  it('equals the store one anti-entropy period after updates stop, whatever the watch lost, repeated or delayed', async () => {
    const plan = fc.record({ seed: fc.integer(), writes: fc.array(write, { maxLength: 30 }), faults, mishap });
    await fc.assert(
      fc.asyncProperty(plan, async ({ seed, writes, faults: wanted, mishap: what }) => {
        const world = new World({ seed, servers: 2 });
        await world.start();
        Object.assign(world.store.faults, wanted);
        for (const [i, { host, isRemoval, pauseMs }] of writes.entries()) {
          if (i === Math.floor(writes.length / 2)) await happen(world, what);
          const address = `10.0.0.${host}`;
          change(world.store, isRemoval ? remove(7, address) : put(7, address, `192.0.2.${1 + (i % 200)}`, i));
          await world.clock.advance(pauseMs);
        }
        for (const connection of world.connections) connection.isCut = false;
        Object.assign(world.store.faults, { lose: 0, repeat: 0, delayMaxMs: 0 });
        // The period may be a tenth longer, and after a cut a server needs some seconds to try again.
        await world.clock.advance(1.1 * FOLLOWER_TIMES.antiEntropyMs + 10_000);
        const truth = JSON.stringify([...world.truth()].sort());
        const same = world.servers.every((_, i) => JSON.stringify([...world.known(i)].sort()) === truth);
        await world.stop();
        return same;
      }),
      { numRuns: RUNS },
    );
  });

  it('counts what anti-entropy had to mend, and nothing when the watch is good', async () => {
    const world = new World();
    await world.start();
    change(world.store, put(7, '10.0.0.1', '192.0.2.1', 1));
    await world.clock.advance(40_000);
    expect(world.servers[0]!.counters.repairs).toBe(0);
    world.store.faults.lose = 1;
    change(world.store, put(7, '10.0.0.2', '192.0.2.1', 1));
    change(world.store, remove(7, '10.0.0.1'));
    await world.clock.advance(40_000);
    expect(world.servers[0]!.counters.repairs).toBe(2);
    await world.stop();
  });

  it('finds a lost deletion in a table too large to compare each time', async () => {
    const settings = { follower: { ...FOLLOWER_TIMES, scanEachTime: 0 } };
    const world = new World({ settings });
    await world.start();
    change(world.store, put(7, '10.0.0.1', '192.0.2.1', 1));
    await world.clock.advance(100);
    world.store.faults.lose = 1;
    change(world.store, remove(7, '10.0.0.1'));
    await world.clock.advance(40_000);
    expect(world.servers[0]!.table.size).toBe(0);
    await world.stop();
  });

  it('leaves out what is no mapping, and says so', async () => {
    const world = new World();
    const key = storeKeyOf('ol1/m/', 30);
    world.store.apply({ compares: [], ops: [{ type: 'put', key, value: new Uint8Array(5) }] });
    change(world.store, put(7, '10.0.0.1', '192.0.2.1', 1));
    await world.start();
    expect(world.servers[0]!.table.size).toBe(1);
    expect(world.events).toContainEqual({ event: 'badEntry', fault: 'E_STORE_KEY' });
    await world.stop();
  });
});

async function happen(world: World, what: string): Promise<void> {
  if (what === 'cut') for (const connection of world.connections) connection.isCut = true;
  if (what === 'compact') world.store.compact();
  if (what === 'rebuild') world.store.rebuild();
  if (what === 'garbage') {
    const key = storeKeyOf('ol1/m/', 21);
    world.store.apply({ compares: [], ops: [{ type: 'put', key, value: new Uint8Array(3) }] });
    world.store.apply({ compares: [], ops: [{ type: 'delete', key }] });
  }
  await world.clock.advance(10);
}
