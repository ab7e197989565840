import { CODE, OPERATION, TYPE, message, parseKey, source } from '@overlane/directory';
import { describe, expect, it, jest } from '@jest/globals';
import { World, put, remove, update } from './simulation/world.js';

// On a busy machine virtual time passes slowly, too.
jest.setTimeout(120_000);

/** A world in which host 17 has locator 192.0.2.17, and so on. */
async function worldWithHosts(options: ConstructorParameters<typeof World>[0] = {}, hosts = [17, 18]): Promise<World> {
  const world = new World(options);
  await world.start();
  const results = await update(
    world,
    hosts.map((host) => put(0, `192.0.2.${host}`, `192.0.2.${host}`, host)),
  );
  if (results.some(({ code }) => code !== CODE.OK)) throw new Error('hosts can not be registered');
  return world;
}

describe('updates', () => {
  it('are found on the server that took them as soon as they are acknowledged', async () => {
    const world = await worldWithHosts();
    const [result] = await update(world, [put(7, '10.0.0.1', '192.0.2.17', 17)], 17);
    expect(result).toEqual({ code: CODE.OK, version: Number(world.store.revision) });
    const lookup = { type: TYPE.LOOKUP, ...world.newTxid(), cookie: undefined, padding: 0 } as const;
    const questions = [{ key: parseKey(7, '10.0.0.1'), flags: 0, knownVersion: 0 }];
    world.give(0, world.datagram({ ...lookup, source: source.INFRASTRUCTURE, questions }, 0));
    const reply = message.decode(world.sent.at(-1)!.bytes);
    expect(reply).toMatchObject({ type: TYPE.LOOKUP_REPLY, answers: [{ code: CODE.OK, version: result!.version }] });
    await world.stop();
  });

  it('are refused to hosts that do not own the address or the locator', async () => {
    const world = await worldWithHosts();
    const codes = async (...args: Parameters<typeof update> extends [World, ...infer Rest] ? Rest : never) =>
      (await update(world, ...args)).map(({ code }) => code);
    expect(await codes([put(7, '10.0.0.1', '192.0.2.18', 17)], 17)).toEqual([CODE.NOT_OWNER]);
    expect(await codes([put(7, '10.0.0.1', '192.0.2.17', 17)], 17)).toEqual([CODE.OK]);
    expect(await codes([put(7, '10.0.0.1', '192.0.2.18', 18)], 18)).toEqual([CODE.NOT_OWNER]);
    expect(await codes([remove(7, '10.0.0.1')], 18)).toEqual([CODE.NOT_OWNER]);
    expect(await codes([put(0, '192.0.2.99', '192.0.2.17', 17)], 17)).toEqual([CODE.NOT_OWNER]);
    expect(world.servers[0]!.counters.ownerAlarms).toBe(4);
    const moved = { ...put(7, '10.0.0.1', '192.0.2.18', 18), op: OPERATION.MOVE, ttl: 0, mac: new Uint8Array(6) };
    expect(await codes([moved], 18)).toEqual([CODE.NOT_OWNER]);
    expect(await codes([moved], 17)).toEqual([CODE.OK]);
    expect(await codes([put(7, '10.0.0.1', '192.0.2.17', 17)], 17)).toEqual([CODE.NOT_OWNER]);
    expect(await codes([remove(7, '10.0.0.1')], 18)).toEqual([CODE.OK]);
    await world.stop();
  });

  it('fail alone when one of a batch fails', async () => {
    const world = await worldWithHosts();
    await update(world, [put(7, '10.0.0.1', '192.0.2.17', 17)], 17);
    const results = await update(
      world,
      [
        put(7, '10.0.0.1', '192.0.2.18', 18),
        put(7, '10.0.0.2', '192.0.2.18', 18),
        put(7, '10.0.0.2', '192.0.2.18', 18),
      ],
      18,
    );
    expect(results.map(({ code }) => code)).toEqual([CODE.NOT_OWNER, CODE.OK, CODE.LIMIT]);
    await world.stop();
  });

  it('with a condition are refused with the version that is there', async () => {
    const world = await worldWithHosts();
    const absent = { ...put(7, '10.0.0.1', '192.0.2.17', 17), op: OPERATION.PUT_IF };
    const [first] = await update(world, [absent], 17);
    expect(first!.code).toBe(CODE.OK);
    expect(await update(world, [absent], 17)).toEqual([{ code: CODE.VERSION_MISMATCH, version: first!.version }]);
    const deleteIf = { ...remove(7, '10.0.0.1'), op: OPERATION.DELETE_IF, expectVersion: first!.version };
    expect((await update(world, [deleteIf], 17))[0]!.code).toBe(CODE.OK);
    await world.stop();
  });

  it('judge by the store, not by a table that lags behind', async () => {
    const world = await worldWithHosts({ servers: 2 });
    await world.clock.advance(100);
    world.store.faults.lose = 1;
    await update(world, [put(7, '10.0.0.1', '192.0.2.17', 17)], 17, 0);
    // Server 1 has not heard of it, and believes that the address is free.
    expect(await update(world, [put(7, '10.0.0.1', '192.0.2.18', 18)], 18, 1)).toEqual([
      { code: CODE.NOT_OWNER, version: 0 },
    ]);
    await world.stop();
  });

  it('are refused at once while the store does not answer, and work again afterwards', async () => {
    const world = await worldWithHosts();
    world.connections[0]!.isCut = true;
    expect(await update(world, [put(7, '10.0.0.1', '192.0.2.17', 17)], 17)).toEqual([
      { code: CODE.STORE_UNAVAILABLE, version: 0 },
    ]);
    world.connections[0]!.isCut = false;
    await world.clock.advance(10_000);
    expect((await update(world, [put(7, '10.0.0.1', '192.0.2.17', 17)], 17))[0]!.code).toBe(CODE.OK);
    await world.stop();
  });

  it('from a clock that is off are refused with CLOCK_SKEW', async () => {
    const world = await worldWithHosts();
    const bytes = world.datagram(
      { type: TYPE.UPDATE, ...world.newTxid(), changes: [put(7, '10.0.0.1', '192.0.2.17', 17)] },
      17,
    );
    await world.clock.advance(31_000);
    world.give(0, bytes);
    expect(world.lastReply()).toMatchObject({ type: TYPE.UPDATE_REPLY, code: CODE.CLOCK_SKEW, results: [] });
    await world.stop();
  });

  it('are forgotten a minute later', async () => {
    const world = await worldWithHosts();
    const size = world.store.items.size;
    await update(world, [put(7, '10.0.0.1', '192.0.2.17', 17)], 17);
    expect(world.store.items.size).toBe(size + 2);
    await world.clock.advance(62_000);
    expect([...world.store.items.keys()].filter((name) => name.startsWith('ol1/t/'))).toEqual([]);
    await world.stop();
  });
});
