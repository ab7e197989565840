import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLmdbStore, type StoreBackend } from '../src/index.js';
import { STORE_LAWS } from '../src/kit.js';

describe('the embedded store keeps the contract', () => {
  const directory = mkdtempSync(join(tmpdir(), 'overlane-store-'));
  let store: StoreBackend;

  beforeAll(async () => {
    store = await openLmdbStore({ directory });
  });

  afterAll(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  for (const law of STORE_LAWS) it(law.name, async () => law.run(store));
});
