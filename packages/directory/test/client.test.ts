import { describe, expect, it } from '@jest/globals';
import { type Answer, CODE, DATAGRAM_LENGTH_MAX, FLAG, TYPE, message, parseKey, source } from '../src/index.js';
import { A, B, KEYS, ME, ask, askAndWait, calm, resultOf } from './asking.js';
import { NaiveServer, Simulation } from './simulation.js';

describe('resolve', () => {
  it('asks k servers once, then answers from the cache', () => {
    const sim = calm();
    expect(askAndWait(sim, A)).toBe('1');
    expect(sim.sent.reduce((sum, n) => sum + n)).toBe(2);
    expect(ask(sim, A)).toMatchObject({ state: 'resolved', mapping: { stale: false } });
    expect(sim.client.counters).toMatchObject({ hits: 1, queries: 1 });
  });

  it('joins a query in flight, and shares a datagram within a turn', () => {
    const sim = calm();
    sim.store.put(B, 2);
    for (const server of sim.servers) server.follow(1);
    const outcomes = [A, B, A, B].map((key) => sim.client.resolve(key, ME, 'cached', sim.nowMs));
    sim.pump();
    sim.run(50);
    expect(outcomes.map((outcome) => resultOf(sim, outcome))).toEqual(['1', '2', '1', '2']);
    expect(sim.sent.reduce((sum, n) => sum + n)).toBe(2);
    expect(sim.client.counters).toMatchObject({ joined: 2, queries: 2 });
  });

  it('fills datagrams with 15 questions (14 anonymous)', () => {
    for (const [keys, datagrams] of [
      [KEYS, 4],
      [undefined, 6],
    ] as const) {
      const sim = calm({ k: 2 }, keys);
      for (let i = 0; i < 30; i++) sim.client.resolve(parseKey(7, `10.9.0.${i}`), ME, 'cached', sim.nowMs);
      sim.pump();
      expect(sim.sent.reduce((sum, n) => sum + n)).toBe(datagrams);
      sim.run(200);
      expect(sim.events.filter(({ type }) => type === 'failed')).toHaveLength(30);
    }
  });

  it('takes the higher revision when one server has not seen the write yet', () => {
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const sim = new Simulation(seed, { servers: 2 });
      sim.store.put(B, 5);
      sim.store.put(A, 1);
      sim.servers[0]!.follow(2);
      sim.servers[1]!.follow(1);
      expect(askAndWait(sim, B)).toBe('5');
      expect(askAndWait(sim, A)).toBe('1');
    }
  });

  it('believes "there is none" for a second, then asks again', () => {
    const sim = calm();
    expect(askAndWait(sim, B)).toBe('NOT_FOUND');
    expect(ask(sim, B)).toEqual({ state: 'failed', code: 'NOT_FOUND' });
    sim.store.put(B, 3);
    for (const server of sim.servers) server.follow(1);
    sim.run(1000);
    expect(askAndWait(sim, B)).toBe('3');
  });

  it('refreshes in the background in the last fifth of the TTL', () => {
    const sim = calm();
    askAndWait(sim, A, 10);
    sim.store.put(A, 2);
    for (const server of sim.servers) server.follow(1);
    sim.run(1790);
    expect(resultOf(sim, ask(sim, A))).toBe('1');
    sim.run(10);
    expect(resultOf(sim, ask(sim, A))).toBe('2');
  });

  it('passes by the cache when asked to confirm', () => {
    const sim = calm();
    askAndWait(sim, A);
    sim.store.put(A, 2);
    for (const server of sim.servers) server.follow(1);
    const outcome = ask(sim, A, 'confirmed');
    sim.run(50);
    expect(resultOf(sim, outcome)).toBe('2');
    expect(resultOf(sim, ask(sim, A))).toBe('2');
  });

  it('keeps what another tenant may see apart', () => {
    const sim = calm();
    askAndWait(sim, A);
    const foreign = parseKey(8, '10.1.2.9');
    expect(ask(sim, A, 'cached', foreign).state).toBe('pending');
    expect(ask(sim, A, 'cached', source.INFRASTRUCTURE).state).toBe('resolved');
  });

  it('refuses tenants that no tunnel can carry, and too many requests', () => {
    const sim = calm({ maxRequests: 2 });
    expect(ask(sim, parseKey(2 ** 24, '10.0.0.1'))).toEqual({ state: 'failed', code: 'TENANT_UNKNOWN' });
    ask(sim, A);
    ask(sim, B);
    expect(ask(sim, ME)).toEqual({ state: 'failed', code: 'LIMIT' });
  });
});

