import { afterEach, describe, expect, it } from '@jest/globals';
import { DirectoryClient } from '@overlane/directory/node';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { EtcdCluster } from '../../../../tools/testing/etcd-cluster.cjs';
import { requires } from '../../../../tools/testing/requirements.js';
import { type Serving, directory, serve } from './support/directory.js';

/** Lookups while a server is killed: few here; 100000 by the environment. */
const LOOKUPS = Number(process.env['OVERLANE_DIRECTORY_LOOKUPS'] ?? 4000);
/** Of a lookup and an update: generous, for a busy machine. */
const PATIENCE = { deadlineMs: 10_000, updateTimeoutMs: 5000 };
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'overlane-directory-test-'));
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function started(...args: Parameters<typeof serve>): Promise<Serving> {
  const serving = await serve(...args);
  cleanups.push(() => {
    serving.child.kill('SIGKILL');
    return serving.ended;
  });
  return serving;
}

async function cluster(members: number): Promise<{ url: string; etcd: EtcdCluster }> {
  const etcd = await EtcdCluster.start({ members });
  cleanups.push(() => etcd.stop());
  return { url: `etcd:${etcd.endpoints.join(',')}`, etcd };
}

async function connect(servers: readonly Serving[], more: object = {}): Promise<DirectoryClient> {
  const client = await DirectoryClient.open({ servers: servers.map(({ endpoint }) => endpoint), ...PATIENCE, ...more });
  cleanups.push(() => client.close());
  return client;
}

const aaOf = (i: number): string => `10.1.${i >>> 8}.${i & 255}`;

async function fill(client: DirectoryClient, count: number): Promise<void> {
  const changes = Array.from({ length: count }, (_, i) => ({
    op: 'put' as const,
    tenant: 7,
    aa: aaOf(i),
    ttl: 1,
    locators: [{ address: '192.0.2.1' }],
  }));
  await client.update(changes);
}

/** Waits until every server has heard of everything: a lookup that it confirms with the store tells it, too. */
async function known(servers: readonly Serving[], count: number): Promise<void> {
  for (const server of servers) {
    const client = await connect([server]);
    for (let i = 0; i < count; i++) await client.resolve({ tenant: 7, aa: aaOf(i), freshness: 'confirmed' });
  }
}

