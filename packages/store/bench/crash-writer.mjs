/** Writes to an embedded store without end and tells what was acknowledged, until it is killed. */
import { openLmdbStore } from '../dist/index.js';
import { lastOf, transactionOf } from './crash-ledger.mjs';
import { writeSync } from 'node:fs';

const [directory, writers] = process.argv.slice(2);
const store = await openLmdbStore({ directory, keepRevisions: 100_000 });
await Promise.all(
  Array.from({ length: Number(writers) }, async (_, writer) => {
    let { n, modRevision } = await lastOf(store, writer);
    for (;;) {
      n++;
      const { succeeded, revision } = await store.txn(transactionOf(writer, n, modRevision));
      if (!succeeded) throw new Error(`writer ${writer} found somebody else's transaction`);
      modRevision = revision;
      // At once, so that the line is out before any death that follows.
      writeSync(1, `${writer} ${n} ${revision}\n`);
    }
  }),
);
