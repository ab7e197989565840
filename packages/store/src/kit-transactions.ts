import type { Compare } from './backend.js';
import { type Corner, equal, holds, law, textOf } from './kit-support.js';
import { compareHolds } from './requests.js';

const WRITERS = 8;
const INCREMENTS = 25;

/** Laws of `txn` and `get`. */
export const transactionLaws = [
  law('a transaction reads, writes and deletes, and says what it did', async (corner) => {
    equal(await corner.text('a'), undefined, 'value of an absent key');
    const written = await corner.write(corner.put('a', 1), corner.put('b', 2), corner.delete('c'));
    equal(
      written.results,
      [{ type: 'put' }, { type: 'put' }, { type: 'delete', deleted: false }],
      'results of writing operations',
    );
    const read = await corner.write(corner.read('a'), corner.read('c'), corner.delete('b'));
    const [a, c, b] = read.results;
    holds(a?.type === 'get' && textOf(a.entry) === '1', 'a get in a transaction does not find what was put');
    holds(c?.type === 'get' && c.entry === undefined, 'a get in a transaction finds an absent key');
    equal(b, { type: 'delete', deleted: true }, 'result of deleting a present key');
    equal(await corner.text('b'), undefined, 'value of a deleted key');
  }),

  law('operations of a transaction run in their order', async (corner) => {
    const { results, revision } = await corner.write(corner.read('a'), corner.put('a', 1), corner.read('a'));
    const [before, , after] = results;
    holds(before?.type === 'get' && before.entry === undefined, 'a get sees a put that comes after it');
    holds(after?.type === 'get' && textOf(after.entry) === '1', 'a get does not see the put before it');
    equal(after.entry?.modRevision, revision, 'modRevision seen inside the transaction');
  }),

  law('entries know the revisions that created and last wrote them', async (corner) => {
    const first = await corner.write(corner.put('a', 1));
    const second = await corner.write(corner.put('a', 2));
    const entry = await corner.get('a');
    equal([entry?.createRevision, entry?.modRevision, entry?.lease], [first.revision, second.revision, 0n], 'entry');
    await corner.write(corner.delete('a'));
    const anew = await corner.write(corner.put('a', 3));
    const again = await corner.get('a');
    equal([again?.createRevision, again?.modRevision], [anew.revision, anew.revision], 'entry created anew');
  }),

  law('the revision grows by one with each transaction that writes, and with nothing else', async (corner) => {
    let { revision } = await corner.store.stamp();
    const grows = async (by: bigint, what: string, act: () => Promise<unknown>): Promise<void> => {
      await act();
      const now = (await corner.store.stamp()).revision;
      equal(now - revision, by, `revisions taken by ${what}`);
      revision = now;
    };
    await grows(1n, 'a put', () => corner.write(corner.put('a', 1)));
    await grows(1n, 'three puts', () => corner.write(corner.put('a', 1), corner.put('b', 1), corner.put('c', 1)));
    await grows(1n, 'a put of the same value', () => corner.write(corner.put('a', 1)));
    await grows(0n, 'a get', () => corner.get('a'));
    await grows(0n, 'a reading transaction', () => corner.write(corner.read('a')));
    await grows(0n, 'an empty transaction', () => corner.write());
    await grows(0n, 'deleting an absent key', () => corner.write(corner.delete('z')));
    await grows(1n, 'deleting a key', () => corner.write(corner.delete('b')));
    const fails = [corner.compare('a', 'modRevision', '=', 1n)];
    await grows(0n, 'a failed compare', () => corner.store.txn({ compares: fails, ops: [corner.put('a', 9)] }));
    await grows(1n, 'an else that writes', () =>
      corner.store.txn({ compares: fails, ops: [], elseOps: [corner.put('a', 9)] }),
    );
  }),

  law('compares decide which side runs', async (corner) => {
    const { revision } = await corner.write(corner.put('a', 1));
    await corner.write(corner.put('a', 2));
    const lease = await corner.store.lease(60);
    await corner.write(corner.put('leased', 1, lease.id));
    for (const name of ['a', 'leased', 'absent']) {
      const entry = await corner.get(name);
      for (const target of ['modRevision', 'createRevision', 'lease'] as const) {
        const actual = entry?.[target] ?? 0n;
        for (const op of ['=', '!=', '<', '>'] as const) {
          for (const value of [0n, actual, actual + 1n, revision]) {
            await checkCompare(corner, corner.compare(name, target, op, value), compareHolds(actual, op, value));
          }
        }
      }
    }
    await lease.revoke();
  }),

  law('all compares must hold', async (corner) => {
    await corner.write(corner.put('a', 1));
    const compares = [corner.compare('a', 'createRevision', '>', 0n), corner.compare('b', 'createRevision', '>', 0n)];
    const { succeeded } = await corner.store.txn({ compares, ops: [corner.put('a', 2)] });
    equal([succeeded, await corner.text('a')], [false, '1'], 'a transaction with one failed compare');
  }),

  law('of writers that compare first, one wins each time', async (corner) => {
    await corner.write(corner.put('n', 0));
    const increment = async (): Promise<void> => {
      for (let done = 0; done < INCREMENTS;) {
        const entry = await corner.get('n');
        const compares = [corner.compare('n', 'modRevision', '=', entry!.modRevision)];
        const next = Number(textOf(entry)) + 1;
        if ((await corner.store.txn({ compares, ops: [corner.put('n', next)] })).succeeded) done++;
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, increment));
    equal(await corner.text('n'), String(WRITERS * INCREMENTS), 'count after concurrent increments');
  }),

  law('what is written is seen by every later read, in whatever order promises settle', async (corner) => {
    let newest = 0n;
    await Promise.all(
      Array.from({ length: WRITERS * INCREMENTS }, async (_, i) => {
        const { revision } = await corner.write(corner.put('a', i));
        newest = revision > newest ? revision : newest;
        const floor = newest;
        const entry = await corner.get('a');
        holds(
          entry !== undefined && entry.modRevision >= floor,
          'a get does not see a write that was acknowledged before',
        );
      }),
    );
  }),

  law('octets are copied before the call returns', async (corner) => {
    const key = corner.key('a');
    const value = Buffer.from('kept');
    const written = corner.store.txn({ compares: [], ops: [{ type: 'put', key, value }] });
    key.fill(0);
    value.fill(0);
    await written;
    equal(await corner.text('a'), 'kept', 'value whose buffer was reused');
  }),

  law('keys and values hold any octets, and values may be empty', async (corner) => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const key = Buffer.concat([corner.prefix, every]);
    await corner.store.txn({ compares: [], ops: [{ type: 'put', key, value: every }] });
    await corner.write(corner.put('empty', ''));
    const entry = await corner.store.get(key);
    holds(entry !== undefined && every.equals(entry.value), 'a value of all octets comes back changed');
    equal(await corner.text('empty'), '', 'empty value');
  }),
];

async function checkCompare(corner: Corner, compare: Compare, expected: boolean): Promise<void> {
  const sides = { ops: [corner.read('a')], elseOps: [corner.read('a'), corner.read('a')] };
  const { succeeded, results } = await corner.store.txn({ compares: [compare], ...sides });
  const what = `${corner.name(compare.key)}.${compare.target} ${compare.op} ${compare.value}`;
  equal([succeeded, results.length], [expected, expected ? 1 : 2], what);
}
