import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openLmdbStore, type StoreBackend, type WatchBatch } from '../src/index.js';
import { LawBroken, STORE_LAWS } from '../src/kit.js';
import { temporaryDirectories } from './temporary-store.js';

type Mutant = (store: StoreBackend) => Partial<StoreBackend>;

async function* mapped(
  batches: AsyncIterable<WatchBatch>,
  change: (batch: WatchBatch) => WatchBatch[],
): AsyncGenerator<WatchBatch> {
  for await (const batch of batches) yield* change(batch);
}

/** Stores with one fault each, and the law that must find it. */
const MUTANTS: readonly (readonly [string, RegExp, Mutant])[] = [
  [
    'forgets compares',
    /compares decide which side runs/,
    (store) => ({ txn: (transaction) => store.txn({ ...transaction, compares: [] }) }),
  ],
  [
    'reports a revision too early',
    /the revisions that created and last wrote/,
    (store) => ({ txn: async (t) => ({ ...(await store.txn(t)), revision: (await store.stamp()).revision - 1n }) }),
  ],
  [
    'answers before it is done',
    /seen by every later read/,
    (store) => ({
      txn: async (t) => {
        const { revision } = await store.stamp();
        void store.txn(t).catch(() => undefined);
        return { succeeded: true, revision: revision + 1n, results: t.ops.map(() => ({ type: 'put' })) };
      },
    }),
  ],
  [
    'shows the present when the past is asked for',
    /a listing can go back/,
    (store) => ({
      list: (prefix, { pageSize } = {}) => store.list(prefix, pageSize === undefined ? {} : { pageSize }),
    }),
  ],
  [
    'lists in another order',
    /all keys with the prefix, in order/,
    (store) => ({
      list: async function* (prefix, options) {
        for await (const page of store.list(prefix, options)) yield { ...page, entries: [...page.entries].reverse() };
      },
    }),
  ],
  [
    'drops the first event of a batch',
    /a watch from the past/,
    (store) => ({
      watch: (...args) => mapped(store.watch(...args), (batch) => [{ ...batch, events: batch.events.slice(1) }]),
    }),
  ],
  [
    'sends a batch twice',
    /a watcher that comes back late/,
    (store) => ({ watch: (...args) => mapped(store.watch(...args), (batch) => [batch, batch]) }),
  ],
  [
    'splits transactions',
    /a watch from the past/,
    (store) => ({
      watch: (...args) =>
        mapped(store.watch(...args), ({ events }) =>
          events.map((event) => ({ revision: event.modRevision, events: [event] })),
        ),
    }),
  ],
  [
    'keeps keys of dead leases',
    /the end of a lease deletes its keys/,
    (store) => ({
      lease: async (seconds) => ({
        ...(await store.lease(seconds)),
        id: 1n,
        ttlSeconds: seconds,
        revoke: async () => undefined,
      }),
    }),
  ],
  [
    'takes empty keys',
    /beyond the limits/,
    (store) => ({ get: async (key) => (key.length === 0 ? undefined : store.get(key)) }),
  ],
];

describe('the laws find a store that', () => {
  const directory = temporaryDirectories();
  let store: StoreBackend;

  beforeAll(async () => {
    store = await openLmdbStore({ directory: directory() });
  });

  afterAll(() => store.close());

  for (const [name, law, mutate] of MUTANTS) {
    it(name, async () => {
      const broken = mutate(store);
      const mutant = new Proxy(store, {
        get: (target, property: keyof StoreBackend) => {
          const found = broken[property] ?? target[property];
          return typeof found === 'function' ? found.bind(target) : found;
        },
      });
      const found = STORE_LAWS.filter((each) => law.test(each.name));
      expect(found.length).toBe(1);
      await expect(found[0]!.run(mutant)).rejects.toThrow();
      await expect(found[0]!.run(store)).resolves.toBeUndefined();
    });
  }

  it('and say so by their own error', () => {
    expect(new LawBroken('x').name).toBe('LawBroken');
    expect(new Set(STORE_LAWS.map(({ name }) => name)).size).toBe(STORE_LAWS.length);
  });
});
