import {
  CODE,
  FLAG,
  KIND,
  type MappingKey,
  QUESTION_FLAG,
  TYPE,
  header,
  message,
  paddingFor,
  paddingToFull,
  parseAddress,
  parseKey,
  source,
} from '@overlane/directory';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { World, put, update } from './simulation/world.js';
import { change } from './simulation/writes.js';

// On a busy machine virtual time passes slowly, too.
jest.setTimeout(120_000);

interface Asked {
  readonly keys: readonly MappingKey[];
  readonly from?: MappingKey;
  readonly flags?: number;
  readonly knownVersion?: number;
  readonly padding?: number;
  readonly cookie?: Uint8Array;
}

/** Asks server 0 and returns its reply, if there is one. */
async function ask(world: World, asked: Asked, hostId: number | undefined): Promise<message.Message | undefined> {
  const { keys, from = source.INFRASTRUCTURE, flags = 0, knownVersion = 0, padding = 0, cookie } = asked;
  world.sent.length = 0;
  const questions = keys.map((key) => ({ key, flags, knownVersion }));
  world.give(
    0,
    world.datagram({ type: TYPE.LOOKUP, ...world.newTxid(), source: from, questions, cookie, padding }, hostId),
  );
  await world.clock.advance(20);
  return world.lastReply();
}

function answersOf(reply: message.Message | undefined): readonly { code: number; version: number; tenant: number }[] {
  if (reply?.type !== TYPE.LOOKUP_REPLY) throw new Error('no reply');
  return reply.answers.map(({ code, version, key: { tenant } }) => ({ code, version, tenant }));
}

