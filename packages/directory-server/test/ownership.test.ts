import { CODE, OPERATION } from '@overlane/directory';
import { describe, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { World, put, remove, update } from './simulation/world.js';

// On a busy machine virtual time passes slowly, too.
jest.setTimeout(120_000);

const RUNS = 20;
const HOSTS = [17, 18, 19];

const step = fc.record({
  host: fc.constantFrom(...HOSTS),
  server: fc.nat(1),
  op: fc.constantFrom('put', 'put', 'remove', 'move'),
  /** Whose locator and owner the change names. */
  names: fc.constantFrom(...HOSTS),
  address: fc.constantFrom('10.0.0.1', '10.0.0.2'),
});

describe('ownership', () => {
  it('passes from host to host by handover only, whatever hosts send', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(step, { maxLength: 20 }), async (seed, steps) => {
        const world = new World({ seed, servers: 2 });
        await world.start();
        await update(
          world,
          HOSTS.map((host) => put(0, `192.0.2.${host}`, `192.0.2.${host}`, host)),
        );
        await world.clock.advance(50);
        // The whole rule again, in a few lines and without a store.
        const owners = new Map<string, number>();
        for (const { host, server, op, names, address } of steps) {
          const owner = owners.get(address);
          const mine = owner === undefined || owner === host;
          const wanted = put(7, address, `192.0.2.${names}`, names);
          const moved = { ...wanted, op: OPERATION.MOVE, ttl: 0, mac: new Uint8Array(6) };
          const made = op === 'put' ? wanted : op === 'move' ? moved : remove(7, address);
          const [result] = await update(world, [made], host, server);
          const expected = expectedCode(op, owner, mine, names === host);
          if (result!.code !== expected) throw new Error(`${op} by ${host}: ${result!.code}, expected ${expected}`);
          if (expected !== CODE.OK) continue;
          if (op === 'remove') owners.delete(address);
          else owners.set(address, names);
        }
        await world.stop();
      }),
      { numRuns: RUNS },
    );
  });
});

function expectedCode(op: string, owner: number | undefined, mine: boolean, namesItself: boolean): number {
  if (!mine) return CODE.NOT_OWNER;
  if (op === 'put') return namesItself ? CODE.OK : CODE.NOT_OWNER;
  return owner === undefined ? CODE.NOT_FOUND : CODE.OK;
}
