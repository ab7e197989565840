import type { WatchBatch } from './backend.js';
import { type Corner, equal, holds, law } from './kit-support.js';

const TRANSACTIONS = 120;

/** Laws of `watch`. */
export const watchLaws = [
  law('a watch from the past has every event once, in order, and no part of a transaction', async (corner) => {
    const { revision: start } = await corner.store.stamp();
    const written = await writeMany(corner);
    const batches = await corner.watched(start + 1n, written.at(-1)!.revision);
    checkBatches(corner, batches, start);
    equal(
      describe(corner, batches),
      written.flatMap(({ events }) => events),
      'events of a watch from the past',
    );
  }),

  law('a watch that runs while others write misses nothing', async (corner) => {
    const { revision: start } = await corner.store.stamp();
    const written = writeMany(corner);
    const watched = corner.watched(start + 1n, start + BigInt(TRANSACTIONS));
    const expected = (await written).flatMap(({ events }) => events);
    const batches = await watched;
    checkBatches(corner, batches, start);
    equal(describe(corner, batches), expected, 'events of a watch during writes');
  }),

  law('a listing and a watch from the next revision make up the present', async (corner) => {
    const writing = writeMany(corner);
    const { entries, revision } = await corner.contents({ pageSize: 3 });
    const replica = new Map(entries);
    const last = (await writing).at(-1)!.revision;
    if (revision < last) {
      for (const { events } of await corner.watched(revision + 1n, last)) {
        for (const event of events) {
          if (event.type === 'put') replica.set(corner.name(event.key), Buffer.from(event.value).toString());
          else replica.delete(corner.name(event.key));
        }
      }
    }
    equal(replica, (await corner.contents()).entries, 'replica');
  }),

  law('a watch sees nothing outside of its prefix', async (corner) => {
    const { revision } = await corner.store.stamp();
    const outside = Buffer.concat([corner.prefix.subarray(0, -1), Buffer.from('0')]);
    await corner.store.txn({ compares: [], ops: [{ type: 'put', key: outside, value: Buffer.from('x') }] });
    const last = await corner.write(corner.put('a', 1));
    const batches = await corner.watched(revision + 1n, last.revision);
    equal(describe(corner, batches), [`${last.revision} a=1`], 'events under the prefix');
  }),

  law('a watch may start in the future', async (corner) => {
    const { revision } = await corner.store.stamp();
    const watched = corner.watched(revision + 3n, revision + 3n);
    for (const i of [1, 2, 3]) await corner.write(corner.put('a', i));
    equal(describe(corner, await watched), [`${revision + 3n} a=3`], 'events from the future on');
  }),

  law('an event has the whole entry', async (corner) => {
    const lease = await corner.store.lease(60);
    const first = await corner.write(corner.put('a', 1));
    const second = await corner.write(corner.put('a', 2, lease.id));
    const events = (await corner.watched(second.revision, second.revision)).flatMap((batch) => batch.events);
    const { key, value, ...rest } = events[0] as Extract<(typeof events)[number], { type: 'put' }>;
    equal([corner.name(key), Buffer.from(value).toString()], ['a', '2'], 'key and value of an event');
    const expected = { type: 'put', createRevision: first.revision, modRevision: second.revision, lease: lease.id };
    equal(Object.entries(rest).sort(), Object.entries(expected).sort(), 'the rest of an event');
    await lease.revoke();
  }),

  law('a watch ends by its signal, and by leaving the loop', async (corner) => {
    const { revision } = await corner.write(corner.put('a', 1));
    const abort = new AbortController();
    let batches = 0;
    for await (const batch of corner.store.watch(corner.prefix, revision, { signal: abort.signal })) {
      batches += batch.events.length;
      setTimeout(() => abort.abort(), 1);
    }
    equal(batches, 1, 'events before the signal');
    await corner.watched(revision, revision);
    await corner.write(corner.put('a', 2));
  }),

  law('a watcher that comes back late gets everything all the same', async (corner) => {
    const { revision } = await corner.write(corner.put('first', 0));
    const seen: WatchBatch[] = [];
    let expected = [`${revision} first=0`];
    let last = revision;
    for await (const batch of corner.store.watch(corner.prefix, revision)) {
      seen.push(batch);
      if (last === revision) {
        const written = await writeMany(corner);
        expected = [...expected, ...written.flatMap(({ events }) => events)];
        last = written.at(-1)!.revision;
      }
      if (batch.revision >= last) break;
    }
    checkBatches(corner, seen, revision - 1n);
    equal(describe(corner, seen), expected, 'events of a late watcher');
  }),
];

interface Written {
  readonly revision: bigint;
  readonly events: readonly string[];
}

/** Transactions of one to three events each, by several writers at once, as a watcher should see them. */
async function writeMany(corner: Corner): Promise<Written[]> {
  const written: Written[] = [];
  const write = async (writer: number): Promise<void> => {
    for (let i = 0; i < TRANSACTIONS / 4; i++) {
      const [own, shared] = [`own${writer}`, `shared${i % 3}`];
      const ops = i % 5 === 4 ? [corner.delete(own)] : [corner.put(own, i), corner.put(shared, writer)];
      const { revision } = await corner.write(...ops);
      const events = ops.map(
        (op) => `${revision} ${corner.name(op.key)}${op.type === 'put' ? `=${op.value.toString()}` : ''}`,
      );
      written.push({ revision, events });
    }
  };
  await Promise.all([0, 1, 2, 3].map(write));
  return written.sort((a, b) => (a.revision < b.revision ? -1 : 1));
}

function describe(corner: Corner, batches: readonly WatchBatch[]): string[] {
  return batches
    .flatMap(({ events }) => events)
    .map((event) => {
      const value = event.type === 'put' ? `=${Buffer.from(event.value).toString()}` : '';
      return `${event.modRevision} ${corner.name(event.key)}${value}`;
    });
}

/** Batches go forward, and each holds what its revisions say. */
function checkBatches(corner: Corner, batches: readonly WatchBatch[], start: bigint): void {
  let reached = start;
  for (const { revision, events } of batches) {
    for (const { modRevision, key } of events) {
      // What an earlier batch has reached is whole, so no later one may add to it.
      holds(modRevision > reached, `an event of ${corner.name(key)} comes again, or its transaction was split`);
      holds(modRevision <= revision, 'an event is beyond the revision of its batch');
    }
    holds(revision >= reached, 'the revision of batches falls');
    reached = revision;
  }
}
