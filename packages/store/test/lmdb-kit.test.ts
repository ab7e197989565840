import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { openLmdbStore, type StoreBackend } from '../src/index.js';
import { STORE_LAWS } from '../src/kit.js';
import { temporaryDirectories } from './temporary-store.js';

describe('the embedded store keeps the contract', () => {
  const directory = temporaryDirectories();
  let store: StoreBackend;

  beforeAll(async () => {
    store = await openLmdbStore({ directory: directory() });
  });

  afterAll(() => store.close());

  for (const law of STORE_LAWS) it(law.name, async () => law.run(store));
});
