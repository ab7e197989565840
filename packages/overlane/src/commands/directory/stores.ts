import { mkdirSync } from 'node:fs';
import { type StoreBackend, StoreError, openLmdbStore } from '@overlane/store';
import { OutcomeError, UsageError } from '../../exit.js';

/** Opens the store that a URL names: `lmdb:DIR`, or `etcd:HOST:PORT,...`. @throws UsageError, OutcomeError */
export async function openStore(url: string): Promise<StoreBackend> {
  const [, scheme, rest] = /^([a-z]+):(.+)$/.exec(url) ?? [];
  if (scheme === undefined || rest === undefined) throw badUrl(url);
  try {
    switch (scheme) {
      case 'lmdb':
        mkdirSync(rest, { recursive: true });
        return await openLmdbStore({ directory: rest });
      default:
        throw badUrl(url);
    }
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new OutcomeError(StoreError.is(error) ? `${error.message} [${error.code}]` : (error as Error).message);
  }
}

function badUrl(url: string): UsageError {
  return new UsageError(`--store must be lmdb:DIR or etcd:HOST:PORT,..., got '${url}'`);
}
