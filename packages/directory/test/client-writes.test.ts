import { describe, expect, it } from '@jest/globals';
import { CODE, type MappingKey, OPERATION, TYPE, message } from '../src/index.js';
import { A, B, KEYS, ask, askAndWait, calm, resultOf } from './asking.js';
import { NaiveServer, addressOf, placeOf } from './simulation.js';

describe('corrections', () => {
  const correct = (place: number | undefined, version: number, epoch = 1) => ({
    type: TYPE.CORRECT,
    txidHi: 1,
    txidLo: version,
    keyId: 0,
    time: 0,
    tag: undefined,
    flags: 0,
    stamp: { epoch, revision: version },
    answers: [
      {
        key: A,
        code: place === undefined ? CODE.NOT_FOUND : CODE.OK,
        version,
        ttl: place === undefined ? 0 : 2,
        mac: new Uint8Array(6),
        flags: 0,
        locators: place === undefined ? [] : [{ kind: 1, encap: 2, port: 0, label: 0, addr: addressOf(place) }],
      },
    ],
  });

  it('replace what is cached if they are newer, and are acknowledged each time', () => {
    const sim = calm({}, KEYS);
    askAndWait(sim, A);
    for (let i = 0; i < 2; i++) sim.client.receiveControl(sim.seal(correct(2, 10)), sim.nowMs);
    sim.client.receiveControl(sim.seal(correct(1, 9)), sim.nowMs);
    sim.pump();
    expect(placeOf(sim.client.peek(A, sim.nowMs)!)).toBe(2);
    expect(sim.events.filter(({ type }) => type === 'moved')).toHaveLength(1);
    const acknowledged = sim.events.flatMap((event) =>
      event.type === 'acknowledge' ? [message.decode(event.datagram)] : [],
    );
    expect(acknowledged.map(({ txidLo }) => txidLo)).toEqual([10, 10, 9]);
    sim.client.receiveControl(sim.seal(correct(undefined, 11)), sim.nowMs);
    expect(sim.client.peek(A, sim.nowMs)).toBeUndefined();
    expect(sim.client.takeEvents()).toContainEqual({ type: 'moved', key: A, mapping: undefined });
  });

  it('create nothing unless asked to, and prove who sends them', () => {
    const sim = calm({}, KEYS);
    sim.client.receiveControl(sim.seal(correct(2, 10)), sim.nowMs);
    expect(sim.client.peek(A, sim.nowMs)).toBeUndefined();
    const forged = sim.seal(correct(2, 12));
    forged[forged.length - 1]! ^= 1;
    sim.client.receiveControl(forged, sim.nowMs);
    sim.client.receiveControl(message.encode(correct(2, 12)), sim.nowMs);
    expect(sim.client.counters.unauthenticated).toBe(2);
    const open = calm({ acceptUnsolicited: true }, KEYS);
    open.client.receiveControl(open.seal(correct(2, 10)), open.nowMs);
    expect(placeOf(open.client.peek(A, open.nowMs)!)).toBe(2);
  });

  it('are asked for once a second by sender and key, and so often in all', () => {
    const sim = calm({ staleRate: 3 });
    const report = (key: MappingKey, place: number): boolean =>
      sim.client.reportStale(
        { key, sender: { kind: 1, encap: 2, port: 0, label: 0, addr: addressOf(place) }, knownVersion: 1 },
        sim.nowMs,
      );
    expect([report(A, 1), report(A, 1), report(B, 1), report(A, 2), report(B, 2)]).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
    sim.run(999);
    expect(report(A, 1)).toBe(false);
    sim.run(1);
    expect([report(A, 1), report(A, 1)]).toEqual([true, false]);
    expect(sim.client.counters).toMatchObject({ reports: 4, reportsHeld: 4 });
  });
});

describe('update', () => {
  const put = (key: MappingKey, place: number) => ({
    op: OPERATION.PUT,
    key,
    expectVersion: 0,
    owner: 17,
    ttl: 2,
    mac: new Uint8Array(6),
    flags: 0,
    locators: [{ kind: 1, encap: 2, port: 0, label: 0, addr: addressOf(place) }],
  });

  it('is answered after the commit, and read from then on, by lagging servers too', () => {
    const sim = calm();
    askAndWait(sim, A);
    const outcome = sim.client.update([put(A, 4), put(B, 5)], sim.nowMs) as { request: number };
    sim.pump();
    sim.run(10);
    expect(sim.events).toContainEqual({
      type: 'updated',
      request: outcome.request,
      results: [
        { code: CODE.OK, version: 2 },
        { code: CODE.OK, version: 3 },
      ],
    });
    expect(askAndWait(sim, A)).toBe('NO_SERVER');
    sim.servers[2]!.follow(9);
    for (const key of [A, B]) expect(askAndWait(sim, key)).toBe(key === A ? '4' : '5');
  });

  it('goes to another server with the same transaction id, then gives up', () => {
    const sim = calm();
    for (const server of sim.servers) server.alive = false;
    sim.client.update([put(A, 4)], sim.nowMs);
    sim.pump();
    sim.run(6000);
    const sent = sim.events.flatMap((event) => (event.type === 'send' ? [event] : []));
    expect(new Set(sent.map(({ server }) => server)).size).toBe(3);
    expect(new Set(sent.map(({ datagram }) => Buffer.from(datagram).toString('hex'))).size).toBe(1);
    expect(sim.events.at(-1)).toMatchObject({ type: 'failed', code: 'DEADLINE' });
  });

  it('goes on to another server that is not overloaded, and says why another one refuses', () => {
    const sim = calm({ servers: 2 });
    const { answer } = NaiveServer.prototype;
    let asked = 0;
    const refuse = (server: NaiveServer, code: number): void => {
      server.answer = (request, now) => {
        const reply = answer.call(server, request, now)!;
        return ++asked === 1 && reply.type === TYPE.UPDATE_REPLY ? { ...reply, code, results: [] } : reply;
      };
    };
    for (const server of sim.servers) refuse(server, CODE.OVERLOADED);
    sim.client.update([put(A, 4)], sim.nowMs);
    sim.pump();
    sim.run(100);
    expect(sim.events.at(-1)).toMatchObject({ type: 'updated' });
    expect(sim.sent).toEqual([1, 1]);
    asked = 0;
    for (const server of sim.servers) refuse(server, CODE.STORE_UNAVAILABLE);
    sim.client.update([put(A, 5)], sim.nowMs);
    sim.pump();
    sim.run(100);
    expect(sim.events.at(-1)).toMatchObject({ type: 'failed', code: 'STORE_UNAVAILABLE' });
  });

  it('fails what waits when the client closes', () => {
    const sim = calm();
    const waiting = [ask(sim, A), sim.client.update([put(A, 4)], sim.nowMs)];
    sim.client.close();
    sim.pump();
    expect(waiting.map((outcome) => resultOf(sim, outcome))).toEqual(['CLOSED', 'CLOSED']);
    expect(ask(sim, A)).toEqual({ state: 'failed', code: 'CLOSED' });
    sim.run(10_000);
    expect(sim.events).toHaveLength(sim.events.findIndex(({ type }) => type === 'failed') + 2);
  });
});