describe('when servers fail', () => {
  it('nobody notices that one of three is dead', () => {
    const sim = calm({ maxEntries: 1 });
    sim.servers[1]!.alive = false;
    for (let i = 0; i < 50; i++) {
      expect(askAndWait(sim, A)).toBe('1');
      askAndWait(sim, B);
    }
    expect(sim.client.load.healthyServers).toBe(2);
    sim.servers[1]!.alive = true;
    sim.run(31_000);
    expect(sim.client.load.healthyServers).toBe(3);
  });

  it('a burst that is lost as a whole is one failure, not three', () => {
    const sim = calm({ servers: 2 });
    for (const server of sim.servers) server.alive = false;
    for (let i = 0; i < 60; i++) sim.client.resolve(parseKey(7, `10.9.0.${i}`), ME, 'cached', sim.nowMs);
    sim.pump();
    expect(sim.sent).toEqual([5, 5]);
    sim.run(30);
    expect(sim.client.load.healthyServers).toBe(2);
    sim.run(200);
    expect(sim.events.filter(({ type }) => type === 'failed')).toHaveLength(60);
  });

  it('expired entries go on while all are dead, for maxStale; others fail within the deadline', () => {
    const sim = calm({ maxStaleMs: 60_000 });
    askAndWait(sim, A);
    for (const server of sim.servers) server.alive = false;
    sim.run(3000);
    const first = ask(sim, A);
    sim.run(100);
    expect(resultOf(sim, first)).toBe('1 stale');
    expect(askAndWait(sim, B, 100)).toBe('NO_SERVER');
    askAndWait(sim, B, 100);
    askAndWait(sim, B, 100);
    expect(sim.client.load.healthyServers).toBe(0);
    expect(ask(sim, A)).toMatchObject({ state: 'resolved', mapping: { stale: true } });
    expect(sim.client.peek(A, sim.nowMs)).toMatchObject({ stale: true });
    sim.run(60_000);
    expect(askAndWait(sim, A)).toBe('NO_SERVER');
    expect(sim.client.peek(A, sim.nowMs)).toBeUndefined();
  });

  it('a server that is loading is not asked to know what is not there', () => {
    const sim = calm({ servers: 2 });
    sim.servers[0]!.syncing = true;
    sim.servers[0]!.revision = 0;
    expect(askAndWait(sim, A)).toBe('1');
    expect(askAndWait(sim, B)).toBe('NOT_FOUND');
    sim.servers[1]!.syncing = true;
    sim.run(2000);
    expect(askAndWait(sim, B)).toBe('NO_SERVER');
  });

  it('a restored store empties the cache, and servers that are behind it are not believed', () => {
    const sim = calm();
    askAndWait(sim, A);
    sim.store.restore(0);
    sim.store.put(A, 9);
    sim.servers[0]!.follow(1);
    askAndWait(sim, B);
    askAndWait(sim, parseKey(7, '10.1.2.5'));
    expect(sim.events.filter(({ type }) => type === 'epochChanged')).toEqual([{ type: 'epochChanged', epoch: 2 }]);
    expect(askAndWait(sim, A)).toBe('9');
  });
});

describe('a confirmation of what is no longer cached', () => {
  it('is followed by the question anew, at once', () => {
    const sim = calm();
    askAndWait(sim, A);
    // The same version in both epochs, so that servers confirm what the new epoch made the client forget.
    sim.store.restore(1);
    for (const server of sim.servers) server.follow(1);
    sim.client.resolve(A, ME, 'confirmed', sim.nowMs);
    sim.pump();
    sim.run(200);
    expect(sim.client.counters.retries).toBe(0);
    expect(sim.events.at(-1)).toMatchObject({ type: 'resolved', mapping: { version: 1 } });
  });
});