describe('lookups', () => {
  it('are answered in the order of the questions, absent ones with NOT_FOUND', async () => {
    const world = new World();
    change(world.store, put(7, '10.0.0.1', '192.0.2.1', 1));
    await world.start();
    const reply = await ask(world, { keys: [parseKey(7, '10.0.0.2'), parseKey(7, '10.0.0.1')] }, 0);
    expect(answersOf(reply).map(({ code }) => code)).toEqual([CODE.NOT_FOUND, CODE.OK]);
    expect(reply).toMatchObject({ stamp: { epoch: 1, revision: 1 }, flags: 0 });
    const known = await ask(world, { keys: [parseKey(7, '10.0.0.1')], knownVersion: 1 }, 0);
    expect(answersOf(known)[0]).toMatchObject({ code: CODE.NOT_MODIFIED, version: 1 });
    await world.stop();
  });

  it('are not denied by a server that is still loading', async () => {
    const world = new World();
    change(world.store, put(7, '10.0.0.1', '192.0.2.1', 1));
    world.connections[0]!.isCut = true;
    world.runs.push(world.servers[0]!.run());
    expect(await ask(world, { keys: [parseKey(7, '10.0.0.9')] }, 0)).toBeUndefined();
    expect(world.servers[0]!.counters.dropsSyncing).toBe(1);
    await world.stop();
  });

  it('are marked STALE when the store has been silent for too long', async () => {
    const world = new World();
    change(world.store, put(7, '10.0.0.1', '192.0.2.1', 1));
    await world.start();
    world.connections[0]!.isCut = true;
    await world.clock.advance(61_000);
    const reply = await ask(world, { keys: [parseKey(7, '10.0.0.1')] }, 0);
    expect(reply).toMatchObject({ flags: FLAG.STALE, answers: [{ code: CODE.OK }] });
    await world.stop();
  });

  it('with FRESH see what the watch has not delivered', async () => {
    const world = new World();
    await world.start();
    world.store.faults.lose = 1;
    change(world.store, put(7, '10.0.0.1', '192.0.2.1', 1));
    const keys = [parseKey(7, '10.0.0.1')];
    expect(answersOf(await ask(world, { keys }, 0))[0]!.code).toBe(CODE.NOT_FOUND);
    expect(answersOf(await ask(world, { keys, flags: QUESTION_FLAG.FRESH }, 0))[0]!.code).toBe(CODE.OK);
    world.connections[0]!.isCut = true;
    world.sent.length = 0;
    await ask(world, { keys, flags: QUESTION_FLAG.FRESH }, 0);
    await world.clock.advance(500);
    expect(world.lastReply()).toMatchObject({ code: CODE.STORE_UNAVAILABLE });
    await world.stop();
  });

  it('are answered only to hosts that have the source they name', async () => {
    const world = new World();
    change(world.store, put(7, '10.0.0.1', '192.0.2.1', 21));
    change(world.store, put(7, '10.0.0.2', '192.0.2.1', 22));
    await world.start();
    const from = parseKey(7, '10.0.0.1');
    const keys = [parseKey(7, '10.0.0.2')];
    const codeFor = async (host: number, asker: MappingKey): Promise<number> =>
      answersOf(await ask(world, { keys, from: asker }, host))[0]!.code;
    expect(await codeFor(21, from)).toBe(CODE.OK);
    expect(await codeFor(22, from)).toBe(CODE.NOT_FOUND);
    expect(await codeFor(21, parseKey(7, '10.0.0.99'))).toBe(CODE.NOT_FOUND);
    expect(await codeFor(21, source.INFRASTRUCTURE)).toBe(CODE.NOT_FOUND);
    world.sent.length = 0;
    expect(await ask(world, { keys, from }, undefined)).toBeUndefined();
    await world.stop();
  });

  it('never tell of another tenant, and denied ones look exactly like absent ones', async () => {
    const world = new World({ policy: { peerings: [[1, 3]] } });
    for (const tenant of [1, 2, 3]) change(world.store, put(tenant, '10.0.0.1', '192.0.2.1', 21));
    await world.start();
    const from = parseKey(1, '10.0.0.1');
    const keys = [1, 2, 3].flatMap((tenant) => [parseKey(tenant, '10.0.0.1'), parseKey(tenant, '10.0.0.2')]);
    const answers = answersOf(await ask(world, { keys, from }, 21));
    expect(answers.map(({ tenant }) => tenant)).toEqual([1, 1, 2, 2, 3, 3]);
    expect(answers.map(({ code }) => code)).toEqual([0, 1, 1, 1, 0, 1]);
    const octets = world.sent[0]!.bytes;
    // Answers 2 and 3 are about tenant 2: forbidden and there, forbidden and absent. They differ in the address asked for.
    const start = message.ANSWERS_OFFSET + 72 + 48;
    const [there, absent] = [octets.slice(start, start + 48), octets.slice(start + 48, start + 96)];
    absent[23] = there[23]!;
    expect(there).toEqual(absent);
    await world.stop();
  });

  it('beyond a rate need a cookie, and are answered with it', async () => {
    const world = new World({ mode: 'reply', settings: { anonRate: 2 } });
    change(world.store, put(7, '10.0.0.1', '192.0.2.1', 1));
    await world.start();
    const keys = [parseKey(7, '10.0.0.1')];
    const again = (cookie?: Uint8Array): ReturnType<typeof ask> =>
      ask(world, { keys, padding: paddingFor(1, cookie === undefined ? 0 : 16), ...(cookie && { cookie }) }, 5);
    for (let i = 0; i < 2; i++) expect((await again())!.type).toBe(TYPE.LOOKUP_REPLY);
    const challenge = await again();
    if (challenge?.type !== TYPE.CHALLENGE) throw new Error('no challenge');
    expect(answersOf(await again(challenge.cookie))[0]!.code).toBe(CODE.OK);
    expect((await again(new Uint8Array(16)))!.type).toBe(TYPE.CHALLENGE);
    await world.stop();
  });

  it('unless authenticated get no reply longer than the request, whatever the table holds', async () => {
    const world = new World({ mode: 'reply' });
    for (let n = 1; n <= 8; n++) {
      const mapping = put(7, `10.0.0.${n}`, '192.0.2.1', 1);
      change(world.store, { ...mapping, locators: Array.from({ length: n }, () => mapping.locators[0]!) });
    }
    await world.start();
    const questions = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 16 });
    await fc.assert(
      fc.asyncProperty(questions, fc.integer({ min: 0, max: 500 }), fc.boolean(), async (hosts, padding, isTagged) => {
        const keys = hosts.map((host) => parseKey(7, `10.0.0.${host}`));
        const most = paddingToFull(keys.length, 0) - 16;
        world.sent.length = 0;
        const asked = keys.map((key) => ({ key, flags: 0, knownVersion: 0 }));
        const base = {
          type: TYPE.LOOKUP,
          ...world.newTxid(),
          source: source.INFRASTRUCTURE,
          cookie: undefined,
        } as const;
        const request = world.datagram(
          { ...base, questions: asked, padding: Math.min(padding, most) },
          isTagged ? 5 : undefined,
        );
        world.give(0, request);
        const reply = world.sent[0]!.bytes;
        if (message.check(reply) !== undefined) throw new Error(`malformed: ${message.check(reply)}`);
        const isCut = header.readCount(reply, 0) < keys.length;
        const says = (header.readFlags(reply, 0) & FLAG.TRUNCATED) !== 0;
        return reply.length <= request.length && isCut === says;
      }),
    );
    await world.stop();
  });

  it('total: no datagram makes a server throw, change the store, or send more than it got', async () => {
    const world = new World();
    change(world.store, put(7, '10.0.0.1', '192.0.2.1', 1));
    await world.start();
    const valid = world.datagram(
      { type: TYPE.UPDATE, ...world.newTxid(), changes: [put(7, '10.0.0.9', '192.0.2.1', 1)] },
      undefined,
    );
    const mutated = fc
      .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 6 })
      .map((edits) => edits.reduce((octets, [at, octet]) => ((octets[at] = octet), octets), valid.slice()));
    const before = world.store.revision;
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), async (octets) => {
        world.sent.length = 0;
        world.give(0, octets);
        return world.sent.length === 0;
      }),
    );
    await world.clock.advance(100);
    expect(world.store.revision).toBe(before);
    await world.stop();
  });

  it('are found again by kinds: IPv6 and MAC', async () => {
    const world = new World();
    for (const address of ['2001:db8::7', '02:00:00:00:00:09']) change(world.store, put(7, address, '2001:db8::1', 1));
    await world.start();
    const keys = ['2001:db8::7', '02:00:00:00:00:09'].map((address) => ({ tenant: 7, ...parseAddress(address) }));
    expect(keys.map(({ kind }) => kind)).toEqual([KIND.IPV6, KIND.MAC]);
    expect(answersOf(await ask(world, { keys }, 0)).map(({ code }) => code)).toEqual([0, 0]);
    await world.stop();
  });

  it('by a drained server are answered to the end, updates refused', async () => {
    const world = new World();
    change(world.store, put(7, '10.0.0.1', '192.0.2.1', 1));
    await world.start();
    await Promise.all([world.servers[0]!.drain(1000), world.clock.advance(50)]);
    expect(world.servers[0]!.isReady).toBe(false);
    expect(answersOf(await ask(world, { keys: [parseKey(7, '10.0.0.1')] }, 0))[0]!.code).toBe(CODE.OK);
    expect(await update(world, [put(7, '10.0.0.1', '192.0.2.1', 1)])).toEqual([{ code: CODE.OVERLOADED, version: 0 }]);
    await world.stop();
  });
});
