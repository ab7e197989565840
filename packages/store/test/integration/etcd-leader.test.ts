import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { EtcdCluster } from '../../../../tools/testing/etcd-cluster.cjs';
import { requires } from '../../../../tools/testing/requirements.js';
import { openEtcdStore, type StoreBackend, StoreUnavailableError } from '../../src/index.js';

const { it } = requires('etcd');
const TIMEOUT_MS = 180_000;
const WRITERS = 8;
/** Transactions of each writer before, and after, the leader goes. */
const TRANSACTIONS = 20;

describe('three etcd members', () => {
  let cluster: EtcdCluster;
  let store: StoreBackend;

  beforeAll(async () => {
    if (it !== requires().it) return;
    cluster = await EtcdCluster.start({ members: 3 });
    store = await openEtcdStore({ endpoints: cluster.endpoints });
  }, TIMEOUT_MS);

  afterAll(async () => {
    await store?.close();
    await cluster?.stop();
  });

  it(
    'lose nothing when their leader is killed under load, and a watch sees it all',
    async () => {
      const { revision: start } = await store.stamp();
      const watched: string[] = [];
      const abort = new AbortController();
      const watching = (async () => {
        for await (const { events } of store.watch(Buffer.from('w/'), start + 1n, { signal: abort.signal })) {
          for (const event of events) {
            if (event.type === 'put') watched.push(`${event.modRevision} ${Buffer.from(event.value).toString()}`);
          }
          if (watched.some((text) => text.endsWith(' end'))) abort.abort();
        }
      })();
      const acknowledged: string[] = [];
      const first = new Gate(WRITERS);
      const killed = new Gate(1);
      const writers = Array.from({ length: WRITERS }, async (_, writer) => {
        for (let n = 1; n <= 2 * TRANSACTIONS; n++) {
          await write(store, writer, n, acknowledged);
          if (n === TRANSACTIONS / 2) first.pass();
          // Half of the writers go on while the leader dies, the others come when it is dead.
          if (n === TRANSACTIONS && writer % 2 === 0) await killed.opened;
        }
      });
      await first.opened;
      await cluster.kill(await cluster.leader());
      killed.pass();
      await Promise.all(writers);
      const end = { type: 'put', key: Buffer.from('w/end'), value: Buffer.from('end') } as const;
      await store.txn({ compares: [], ops: [end] });
      await watching;
      const seen = new Set(watched);
      expect(seen.size).toBe(watched.length);
      expect(acknowledged.filter((text) => !seen.has(text))).toEqual([]);
      for (let writer = 0; writer < WRITERS; writer++) {
        const entry = await store.get(Buffer.from(`w/${writer}`));
        expect(Buffer.from(entry!.value).toString()).toBe(`${writer}:${2 * TRANSACTIONS}`);
      }
    },
    TIMEOUT_MS,
  );
});

/** Writes number `n`, again and again until it is known to be there. */
async function write(store: StoreBackend, writer: number, n: number, acknowledged: string[]): Promise<void> {
  const key = Buffer.from(`w/${writer}`);
  const value = Buffer.from(`${writer}:${n}`);
  for (;;) {
    try {
      const entry = await store.get(key);
      if (entry !== undefined && value.equals(entry.value)) return;
      const compares = [{ key, target: 'modRevision', op: '=', value: entry?.modRevision ?? 0n } as const];
      const { succeeded, revision } = await store.txn({ compares, ops: [{ type: 'put', key, value }] });
      if (!succeeded) continue;
      acknowledged.push(`${revision} ${value.toString()}`);
      return;
    } catch (error) {
      if (!StoreUnavailableError.is(error)) throw error;
    }
  }
}

/** Opens when `count` have passed. */
class Gate {
  readonly opened: Promise<void>;
  #open: () => void = () => undefined;
  #missing: number;

  constructor(count: number) {
    this.#missing = count;
    this.opened = new Promise((resolve) => (this.#open = resolve));
  }

  pass(): void {
    if (--this.#missing === 0) this.#open();
  }
}
