/** Fills a tiny disk, and prints what became of the store on it. Runs in a mount namespace of its own. */
import { execFileSync } from 'node:child_process';
import { openLmdbStore } from '../../dist/index.js';

const [directory] = process.argv.slice(2);
const VALUE_LENGTH = 20_000;
const put = (n) => ({
  compares: [],
  ops: [{ type: 'put', key: Buffer.from(`k${n}`), value: Buffer.alloc(VALUE_LENGTH, n) }],
});

execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', directory]);
const store = await openLmdbStore({ directory });
const codes = [];
let written = 0;
while (codes.length < 3) {
  try {
    await store.txn(put(written));
    written++;
  } catch (error) {
    codes.push(error.code);
  }
}
let kept = 0;
for (let n = 0; n < written; n++) {
  const entry = await store.get(Buffer.from(`k${n}`));
  if (entry?.value.length === VALUE_LENGTH && entry.value[0] === (n & 255)) kept++;
}
const { revision } = await store.stamp();
execFileSync('mount', ['-o', 'remount,size=8m', directory]);
const later = await store.txn(put(written));
await store.close();
console.log(
  JSON.stringify({
    codes,
    written,
    kept,
    revisions: Number(revision) - 1,
    later: Number(later.revision - revision),
  }),
);
