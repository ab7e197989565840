import { CODE, OPERATION, type Change, TYPE, message } from '@overlane/directory';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { type World as WorldType, World, put, remove, update } from './simulation/world.js';

// On a busy machine virtual time passes slowly, too.
jest.setTimeout(120_000);

const RUNS = 25;

/** Copies of one datagram: to which server, and when. */
const copies = fc.array(fc.record({ server: fc.nat(2), pauseMs: fc.integer({ min: 0, max: 300 }) }), {
  minLength: 2,
  maxLength: 8,
});

describe('an update', () => {
  it('that comes n times to m servers changes the store at most once', async () => {
    const plan = fc.record({
      seed: fc.integer(),
      copies,
      lossy: fc.boolean(),
      /** Between the copies somebody else changes the same address. */
      interference: fc.boolean(),
      op: fc.constantFrom(OPERATION.PUT, OPERATION.DELETE),
    });
    await fc.assert(
      fc.asyncProperty(plan, async ({ seed, copies: all, lossy, interference, op }) => {
        const world = new World({ seed, servers: 3 });
        await world.start();
        const [before] = await update(world, [put(7, '10.0.0.1', '192.0.2.1', 5)]);
        if (before?.code !== CODE.OK) return false;
        for (const connection of world.connections) connection.loseResult = lossy ? 0.5 : 0;
        const wanted: Change = op === OPERATION.PUT ? put(7, '10.0.0.1', '192.0.2.200', 6) : remove(7, '10.0.0.1');
        const bytes = world.datagram({ type: TYPE.UPDATE, ...world.newTxid(), changes: [wanted] }, 0);
        for (const [i, { server, pauseMs }] of all.entries()) {
          world.give(server, bytes);
          await world.clock.advance(pauseMs);
          if (interference && i === 0) await otherWrites(world);
        }
        await world.clock.advance(3000);
        const times = timesWritten(world, op);
        await world.stop();
        return times <= 1 && (lossy || times === 1);
      }),
      { numRuns: RUNS },
    );
  });

  it('gets the same reply from whichever server it is sent to again', async () => {
    const world = new World({ servers: 2 });
    await world.start();
    const changes = [put(7, '10.0.0.1', '192.0.2.1', 5), remove(7, '10.0.0.2')];
    const bytes = world.datagram({ type: TYPE.UPDATE, ...world.newTxid(), changes }, 0);
    for (const server of [0, 1, 1, 0]) {
      world.give(server, bytes);
      await world.clock.advance(100);
    }
    const replies = world.sent.map(({ bytes: reply }) => message.decode(reply));
    expect(replies).toHaveLength(4);
    for (const reply of replies) {
      expect(reply).toMatchObject({ type: TYPE.UPDATE_REPLY, code: CODE.OK });
      expect(reply.type === TYPE.UPDATE_REPLY && reply.results).toEqual([
        { code: CODE.OK, version: 1 },
        { code: CODE.NOT_FOUND, version: 0 },
      ]);
    }
    await world.stop();
  });
});

async function otherWrites(world: WorldType): Promise<void> {
  for (const connection of world.connections) connection.loseResult = 0;
  await update(world, [put(7, '10.0.0.1', '192.0.2.77', 7)], 0, 2);
}

/** How often the log shows what the update writes: its owner 6, or a deletion of a mapping. */
function timesWritten(world: WorldType, op: number): number {
  const events = world.store.log.flatMap(({ events: all }) => all);
  return events.filter((event) => {
    const isMapping = String.fromCharCode(...event.key).startsWith('ol1/m/');
    if (!isMapping) return false;
    return op === OPERATION.DELETE ? event.type === 'delete' : event.type === 'put' && event.value[31] === 6;
  }).length;
}
