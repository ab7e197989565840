import { equal, law, refused } from './kit-support.js';
import { KEY_LENGTH_MAX, TXN_LENGTH_MAX } from './requests.js';

/** Laws about what is refused, and about the stamp. */
export const limitLaws = [
  law('requests beyond the limits are refused and do nothing', async (corner) => {
    const { store } = corner;
    const { revision } = await store.stamp();
    const many = Array.from({ length: store.capabilities.maxTxnOps + 1 }, (_, i) => corner.read(`k${i}`));
    const longKey = Buffer.alloc(KEY_LENGTH_MAX + 1, 1);
    const none = new Uint8Array();
    const bad = 'E_STORE_BAD_REQUEST';
    const large = 'E_STORE_TOO_LARGE';
    await refused(() => store.get(none), bad, 'an empty key');
    await refused(() => store.get(longKey), large, 'a long key');
    await refused(() => store.count(longKey), large, 'a long prefix');
    await refused(() => store.list(longKey), large, 'a long prefix');
    await refused(() => store.list(none, { pageSize: 0 }), bad, 'a page of nothing');
    await refused(() => store.list(none, { atRevision: 0n }), bad, 'revision 0');
    await refused(() => store.watch(none, 0n), bad, 'a watch from revision 0');
    await refused(() => store.lease(0), bad, 'a lease of 0 s');
    await refused(() => store.lease(1.5), bad, 'a lease of 1.5 s');
    await refused(() => corner.write(...many), large, 'too many operations');
    await refused(() => corner.write(corner.put('a', 1), corner.put('a', 2)), bad, 'two puts of a key');
    await refused(() => corner.write(corner.put('a', 1), corner.delete('a')), bad, 'put and delete of a key');
    await refused(() => corner.write(corner.put('a', 'x'.repeat(TXN_LENGTH_MAX))), large, 'a long transaction');
    await refused(() => corner.write(corner.put('a', 1, 0n)), bad, 'lease 0');
    const negative = [corner.compare('a', 'modRevision', '=', -1n)];
    await refused(() => store.txn({ compares: negative, ops: [] }), bad, 'a negative compare');
    equal((await store.stamp()).revision, revision, 'revision after refusals');
  }),

  law('what just keeps the limits is taken', async (corner) => {
    const key = Buffer.concat([corner.prefix, Buffer.alloc(KEY_LENGTH_MAX - corner.prefix.length, 0xff)]);
    const value = Buffer.alloc(TXN_LENGTH_MAX - key.length, 7);
    await corner.store.txn({ compares: [], ops: [{ type: 'put', key, value }] });
    const entry = await corner.store.get(key);
    equal(entry !== undefined && value.equals(entry.value), true, 'the longest value comes back');
    const names = Array.from({ length: corner.store.capabilities.maxTxnOps }, (_, i) => `k${i}`);
    const compares = names.map((name) => corner.compare(name, 'createRevision', '=', 0n));
    const { succeeded, results } = await corner.store.txn({ compares, ops: names.map((name) => corner.put(name, 1)) });
    equal([succeeded, results.length], [true, names.length], 'the longest transaction');
  }),

  law('an epoch is only ever followed by a greater one', async (corner) => {
    const before = await corner.store.stamp();
    const advanced = await corner.store.advanceEpoch();
    const again = await corner.store.advanceEpoch();
    equal(advanced.epoch > before.epoch && again.epoch > advanced.epoch, true, 'epochs grow');
    equal((await corner.store.stamp()).epoch, again.epoch, 'epoch of the stamp');
  }),
];
