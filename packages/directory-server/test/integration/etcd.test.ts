/** Lookup servers whose store is on etcd, when etcd fails. */
import { describe, expect } from '@jest/globals';
import { DirectoryClient, type DirectoryClientOptions } from '@overlane/directory/node';
import { openEtcdStore } from '@overlane/store';
import { cpSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdCluster } from '../../../../tools/testing/etcd-cluster.cjs';
import { requires } from '../../../../tools/testing/requirements.js';
import { startLookupServer } from '../../src/index.js';

const { it } = requires('etcd');
const TIMEOUT_MS = 180_000;
const TENANT = 7;
const MAPPINGS = 200;

describe('lookup servers on etcd', () => {
  it(
    'answer every lookup while the leader of three members dies, and take updates again',
    async () => {
      await using(async (use) => {
        const cluster = await use(await EtcdCluster.start({ members: 3 }), (it) => it.stop());
        // One server per store connection, as in life. Each may be at a member of its own.
        const servers = await Promise.all([0, 1].map(() => startServer(use, cluster)));
        const client = await openClient(use, servers, { maxEntries: 1, deadlineMs: 30_000 });
        for (let first = 0; first < MAPPINGS; first += 8) {
          await client.update(Array.from({ length: 8 }, (_, i) => mapping(first + i, '192.0.2.1')));
        }
        let running = true;
        let lookups = 0;
        const looking = (async () => {
          for (; running; lookups++) {
            const { locators, stale } = await client.resolve({ tenant: TENANT, aa: address(lookups % MAPPINGS) });
            if (locators.length !== 1 || stale) throw new Error(`lookup ${lookups} found nothing fresh`);
          }
        })();
        await cluster.kill(await cluster.leader());
        const killedMs = performance.now();
        await updateAtLast(client, '192.0.2.2');
        const gapMs = Math.round(performance.now() - killedMs);
        const before = lookups;
        while (lookups < before + MAPPINGS) await sleep(1);
        running = false;
        await looking;
        expect(lookups).toBeGreaterThan(MAPPINGS);
        process.stderr.write(`updates again ${gapMs} ms after the leader died; ${lookups} lookups, none failed\n`);
      });
    },
    TIMEOUT_MS,
  );

  it(
    'empty the caches of clients when the store is put back to a backup',
    async () => {
      await using(async (use) => {
        const cluster = await use(await EtcdCluster.start(), (it) => it.stop());
        const epochs: number[] = [];
        const server = await startServer(use, cluster);
        const client = await openClient(use, [server], {
          deadlineMs: 30_000,
          onEpochChanged: (epoch) => void epochs.push(epoch),
        });
        const backup = `${cluster.dataDirectory(0)}.backup`;
        await client.update([mapping(0, '192.0.2.1'), mapping(1, '192.0.2.1')]);
        await cluster.kill(0);
        cpSync(cluster.dataDirectory(0), backup, { recursive: true });
        await cluster.restart(0);
        await updateAtLast(client, '192.0.2.2');
        expect((await client.resolve({ tenant: TENANT, aa: address(0) })).locators[0]).toMatchObject(locator(2));

        await cluster.kill(0);
        rmSync(cluster.dataDirectory(0), { recursive: true });
        cpSync(backup, cluster.dataDirectory(0), { recursive: true });
        await cluster.restart(0);
        const operator = await openEtcdStore({ endpoints: cluster.endpoints, timeoutMs: 60_000 });
        const { epoch } = await operator.advanceEpoch();
        await operator.close();

        // The server hears of it by its watch; the client by the first answer after that.
        while (epochs.length === 0) {
          await client.resolve({ tenant: TENANT, aa: address(1), freshness: 'confirmed' }).catch(() => undefined);
          await sleep(10);
        }
        expect(epochs).toEqual([epoch]);
        const restored = await client.resolve({ tenant: TENANT, aa: address(0) });
        expect(restored.locators[0]).toMatchObject(locator(1));
      });
    },
    TIMEOUT_MS,
  );
});

type Use = <T>(made: T, end: (made: T) => Promise<void>) => Promise<T>;

/** Runs `body`; what it has in use ends afterwards, last first. */
async function using(body: (use: Use) => Promise<void>): Promise<void> {
  const ends: (() => Promise<void>)[] = [];
  try {
    await body(async (made, end) => {
      ends.unshift(() => end(made));
      return made;
    });
  } finally {
    for (const end of ends) await end();
  }
}

async function startServer(use: Use, cluster: EtcdCluster): Promise<string> {
  const store = await use(await openEtcdStore({ endpoints: cluster.endpoints }), (it) => it.close());
  const server = await use(await startLookupServer({ store, port: 0, mode: 'none' }), (it) => it.close());
  await server.ready;
  return `127.0.0.1:${server.port}`;
}

async function openClient(
  use: Use,
  servers: readonly string[],
  options: Partial<DirectoryClientOptions>,
): Promise<DirectoryClient> {
  return use(await DirectoryClient.open({ servers, ...options }), (it) => it.close());
}

/** Updates mapping 0 until that has worked. */
async function updateAtLast(client: DirectoryClient, place: string): Promise<void> {
  for (;;) {
    try {
      await client.update([mapping(0, place)]);
      return;
    } catch {
      await sleep(10);
    }
  }
}

function mapping(n: number, place: string): Parameters<DirectoryClient['update']>[0][number] {
  return { op: 'put', tenant: TENANT, aa: address(n), locators: [{ address: place }] };
}

function address(n: number): string {
  return `10.0.${n >> 8}.${n & 255}`;
}

/** What tells 192.0.2.x from others in a locator. */
function locator(last: number): object {
  return { addr: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 192, 0, 2, last) };
}
