import { equal, holds, law, refused } from './kit-support.js';

const KEYS = 60;

/** Laws of `list` and `count`. */
export const listingLaws = [
  law('a listing has all keys with the prefix, in order, page by page', async (corner) => {
    const names = Array.from({ length: KEYS }, (_, i) => `k${String(i).padStart(4, '0')}`);
    for (const name of [...names].reverse()) await corner.write(corner.put(name, name));
    await corner.store.txn({
      compares: [],
      ops: [{ type: 'put', key: corner.prefix.subarray(0, -1), value: Buffer.from('outside') }],
    });
    for (const pageSize of [1, 7, KEYS, KEYS + 1, 10_000]) {
      const found: string[] = [];
      for await (const { entries } of corner.store.list(corner.prefix, { pageSize })) {
        holds(
          entries.length > 0 && entries.length <= pageSize,
          `a page of ${entries.length} with pageSize ${pageSize}`,
        );
        found.push(...entries.map(({ key }) => corner.name(key)));
      }
      equal(found, names, `names listed with pageSize ${pageSize}`);
    }
    equal((await corner.store.count(corner.prefix)).count, KEYS, 'count');
  }),

  law('a listing of nothing is one empty page', async (corner) => {
    const { revision } = await corner.store.stamp();
    const pages = [];
    for await (const page of corner.store.list(corner.prefix)) pages.push(page);
    equal(pages, [{ revision, entries: [] }], 'pages');
    equal(await corner.store.count(corner.prefix), { count: 0, revision }, 'count');
  }),

  law('a listing is a snapshot, whatever is written while it goes on', async (corner) => {
    for (let i = 0; i < KEYS; i++) await corner.write(corner.put(`k${i}`, 0));
    const before = await corner.contents();
    const found = new Map<string, string>();
    let page = 0;
    for await (const { entries, revision } of corner.store.list(corner.prefix, { pageSize: 5 })) {
      equal(revision, before.revision, 'revision of a page');
      for (const entry of entries) found.set(corner.name(entry.key), Buffer.from(entry.value).toString());
      page++;
      await corner.write(
        corner.put(`k${page}`, page),
        corner.put(`new${page}`, page),
        corner.delete(`k${KEYS - page}`),
      );
    }
    equal(found, before.entries, 'entries of a listing during writes');
  }),

  law('a listing can go back', async (corner) => {
    const past: Awaited<ReturnType<typeof corner.contents>>[] = [];
    for (let i = 0; i < 12; i++) {
      await corner.write(corner.put(`k${i % 5}`, i), corner.delete(`k${(i + 2) % 5}`));
      past.push(await corner.contents());
    }
    for (const { revision, entries } of past) {
      const again = await corner.contents({ atRevision: revision, pageSize: 2 });
      equal(again, { entries, revision }, `contents at revision ${revision}`);
    }
  }),

  law('a listing never shows a part of a transaction', async (corner) => {
    await corner.write(corner.put('a', 0), corner.put('b', 0));
    let writing = true;
    const write = async (): Promise<void> => {
      for (let i = 1; i <= 50; i++) await corner.write(corner.put('a', i), corner.put('b', i));
      writing = false;
    };
    const read = async (): Promise<void> => {
      do {
        const { entries } = await corner.contents({ pageSize: 1 });
        equal(entries.get('a'), entries.get('b'), 'two keys that are always written together');
      } while (writing);
    };
    await Promise.all([write(), read(), read()]);
  }),

  law('the future cannot be listed', async (corner) => {
    const { revision } = await corner.store.stamp();
    const listFuture = (): Promise<unknown> => corner.contents({ atRevision: revision + 1000n });
    await refused(listFuture, 'E_STORE_FUTURE_REVISION', 'a listing of the future');
  }),
];
