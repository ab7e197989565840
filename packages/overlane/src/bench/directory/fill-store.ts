import { change } from '@overlane/directory';
import { readChangeKey, storeKeyOf, valueOf } from '@overlane/directory-server';
import type { Op, StoreBackend } from '@overlane/store';
import { putOf } from './datagrams.js';

/** Transactions under way at once. */
const IN_FLIGHT = 16;

/** Writes mappings 0..count-1 straight into a store. */
export async function fillStore(store: StoreBackend, count: number): Promise<void> {
  const perTxn = Math.min(512, store.capabilities.maxTxnOps);
  const block = new Uint8Array(24);
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) {
      const ops: Op[] = [];
      for (; next < count && ops.length < perTxn; next++) {
        const bytes = change.encode(putOf(next, next));
        readChangeKey(bytes, 0, block);
        ops.push({ type: 'put', key: storeKeyOf(block, 0), value: valueOf(bytes, 0) });
      }
      await store.txn({ compares: [], ops });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
}
