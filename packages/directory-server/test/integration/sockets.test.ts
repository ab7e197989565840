import { deriveHostKey } from '@overlane/directory';
import { DirectoryClient, hmacSha256 } from '@overlane/directory/node';
import { type StoreBackend, openLmdbStore } from '@overlane/store';
import { afterEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FOLLOWER_TIMES, type RunningServer, type StartOptions, startLookupServer } from '../../src/index.js';

const MASTER = new Uint8Array(32).fill(9);
const PUT = { op: 'put', tenant: 7, aa: '10.0.0.1', locators: [{ address: '192.0.2.1' }] } as const;
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function openStore(): Promise<StoreBackend> {
  const directory = mkdtempSync(join(tmpdir(), 'overlane-sockets-'));
  cleanups.push(async () => rmSync(directory, { recursive: true, force: true }));
  const store = await openLmdbStore({ directory });
  cleanups.push(() => store.close());
  return store;
}

async function start(store: StoreBackend, more: Partial<StartOptions> = {}): Promise<RunningServer> {
  const server = await startLookupServer({ store, port: 0, masters: new Map([[1, MASTER]]), ...more });
  cleanups.push(() => server.close());
  await server.ready;
  return server;
}

async function connect(servers: readonly RunningServer[], more: object = {}): Promise<DirectoryClient> {
  const client = await DirectoryClient.open({
    servers: servers.map(({ port }) => `127.0.0.1:${port}`),
    // Generous, for a busy machine.
    deadlineMs: 20_000,
    auth: { mode: 'mutual', hostId: 0, keyEpoch: 1, key: deriveHostKey(hmacSha256, MASTER, 0) },
    ...more,
  });
  cleanups.push(() => client.close());
  return client;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe('a lookup server on sockets', () => {
  it('takes updates, answers lookups, and tells how it is by HTTP', async () => {
    const server = await start(await openStore(), { metrics: { host: '127.0.0.1', port: 0 } });
    const client = await connect([server]);
    const [result] = await client.update([PUT]);
    const mapping = await client.resolve({ tenant: 7, aa: '10.0.0.1' });
    expect(mapping.version).toBe(result!.version);
    const get = async (path: string): Promise<{ status: number; body: string }> => {
      const response = await fetch(`http://127.0.0.1:${server.metricsPort}${path}`);
      return { status: response.status, body: await response.text() };
    };
    expect(await get('/ready')).toMatchObject({ status: 200 });
    expect(await get('/nothing')).toMatchObject({ status: 404 });
    const { body } = await get('/metrics');
    expect(body).toContain('overlane_directory_mappings 1');
    expect(body).toContain('overlane_directory_changes_total 1');
    expect(body).toContain('process_resident_memory_bytes');
  });

  it('answers a client whose key is wrong with nothing', async () => {
    const server = await start(await openStore());
    const auth = { mode: 'mutual', hostId: 0, keyEpoch: 1, key: new Uint8Array(32) };
    const stranger = await connect([server], { auth, deadlineMs: 200, updateTimeoutMs: 100 });
    await expect(stranger.resolve({ tenant: 7, aa: '10.0.0.1' })).rejects.toMatchObject({ code: 'NO_SERVER' });
    await expect(stranger.update([PUT])).rejects.toMatchObject({ code: 'DEADLINE' });
    expect(server.server.table.size).toBe(0);
    expect(server.server.counters.faults.get('E_OLD_UNAUTHENTICATED')).toBeGreaterThan(1);
  });

  it('flushes its clients when the store was restored from a backup', async () => {
    const store = await openStore();
    const follower = { ...FOLLOWER_TIMES, antiEntropyMs: 100 };
    const server = await start(store, { settings: { follower } });
    const epochs: number[] = [];
    const client = await connect([server], { onEpochChanged: (epoch: number) => epochs.push(epoch) });
    await client.update([PUT]);
    await client.resolve({ tenant: 7, aa: '10.0.0.1' });
    const { epoch } = await store.advanceEpoch();
    await until(() => server.server.stamp.epoch === epoch && server.server.isReady);
    await client.resolve({ tenant: 7, aa: '10.0.0.1', freshness: 'confirmed' });
    expect(epochs.at(-1)).toBe(epoch);
    expect(server.server.table.size).toBe(1);
  });

  it('finishes what it has taken when it is drained', async () => {
    const store = await openStore();
    const server = await start(store);
    const client = await connect([server]);
    const changes = Array.from({ length: 40 }, (_, i) => ({ ...PUT, aa: `10.0.1.${i}` }));
    const updated = client.update(changes);
    await until(() => server.server.pendingUpdates > 0 || server.server.counters.changes === 40);
    await server.drain(20_000);
    // What was taken is committed and told; what came later is refused or not answered.
    const committed = await updated.then(
      (results) => results.length,
      (error: { results: { code: number }[] }) => error.results.filter(({ code }) => code === 0).length,
    );
    expect(server.server.counters.changes).toBeGreaterThanOrEqual(committed);
  }, 60_000);

  it('keeps still under random datagrams, and goes on', async () => {
    const server = await start(await openStore());
    const socket = createSocket('udp4');
    let replies = 0;
    socket.on('message', () => replies++);
    cleanups.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
    for (let i = 0; i < 2000; i++) {
      const octets = randomBytes(i % 300);
      if (i % 2 === 0 && octets.length > 8) octets.set([0x4f, 0x44, 1, 1 + (i % 10)]);
      await new Promise((resolve) => socket.send(octets, server.port, '127.0.0.1', resolve));
    }
    const client = await connect([server]);
    await client.update([PUT]);
    await client.resolve({ tenant: 7, aa: '10.0.0.1' });
    expect(replies).toBe(0);
    expect(server.server.table.size).toBe(1);
  });

  it('refuses to let everybody in from everywhere', async () => {
    const store = await openStore();
    await expect(startLookupServer({ store, host: '0.0.0.0', port: 0, mode: 'none' })).rejects.toThrow(
      'is for loopback',
    );
    await expect(startLookupServer({ store, port: 0 })).rejects.toThrow('needs a master key');
  });
});
