import { describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { CompactedError, openLmdbStore, type StoreBackend, type StoreTxn, type WatchBatch } from '../src/index.js';
import { temporaryDirectories } from './temporary-store.js';

const directory = temporaryDirectories();
const ALL = Buffer.alloc(0);

function put(name: string, value: string, lease?: bigint): StoreTxn {
  const op = { type: 'put', key: Buffer.from(name), value: Buffer.from(value) } as const;
  return { compares: [], ops: [lease === undefined ? op : { ...op, lease }] };
}

async function writeMany(store: StoreBackend, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => store.txn(put(`k${i % 7}`, String(i)))));
}

/** Lets commits in the background happen until the store has forgotten `revision`. */
async function untilForgotten(store: StoreBackend, revision: bigint): Promise<unknown> {
  for (;;) {
    try {
      for await (const page of store.list(ALL, { atRevision: revision })) expect(page.revision).toBe(revision);
    } catch (error) {
      return error;
    }
  }
}

describe('an embedded store', () => {
  it('is at revision 1, with the time as its epoch, when it is new', async () => {
    const store = await openLmdbStore({ directory: directory(), nowMs: () => 1_700_000_000_123 });
    expect(await store.stamp()).toEqual({ epoch: 1_700_000_000, revision: 1n });
    expect(await store.advanceEpoch()).toEqual({ epoch: 1_700_000_001, revision: 1n });
    expect(store.capabilities).toEqual({ distributed: false, watch: 'push', maxTxnOps: 1024 });
    await store.close();
  });

  it('keeps everything over a restart, but for keys of leases', async () => {
    const path = directory();
    const first = await openLmdbStore({ directory: path });
    const lease = await first.lease(60);
    await first.txn(put('kept', '1'));
    await first.txn(put('leased', '1', lease.id));
    const { epoch } = await first.advanceEpoch();
    await first.close();
    expect(lease.lost.aborted).toBe(true);
    const second = await openLmdbStore({ directory: path });
    expect(await second.stamp()).toEqual({ epoch, revision: 4n });
    expect((await second.get(Buffer.from('kept')))?.modRevision).toBe(2n);
    expect(await second.get(Buffer.from('leased'))).toBeUndefined();
    await second.close();
  });

  it('refuses work after close, ends watches, and closes twice', async () => {
    const store = await openLmdbStore({ directory: directory() });
    const watched: WatchBatch[] = [];
    const watching = (async () => {
      for await (const batch of store.watch(ALL, 1n)) watched.push(batch);
    })();
    const last = store.txn(put('a', '1'));
    const closing = store.close();
    await expect(last).resolves.toMatchObject({ revision: 2n });
    await Promise.all([closing, store.close(), watching]);
    const closed = { code: 'E_STORE_CLOSED' };
    await expect(store.get(Buffer.from('a'))).rejects.toMatchObject(closed);
    await expect(store.txn(put('a', '2'))).rejects.toMatchObject(closed);
    await expect(store.count(ALL)).rejects.toMatchObject(closed);
    await expect(store.stamp()).rejects.toMatchObject(closed);
    await expect(store.lease(5)).rejects.toMatchObject(closed);
  });

  it('says how far a watch is when there is nothing to tell', async () => {
    const store = await openLmdbStore({ directory: directory() });
    await writeMany(store, 5);
    for await (const batch of store.watch(Buffer.from('other'), 1n)) {
      expect(batch).toEqual({ revision: 6n, events: [] });
      break;
    }
    await store.close();
  });
});

describe('an embedded store forgets', () => {
  it('what is beyond the number of revisions to keep', async () => {
    const store = await openLmdbStore({ directory: directory(), keepRevisions: 10 });
    const listing = store.list(ALL, { pageSize: 1 })[Symbol.asyncIterator]();
    await writeMany(store, 3);
    await listing.next();
    await writeMany(store, 2000);
    const error = await untilForgotten(store, 3n);
    expect(CompactedError.is(error) && error.compactRevision > 900n).toBe(true);
    await expect(listing.next()).rejects.toMatchObject({ code: 'E_STORE_COMPACTED' });
    const watch = store.watch(ALL, 3n)[Symbol.asyncIterator]();
    await expect(watch.next()).rejects.toMatchObject({ code: 'E_STORE_COMPACTED' });
    const { revision } = await store.stamp();
    for await (const page of store.list(ALL, { atRevision: revision - 9n })) expect(page.entries.length).toBe(7);
    await store.close();
  });

  it('what is older than the time to keep', async () => {
    const path = directory();
    let nowMs = 1_700_000_000_000;
    const options = { directory: path, keepSeconds: 60, nowMs: () => nowMs };
    const first = await openLmdbStore(options);
    await writeMany(first, 100);
    nowMs += 61_000;
    await writeMany(first, 100);
    await first.close();
    const store = await openLmdbStore(options);
    const error = await untilForgotten(store, 50n);
    expect(CompactedError.is(error) && error.compactRevision).toBe(101n);
    for await (const page of store.list(ALL, { atRevision: 101n })) expect(page.entries.length).toBe(7);
    await store.close();
  });
});

