import { mkdirSync, readFileSync } from 'node:fs';
import { type StoreBackend, StoreError, openEtcdStore, openLmdbStore } from '@overlane/store';
import { OutcomeError, UsageError } from '../../exit.js';

/** Files with certificates for etcd, as PEM. */
export interface EtcdFiles {
  /** Authority that signed the members' certificates. */
  readonly etcdCa?: string;
  /** Certificate of this client, with `etcdKey`. */
  readonly etcdCert?: string;
  /** Its key. */
  readonly etcdKey?: string;
}

const LOOPBACK = /^(?:127\.|localhost\b|\[::1\])/;

/** Opens the store that a URL names: `lmdb:DIR`, or `etcd:HOST:PORT,...`. @throws UsageError, OutcomeError */
export async function openStore(url: string, files: EtcdFiles = {}): Promise<StoreBackend> {
  const [, scheme, rest] = /^([a-z]+):(.+)$/.exec(url) ?? [];
  if (rest === undefined || (scheme !== 'lmdb' && scheme !== 'etcd')) {
    throw new UsageError(`--store must be lmdb:DIR or etcd:HOST:PORT,..., got '${url}'`);
  }
  try {
    if (scheme === 'etcd')
      return await openEtcdStore({ endpoints: rest.split(',').map(endpointOf), tls: tlsOf(files) });
    mkdirSync(rest, { recursive: true });
    return await openLmdbStore({ directory: rest });
  } catch (error) {
    throw new OutcomeError(StoreError.is(error) ? `${error.message} [${error.code}]` : (error as Error).message);
  }
}

/** On this machine etcd is plain by default, elsewhere it must not be. */
function endpointOf(text: string): string {
  return text.includes('://') || !LOOPBACK.test(text) ? text : `http://${text}`;
}

function tlsOf({ etcdCa, etcdCert, etcdKey }: EtcdFiles): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  return {
    ...(etcdCa !== undefined && { ca: readFileSync(etcdCa) }),
    ...(etcdCert !== undefined && { cert: readFileSync(etcdCert) }),
    ...(etcdKey !== undefined && { key: readFileSync(etcdKey) }),
  };
}
