// The server of fuzz.mjs, in a process of its own: `fork` it with a mode; it tells its port, and its state when it is asked.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAPPING_PREFIX, startLookupServer } from '@overlane/directory-server';
import { openLmdbStore } from '@overlane/store';
import { MASTER } from './fuzz-datagrams.mjs';

const directory = mkdtempSync(join(tmpdir(), 'overlane-fuzz-'));
const store = await openLmdbStore({ directory });
const running = await startLookupServer({ store, port: 0, mode: process.argv[2], masters: new Map([[1, MASTER]]) });
await running.ready;
process.on('message', async (what) => {
  if (what === 'stop') {
    await running.close();
    await store.close();
    rmSync(directory, { recursive: true });
    process.exit(0);
  }
  const { counters, table } = running.server;
  const { datagrams, shed, changes, staleReports, corrections, faults } = counters;
  const rssMB = Math.round(process.memoryUsage().rss / 1e6);
  const state = { mappings: await digestMappings(), inTable: table.size, changes, staleReports, corrections };
  process.send({ datagrams, shed, rssMB, state, faults: Object.fromEntries(faults) });
});
process.send({ port: running.port });

/** What the store holds of mappings, revisions included. Its other keys come and go: the marks of done updates expire. */
async function digestMappings() {
  const digest = createHash('sha256');
  for await (const { entries } of store.list(MAPPING_PREFIX)) {
    for (const { key, value, modRevision } of entries) digest.update(key).update(value).update(String(modRevision));
  }
  return digest.digest('hex');
}
