import { equal, holds, law, refused } from './kit-support.js';

/** Laws of `lease`. */
export const leaseLaws = [
  law('the end of a lease deletes its keys, in one transaction that watches see', async (corner) => {
    const lease = await corner.store.lease(60);
    await corner.write(corner.put('a', 1, lease.id), corner.put('b', 2, lease.id), corner.put('c', 3));
    const { revision } = await corner.store.stamp();
    equal(lease.lost.aborted, false, 'lost of a living lease');
    await lease.revoke();
    equal(lease.lost.aborted, true, 'lost of a revoked lease');
    const after = await corner.contents();
    equal([after.entries, after.revision], [new Map([['c', '3']]), revision + 1n], 'contents after the lease');
    const batches = await corner.watched(revision + 1n, revision + 1n);
    const events = batches.flatMap((batch) => batch.events.map(({ type, key }) => `${type} ${corner.name(key)}`));
    equal(events.sort(), ['delete a', 'delete b'], 'events');
  }),

  law('a lease without keys ends without a trace', async (corner) => {
    const { revision } = await corner.store.stamp();
    const lease = await corner.store.lease(60);
    await lease.revoke();
    await lease.revoke();
    equal((await corner.store.stamp()).revision, revision, 'revision');
  }),

  law('a put decides anew which lease a key lives by', async (corner) => {
    const [one, two] = [await corner.store.lease(60), await corner.store.lease(60)];
    await corner.write(corner.put('freed', 1, one.id), corner.put('moved', 1, one.id), corner.put('kept', 1, one.id));
    await corner.write(corner.put('freed', 2), corner.put('moved', 2, two.id));
    await corner.write(corner.delete('kept'));
    await corner.write(corner.put('kept', 2));
    await one.revoke();
    equal([...(await corner.contents()).entries.keys()], ['freed', 'kept', 'moved'], 'keys after the first lease');
    await two.revoke();
    equal([...(await corner.contents()).entries.keys()], ['freed', 'kept'], 'keys after the second lease');
  }),

  law('a lease that has ended takes no keys, and the transaction does nothing', async (corner) => {
    const lease = await corner.store.lease(60);
    await lease.revoke();
    const late = (): Promise<unknown> => corner.write(corner.put('a', 1), corner.put('b', 1, lease.id));
    await refused(late, 'E_STORE_LEASE_NOT_FOUND', 'a put with a dead lease');
    equal((await corner.contents()).entries, new Map(), 'contents');
    const compares = [corner.compare('a', 'createRevision', '>', 0n)];
    const other = { compares, ops: [corner.put('b', 1, lease.id)], elseOps: [corner.put('a', 1)] };
    equal((await corner.store.txn(other)).succeeded, false, 'a transaction whose other side names a dead lease');
  }),

  law('a lease has an id of its own and at least the time asked for', async (corner) => {
    const leases = await Promise.all([1, 2, 3].map(() => corner.store.lease(5)));
    equal(new Set(leases.map(({ id }) => id)).size, 3, 'different ids');
    for (const { id, ttlSeconds } of leases) holds(id > 0n && ttlSeconds >= 5, `lease ${id} of ${ttlSeconds} s`);
    await Promise.all(leases.map((lease) => lease.revoke()));
  }),
];
