import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { cpSync, rmSync } from 'node:fs';
import { EtcdCluster } from '../../../../tools/testing/etcd-cluster.cjs';
import { requires } from '../../../../tools/testing/requirements.js';
import { CompactedError, openEtcdStore, type StoreBackend, type StoreTxn, type WatchBatch } from '../../src/index.js';
import { STORE_LAWS } from '../../src/kit.js';

const { it } = requires('etcd');
const TIMEOUT_MS = 120_000;

function put(name: string, value: string, lease?: bigint): StoreTxn {
  const op = { type: 'put', key: Buffer.from(name), value: Buffer.from(value) } as const;
  return { compares: [], ops: [lease === undefined ? op : { ...op, lease }] };
}

describe('a store on one etcd member', () => {
  const warnings: string[] = [];
  let cluster: EtcdCluster;
  let store: StoreBackend;

  beforeAll(async () => {
    if (it !== requires().it) return;
    cluster = await EtcdCluster.start();
    store = await open();
  }, TIMEOUT_MS);

  afterAll(async () => {
    await store?.close();
    await cluster?.stop();
  });

  async function open(): Promise<StoreBackend> {
    const onWarning = (message: string): unknown => warnings.push(message);
    return openEtcdStore({ endpoints: cluster.endpoints, timeoutMs: 30_000, onWarning });
  }

  for (const law of STORE_LAWS) it(law.name, async () => law.run(store), TIMEOUT_MS);

  it(
    'has the epoch of whoever was first',
    async () => {
      const before = await store.stamp();
      const other = await open();
      expect((await other.stamp()).epoch).toBe(before.epoch);
      const advanced = await other.advanceEpoch();
      expect(await store.stamp()).toEqual(advanced);
      await other.close();
    },
    TIMEOUT_MS,
  );

  it(
    'says where the past ends, and warns that it is short',
    async () => {
      const { revision } = await store.txn(put('old', '1'));
      const last = await store.txn(put('old', '2'));
      await cluster.compact(last.revision);
      const list = async (): Promise<void> => {
        for await (const page of store.list(Buffer.from('old'), { atRevision: revision })) expect(page).toBeUndefined();
      };
      const watch = async (): Promise<void> => {
        for await (const batch of store.watch(Buffer.from('old'), revision)) expect(batch).toBeUndefined();
      };
      for (const read of [list, watch]) {
        const error: unknown = await read().catch((reason: unknown) => reason);
        expect(CompactedError.is(error) && error.compactRevision).toBe(last.revision);
      }
      expect(warnings.join()).toMatch(/auto-compaction-retention/);
    },
    TIMEOUT_MS,
  );

  it(
    'deletes the keys of a lease whose holder is gone',
    async () => {
      const holder = await open();
      const lease = await holder.lease(1);
      const { revision } = await store.txn(put('held', '1', lease.id));
      await holder.close();
      for await (const { events } of store.watch(Buffer.from('held'), revision + 1n)) {
        expect(events.map(({ type, key }) => [type, Buffer.from(key).toString()])).toEqual([['delete', 'held']]);
        break;
      }
      expect(lease.lost.aborted).toBe(true);
    },
    TIMEOUT_MS,
  );

  it(
    'a lease that is revoked behind its back is lost',
    async () => {
      const lease = await store.lease(2);
      const lost = new Promise((resolve) => lease.lost.addEventListener('abort', resolve));
      const url = `${cluster.endpoints[0]}/v3/lease/revoke`;
      const { ok } = await fetch(url, { method: 'POST', body: JSON.stringify({ ID: String(lease.id) }) });
      expect(ok).toBe(true);
      await lost;
    },
    TIMEOUT_MS,
  );

  it(
    'a watch goes on after a restart without gap, and a lease survives it',
    async () => {
      const lease = await store.lease(60);
      const { revision } = await store.txn(put('live/0', '0', lease.id));
      const seen: string[] = [];
      const abort = new AbortController();
      const watching = (async () => {
        for await (const { events } of store.watch(Buffer.from('live/'), revision, { signal: abort.signal })) {
          seen.push(...events.map(({ key }) => Buffer.from(key).toString()));
          if (seen.length >= 3) abort.abort();
        }
      })();
      await store.txn(put('live/1', '1'));
      await cluster.kill(0);
      await cluster.restart(0);
      await store.txn(put('live/2', '2'));
      await watching;
      expect(seen).toEqual(['live/0', 'live/1', 'live/2']);
      expect(lease.lost.aborted).toBe(false);
      await lease.revoke();
    },
    TIMEOUT_MS,
  );

  it(
    'a watch ends when the store is put back to a backup',
    async () => {
      const data = cluster.dataDirectory(0);
      await cluster.kill(0);
      cpSync(data, `${data}.backup`, { recursive: true });
      await cluster.restart(0);
      const { revision } = await store.txn(put('lost', '1'));
      const seen: WatchBatch[] = [];
      const watching = (async () => {
        for await (const batch of store.watch(Buffer.from('lost'), revision)) seen.push(batch);
      })();
      const ended = expect(watching).rejects.toMatchObject({ code: 'E_STORE_REWOUND' });
      while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await cluster.kill(0);
      rmSync(data, { recursive: true });
      cpSync(`${data}.backup`, data, { recursive: true });
      await cluster.restart(0);
      await ended;
      expect(await store.get(Buffer.from('lost'))).toBeUndefined();
    },
    TIMEOUT_MS,
  );

  it(
    'without a living member, calls say so and whether they may have worked',
    async () => {
      await cluster.kill(0);
      const impatient = openEtcdStore({ endpoints: cluster.endpoints, timeoutMs: 200 });
      await expect(impatient).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE', outcome: 'notApplied' });
      await cluster.restart(0);
    },
    TIMEOUT_MS,
  );
});