describe('an embedded store cannot be opened', () => {
  it('without its directory', async () => {
    const path = directory();
    for (const missing of [join(path, 'none'), join(path, 'file')]) {
      writeFileSync(join(path, 'file'), '');
      await expect(openLmdbStore({ directory: missing })).rejects.toMatchObject({ code: 'E_STORE_NO_DIRECTORY' });
    }
    expect(readdirSync(path)).toEqual(['file']);
  });

  it('twice at a time, but again after close', async () => {
    const path = directory();
    const store = await openLmdbStore({ directory: path });
    await expect(openLmdbStore({ directory: path })).rejects.toMatchObject({ code: 'E_STORE_LOCKED' });
    await store.txn(put('a', '1'));
    await store.close();
    await (await openLmdbStore({ directory: path })).close();
    expect(existsSync(join(path, 'writer.sock'))).toBe(false);
  });

  it('while another process has it; when that one is killed it can', async () => {
    const path = directory();
    const lock = join(path, 'writer.sock');
    const script = `require('net').createServer().listen(${JSON.stringify(lock)}, () => console.log('up'))`;
    const owner = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => owner.stdout.once('data', resolve));
    await expect(openLmdbStore({ directory: path })).rejects.toMatchObject({ code: 'E_STORE_LOCKED' });
    const gone = new Promise((resolve) => owner.once('exit', resolve));
    owner.kill('SIGKILL');
    await gone;
    expect(existsSync(lock)).toBe(true);
    await (await openLmdbStore({ directory: path })).close();
  });

  it('without shutting out whoever got past the lock', async () => {
    const path = directory();
    const first = await openLmdbStore({ directory: path });
    unlinkSync(join(path, 'writer.sock'));
    const second = await openLmdbStore({ directory: path });
    await expect(first.txn(put('a', '1'))).rejects.toMatchObject({ code: 'E_STORE_LOCKED' });
    expect(await second.txn(put('a', '2'))).toMatchObject({ revision: 2n });
    await first.close();
    await second.close();
  });

  it('on a file that is none of ours', async () => {
    const path = directory();
    writeFileSync(join(path, 'data.mdb'), Buffer.alloc(16_384, 'nonsense'));
    await expect(openLmdbStore({ directory: path })).rejects.toMatchObject({ code: 'E_STORE_CORRUPT' });
    expect(existsSync(join(path, 'writer.sock'))).toBe(false);
  });

  it('with options out of range', async () => {
    const path = directory();
    for (const options of [{ keepRevisions: 0 }, { keepRevisions: 1.5 }, { keepSeconds: 0 }, { keepSeconds: NaN }]) {
      await expect(openLmdbStore({ directory: path, ...options })).rejects.toMatchObject({
        code: 'E_STORE_BAD_REQUEST',
      });
    }
  });

  it('however long the path of its directory is', async () => {
    const path = join(directory(), 'x'.repeat(120));
    mkdirSync(path);
    const store = await openLmdbStore({ directory: path });
    await expect(openLmdbStore({ directory: path })).rejects.toMatchObject({ code: 'E_STORE_LOCKED' });
    await store.close();
  });
});

describe('lmdb', () => {
  it('loads as CommonJS and as an ES module', () => {
    for (const script of ["require('lmdb').open", "import('lmdb').then(({ open }) => open.name)"]) {
      const { status, stderr } = spawnSync(process.execPath, ['-e', script], { cwd: __dirname, encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, '']);
    }
  });

  it('is not what a second writer is kept out with: the lock is a socket that answers', async () => {
    const path = directory();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(path, 'writer.sock'), resolve));
    await expect(openLmdbStore({ directory: path })).rejects.toMatchObject({ code: 'E_STORE_LOCKED' });
    await new Promise((resolve) => server.close(resolve));
  });
});
