/** The client on loopback, against the naive server of the simulation behind a socket. */
import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  CODE,
  DirectoryError,
  NotFoundError,
  TYPE,
  VersionMismatchError,
  formatAddress,
  makeKeyId,
  message,
  parseKey,
  seal,
  verify,
} from '../src/index.js';
import { DirectoryClient, type DirectoryClientOptions, hmacSha256 } from '../src/node.js';
import { parseEndpoint } from '../src/node/endpoint.js';
import { NaiveServer, NaiveStore } from './simulation.js';

const KEY = new Uint8Array(32).fill(3);
const AUTH = { mode: 'mutual', hostId: 17, keyEpoch: 1, key: KEY } as const;
const A = parseKey(7, '10.1.2.3');

const closers: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A naive server on loopback; its port. */
async function serve(server: NaiveServer): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4');
  socket.on('message', (datagram, { port, address }) => {
    if (message.check(datagram) !== undefined || !verify(hmacSha256, KEY, 'toServer', datagram)) return;
    const reply = server.answer(message.decode(datagram), Math.floor(Date.now() / 1000));
    if (reply === undefined) return;
    const out = message.encode({ ...reply, keyId: makeKeyId(1, 17), tag: message.UNSEALED });
    seal(hmacSha256, KEY, 'toClient', out);
    socket.send(out, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closers.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  return { socket, port: socket.address().port };
}

async function open(store: NaiveStore, options: Partial<DirectoryClientOptions> = {}) {
  const servers = [new NaiveServer(store), new NaiveServer(store)];
  for (const server of servers) server.follow(store.writes.length);
  const served = await Promise.all(servers.map(serve));
  const client = await DirectoryClient.open({
    servers: served.map(({ port }) => `127.0.0.1:${port}`),
    auth: AUTH,
    deadlineMs: 20_000,
    rounds: 1000,
    updateTimeoutMs: 20_000,
    ...options,
  });
  closers.push(() => client.close());
  return { client, servers, served };
}

describe('DirectoryClient', () => {
  it('resolves, caches, and says what is not there', async () => {
    const store = new NaiveStore();
    store.put(A, 4);
    const { client } = await open(store);
    const [first, second] = await Promise.all([
      client.resolve({ tenant: 7, aa: '10.1.2.3', source: '10.1.2.9' }),
      client.resolve({ tenant: 7, aa: '10.1.2.3' }),
    ]);
    expect(formatAddress(first.locators[0]!)).toBe('172.16.0.4');
    expect(second).toEqual(first);
    expect(client.peek(7, '10.1.2.3')).toEqual(first);
    expect(client.peekKey(A)).toEqual(first);
    const missing = client.resolve({ tenant: 7, aa: '10.1.2.4' });
    await expect(missing).rejects.toThrow(NotFoundError);
    await expect(missing).rejects.toThrow('directory: resolve 7/10.1.2.4: NOT_FOUND');
    await expect(client.resolve({ tenant: 7, aa: '10.1.2' })).rejects.toThrow(/not an IPv4 address/);
    expect(client.load.entries).toBe(2);
    expect(client.sendErrors).toBe(0);
  });

  it('updates in datagrams of eight, and says which change was refused', async () => {
    const store = new NaiveStore();
    const { client, servers } = await open(store);
    const locators = [{ address: '192.0.2.1' }];
    const put = (i: number) => ({ op: 'put', tenant: 7, aa: `10.0.0.${i}`, locators }) as const;
    const results = await client.update(Array.from({ length: 17 }, (_, i) => put(i)));
    expect(results.map(({ code }) => code)).toEqual(results.map(() => CODE.OK));
    expect(servers.reduce((sum, { updatesTaken }) => sum + updatesTaken, 0)).toBe(3);
    for (const server of servers) {
      server.answer = (request) => ({
        ...request,
        type: TYPE.UPDATE_REPLY,
        flags: 0,
        code: CODE.OK,
        stamp: { epoch: 1, revision: 17 },
        results: [
          { code: CODE.OK, version: 18 },
          { code: CODE.VERSION_MISMATCH, version: 5 },
        ],
      });
    }
    const conditional = { op: 'deleteIf', tenant: 7, aa: '10.0.0.9', expectVersion: 4 } as const;
    const refused: unknown = await client.update([put(1), conditional]).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(VersionMismatchError);
    expect(refused).toMatchObject({ code: 'VERSION_MISMATCH', current: 5, results: [{ code: 0 }, { code: 7 }] });
  });

  it('takes corrections on its control port, and acknowledges them', async () => {
    const store = new NaiveStore();
    store.put(A, 4);
    const moved: (number | undefined)[] = [];
    const { client, served } = await open(store, {
      control: '127.0.0.1:0',
      onMoved: (_key, mapping) => moved.push(mapping?.version),
    });
    await client.resolve({ tenant: 7, aa: '10.1.2.3' });
    const out = message.encode({
      type: TYPE.CORRECT,
      txidHi: 5,
      txidLo: 6,
      keyId: makeKeyId(1, 17),
      time: 0,
      tag: message.UNSEALED,
      flags: 0,
      stamp: { epoch: 1, revision: 2 },
      answers: [{ key: A, code: CODE.NOT_FOUND, version: 2, ttl: 0, mac: new Uint8Array(6), flags: 0, locators: [] }],
    });
    seal(hmacSha256, KEY, 'toClient', out);
    const { socket } = served[0]!;
    const answered = once(socket, 'message') as Promise<[Uint8Array]>;
    socket.send(out, client.control!.port, client.control!.host);
    const [acknowledgement] = await answered;
    expect(message.decode(acknowledgement)).toMatchObject({ type: TYPE.CORRECT_ACK, txidHi: 5, txidLo: 6 });
    expect(moved).toEqual([undefined]);
    expect(client.peek(7, '10.1.2.3')).toBeUndefined();
    expect(client.reportStale({ tenant: 7, aa: '10.1.2.3', source: { address: '192.0.2.1' } })).toBe(true);
  });

  it('fails what waits when it closes, and what cannot be opened', async () => {
    const { client, servers } = await open(new NaiveStore());
    for (const server of servers) server.answer = () => undefined;
    const waiting = client.resolve({ tenant: 7, aa: '10.1.2.3' }).catch((error: unknown) => error);
    await client.close();
    closers.pop();
    const error = await waiting;
    expect(DirectoryError.is(error) && error.code).toBe('CLOSED');
    await expect(DirectoryClient.open({ servers: ['127.0.0.1:99999'] })).rejects.toThrow('not host:port');
    await expect(DirectoryClient.open({ servers: [] })).rejects.toThrow('needs a server');
    await expect(DirectoryClient.open({ servers: ['127.0.0.1'], k: 0 })).rejects.toThrow('k must be at least 1');
  });

  it('reads endpoints', () => {
    expect(parseEndpoint('10.0.0.1', 7461)).toEqual({ host: '10.0.0.1', port: 7461 });
    expect(parseEndpoint('directory.example:99', 7461)).toEqual({ host: 'directory.example', port: 99 });
    expect(parseEndpoint('[2001:db8::1]:99', 7461)).toEqual({ host: '2001:db8::1', port: 99 });
    expect(() => parseEndpoint('2001:db8::1', 7461)).toThrow('not host:port');
  });
});