describe('overlane directory', () => {
  it('is a working directory with one command, and keeps what was put', async () => {
    const store = `lmdb:${folder()}/new`;
    const first = await started(store);
    const at = ['--server', first.endpoint, '--tenant', '7'];
    expect(directory('put', ...at, '10.1.2.3', '192.0.2.1')).toMatchObject({ status: 0 });
    expect(directory('put', ...at, '10.1.2.4', '192.0.2.1', '--if-version', '5')).toMatchObject({ status: 1 });
    expect(directory('lookup', ...at, '10.1.2.9')).toMatchObject({ status: 1, stdout: '' });
    expect(directory('lookup', ...at, 'nonsense')).toMatchObject({ status: 2 });
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    const second = await started(store);
    const again = directory('lookup', '--server', second.endpoint, '--tenant', '7', '--json', '10.1.2.3');
    expect(again.status).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({
      tenant: 7,
      address: '10.1.2.3',
      locators: [{ address: '192.0.2.1', encapsulation: 'vxlan', port: 0, label: 0 }],
      stale: false,
    });
    const words = ['--server', second.endpoint, '--tenant', '7', '10.1.2.3'];
    expect(directory('remove', ...words)).toMatchObject({ status: 0 });
    expect(directory('remove', ...words)).toMatchObject({ status: 1 });
  }, 120_000);

  it('authenticates with a key file that it makes', async () => {
    const place = folder();
    const keys = join(place, 'keys');
    const serving = await started(`lmdb:${place}/db`, '--auth', 'mutual', '--keys', keys);
    expect(statSync(keys).mode & 0o777).toBe(0o600);
    const at = ['--server', serving.endpoint, '--keys', keys];
    const host = ['--tenant', '0', '192.0.2.1', '192.0.2.1', '--owner', '17'];
    expect(directory('put', ...at, ...host)).toMatchObject({ status: 0 });
    const mine = ['--tenant', '7', '10.1.2.3', '192.0.2.1', '--host-id'];
    expect(directory('put', ...at, ...mine, '18')).toMatchObject({ status: 1 });
    expect(directory('put', ...at, ...mine, '17')).toMatchObject({ status: 0 });
    const asked = directory('lookup', ...at, '--tenant', '7', '10.1.2.3', '--host-id', '17', '--source', '10.1.2.3');
    expect(asked).toMatchObject({ status: 0 });
  }, 120_000);

  it('says what is wrong with its options', () => {
    expect(directory('serve', '--store', 'nowhere')).toMatchObject({ status: 2 });
    expect(directory('serve', '--store', 'lmdb:x', '--listen', '0.0.0.0:1', '--auth', 'none')).toMatchObject({
      status: 2,
    });
    expect(directory('serve', '--store', 'lmdb:x', '--auth', 'mutual').stderr).toContain('--keys FILE');
  });

  requires('etcd').it(
    'loses no lookup when one of three servers is killed, and none when all are',
    async () => {
      const { url } = await cluster(1);
      const servers = await Promise.all([started(url), started(url), started(url)]);
      const writer = await connect(servers);
      await fill(writer, 64);
      await known(servers, 64);
      const client = await connect(servers, { maxEntries: 1 });
      let failed = 0;
      for (let done = 0; done < LOOKUPS; done += 20) {
        if (done === Math.floor(LOOKUPS / 40) * 20) servers[0]!.child.kill('SIGKILL');
        const all = Array.from({ length: 20 }, (_, i) => client.resolve({ tenant: 7, aa: aaOf((done + i) % 64) }));
        for (const { status } of await Promise.allSettled(all)) if (status === 'rejected') failed++;
      }
      expect(failed).toBe(0);
      // Two servers are as good as three for those who ask now.
      const survivor = await connect(servers, { deadlineMs: 2000 });
      for (let i = 0; i < 64; i++) await survivor.resolve({ tenant: 7, aa: aaOf(i) });
      for (const { child } of servers) child.kill('SIGKILL');
      await Promise.all(servers.map(({ ended }) => ended));
      // Answers hold for a second here, so these are expired.
      await pause(1500);
      const stale = await Promise.all(
        Array.from({ length: 64 }, (_, i) => survivor.resolve({ tenant: 7, aa: aaOf(i) })),
      );
      expect(stale.every((mapping) => mapping.stale)).toBe(true);
      await expect(survivor.resolve({ tenant: 7, aa: '10.9.9.9' })).rejects.toMatchObject({ code: 'NO_SERVER' });
    },
    300_000,
  );

  requires('etcd').it(
    'answers lookups while the leader of etcd is killed, and takes updates again',
    async () => {
      const { url, etcd } = await cluster(3);
      const servers = await Promise.all([started(url), started(url)]);
      const client = await connect(servers, { maxEntries: 1 });
      await fill(client, 16);
      await known(servers, 16);
      await etcd.kill(await etcd.leader());
      let failed = 0;
      let updated = false;
      const update = async (): Promise<void> => {
        while (!updated) {
          const change = { op: 'put' as const, tenant: 7, aa: '10.1.0.200', locators: [{ address: '192.0.2.2' }] };
          updated = await client.update([change]).then(
            () => true,
            () => false,
          );
        }
      };
      const updating = update();
      for (let i = 0; !updated || i < 200; i++) {
        await client.resolve({ tenant: 7, aa: aaOf(i % 16) }).catch(() => failed++);
      }
      await updating;
      expect(failed).toBe(0);
      const fresh = { tenant: 7, aa: '10.1.0.200', freshness: 'confirmed' } as const;
      expect((await client.resolve(fresh)).locators).toHaveLength(1);
    },
    300_000,
  );
});
