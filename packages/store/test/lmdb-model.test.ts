import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { openLmdbStore, type OpResult, type StoreBackend, type StoreEntry, type StoreTxn } from '../src/index.js';
import { prefix, transaction } from './arbitraries.js';
import { nameOf, Oracle } from './oracle.js';
import { temporaryDirectories } from './temporary-store.js';

/** Stores take a disk's time: fewer cases than elsewhere, each of many steps. */
const RUNS = { numRuns: Math.max(15, Math.floor(Number(process.env['FC_NUM_RUNS'] ?? 1000) / 60)) };
const directory = temporaryDirectories();

type Step =
  | { readonly type: 'txns'; readonly transactions: StoreTxn[] }
  | { readonly type: 'list'; readonly prefix: Buffer; readonly back: number; readonly pageSize: number }
  | { readonly type: 'watch'; readonly prefix: Buffer; readonly back: number }
  | { readonly type: 'reopen' };

const back = fc.nat(6);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('txns' as const),
      transactions: fc.array(transaction(), { maxLength: 6 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('list' as const),
      prefix: prefix(),
      back,
      pageSize: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('watch' as const), prefix: prefix(), back }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reopen' as const) }) },
);

describe('the embedded store', () => {
  it('does what a map per revision does, over transactions, listings, watches and restarts', async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
      const path = directory();
      const oracle = new Oracle();
      let store = await openLmdbStore({ directory: path });
      for (const next of steps) {
        if (next.type === 'reopen') {
          await store.close();
          store = await openLmdbStore({ directory: path });
        } else await run(store, oracle, next);
      }
      await run(store, oracle, { type: 'list', prefix: Buffer.alloc(0), back: 0, pageSize: 3 });
      await store.close();
    });
    await fc.assert(property, RUNS);
  });
});

async function run(store: StoreBackend, oracle: Oracle, step: Exclude<Step, { type: 'reopen' }>): Promise<void> {
  if (step.type === 'txns') {
    // All at once, so that they share commits; they must still take effect in their order.
    const answers = await Promise.all(step.transactions.map((transaction) => store.txn(transaction)));
    for (const [i, { results, ...answer }] of answers.entries()) {
      const { results: expected, ...rest } = oracle.txn(step.transactions[i]!);
      same({ ...answer, results: results.map(plain) }, { ...rest, results: expected.map(plain) }, 'transaction');
    }
    return;
  }
  const revision = Math.max(1, oracle.revision - step.back);
  if (step.type === 'watch') return watch(store, oracle, step.prefix, revision);
  const pages: StoreEntry[][] = [];
  for await (const page of store.list(step.prefix, { atRevision: BigInt(revision), pageSize: step.pageSize })) {
    same(page.revision, BigInt(revision), 'revision of a page');
    pages.push([...page.entries]);
  }
  same(pages.flat().map(plainEntry), oracle.list(step.prefix, revision).map(plainEntry), 'listing');
  const { count } = await store.count(step.prefix);
  same(count, oracle.list(step.prefix, oracle.revision).length, 'count');
}

async function watch(store: StoreBackend, oracle: Oracle, prefix: Buffer, from: number): Promise<void> {
  const expected = oracle.events(prefix, from);
  const seen: string[] = [];
  // Silence is reported only after a while, so a watch is ended by the number of events; too many would show below.
  if (expected.length > 0) {
    for await (const { events } of store.watch(prefix, BigInt(from))) {
      for (const event of events) {
        const value = event.type === 'put' ? Buffer.from(event.value).toString('hex') : '-';
        seen.push(`${event.modRevision} ${nameOf(event.key)} ${value}`);
      }
      if (seen.length >= expected.length) break;
    }
  }
  same([...seen].sort(), expected, 'watch');
}

function plain(result: OpResult): unknown {
  return result.type === 'get' ? { type: 'get', entry: result.entry && plainEntry(result.entry) } : result;
}

function plainEntry({ key, value, ...rest }: StoreEntry): object {
  return { key: nameOf(key), value: nameOf(value), ...rest };
}

function same(actual: unknown, expected: unknown, what: string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  const show = (value: unknown): string =>
    JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));
  throw new Error(`${what}: ${show(actual)}, expected ${show(expected)}`);
}