describe('replies', () => {
  /** Has the first server answer with something else than it should; what comes of it is what the second says. */
  const twist = (change: (answers: Answer[]) => Answer[]): Simulation => {
    const sim = calm({ servers: 2 });
    sim.store.put(B, 2);
    for (const server of sim.servers) server.follow(1);
    const { answers } = NaiveServer.prototype;
    const [liar] = sim.servers;
    liar!.answers = (request) => change(answers.call(liar, request));
    const outcomes = [A, B].map((key) => ask(sim, key));
    sim.run(100);
    expect(outcomes.map((outcome) => resultOf(sim, outcome))).toEqual(['1', '2']);
    return sim;
  };

  it('with answers to other questions are not believed', () => {
    const other = { ...A, tenant: 8 };
    expect(twist((answers) => answers.map((answer) => ({ ...answer, key: other }))).client.counters.mismatched).toBe(2);
    expect(twist((answers) => [...answers, ...answers]).client.counters.mismatched).toBe(2);
    expect(twist(() => []).client.counters.mismatched).toBe(2);
  });

  it('from a server that was not asked, or a second time, change nothing', () => {
    const sim = calm({ servers: 1, k: 1 });
    ask(sim, A);
    const [request] = sim.events.flatMap((event) => (event.type === 'send' ? [message.decode(event.datagram)] : []));
    const reply = sim.servers[0]!.answer(request!, 0)!;
    sim.client.receive(0, sim.seal({ ...reply, txidLo: (reply.txidLo ^ 1) >>> 0 }), sim.nowMs);
    sim.client.receive(0, sim.seal(request!), sim.nowMs);
    expect(sim.client.takeEvents()).toEqual([]);
    sim.client.receive(0, sim.seal(reply), sim.nowMs);
    expect(sim.client.takeEvents()).toHaveLength(1);
    sim.client.receive(0, sim.seal(reply), sim.nowMs);
    expect(sim.client.counters.unexpected).toBe(3);
  });

  it('that are challenges are answered with the cookie, twice at most', () => {
    const sim = calm({ servers: 1, k: 1 });
    let challenges = 0;
    const { answer } = NaiveServer.prototype;
    const [server] = sim.servers;
    server!.answer = (request, now) => {
      if (request.type !== TYPE.LOOKUP || request.cookie?.[0] === 9) return answer.call(server, request, now);
      challenges++;
      return { ...request, type: TYPE.CHALLENGE, code: CODE.OK, cookie: new Uint8Array(16).fill(9) };
    };
    expect(askAndWait(sim, A)).toBe('1');
    expect(askAndWait(sim, B)).toBe('NOT_FOUND');
    expect(challenges).toBe(1);
    server!.answer = (request) => ({ ...request, type: TYPE.CHALLENGE, code: CODE.OK, cookie: new Uint8Array(16) });
    const before = sim.sent[0]!;
    expect(askAndWait(sim, ME)).toBe('NO_SERVER');
    expect(sim.sent[0]! - before).toBeLessThanOrEqual(9);
  });

  it('that were cut are followed by the rest of the questions, padded to the full if nothing fits', () => {
    const sim = calm({ servers: 1, k: 1 });
    sim.store.put(B, 2);
    const [server] = sim.servers;
    server!.follow(1);
    const { answer } = NaiveServer.prototype;
    const lengths: number[] = [];
    server!.answer = (request, now) => {
      const reply = answer.call(server, request, now)!;
      if (request.type !== TYPE.LOOKUP || reply.type !== TYPE.LOOKUP_REPLY) return reply;
      lengths.push(message.lengthOf(request));
      const fits = lengths.at(-1)! === DATAGRAM_LENGTH_MAX ? 9 : lengths.length === 1 ? 1 : 0;
      return { ...reply, flags: FLAG.TRUNCATED, answers: reply.answers.slice(0, fits) };
    };
    const outcomes = [A, B].map((key) => sim.client.resolve(key, ME, 'cached', sim.nowMs));
    sim.pump();
    sim.run(100);
    expect(outcomes.map((outcome) => resultOf(sim, outcome))).toEqual(['1', '2']);
    expect(lengths).toEqual([232, 152, 1200]);
  });
});
