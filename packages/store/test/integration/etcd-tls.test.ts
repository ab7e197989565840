import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdCluster } from '../../../../tools/testing/etcd-cluster.cjs';
import { requires } from '../../../../tools/testing/requirements.js';
import { openEtcdStore } from '../../src/index.js';

const { it } = requires('etcd', 'openssl');
const TIMEOUT_MS = 120_000;

describe('etcd over TLS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'overlane-tls-'));
  const path = (name: string): string => join(directory, name);
  const pem = (name: string): Buffer => readFileSync(path(name));
  let cluster: EtcdCluster;

  beforeAll(async () => {
    if (it !== requires().it) return;
    for (const name of ['ca', 'other-ca']) authority(name);
    sign('server', 'ca', 'subjectAltName=IP:127.0.0.1');
    sign('client', 'ca', 'extendedKeyUsage=clientAuth');
    const tls = { cert: path('server.pem'), key: path('server.key'), clientCa: path('ca.pem') };
    cluster = await EtcdCluster.start({ tls });
  }, TIMEOUT_MS);

  afterAll(async () => {
    await cluster?.stop();
    rmSync(directory, { recursive: true });
  });

  it(
    'serves a client whose certificate fits',
    async () => {
      const tls = { ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key').toString() };
      const store = await openEtcdStore({ endpoints: cluster.endpoints, tls, timeoutMs: 60_000 });
      const key = Buffer.from('a');
      await store.txn({ compares: [], ops: [{ type: 'put', key, value: Buffer.from('secret') }] });
      expect(Buffer.from((await store.get(key))!.value).toString()).toBe('secret');
      await store.close();
    },
    TIMEOUT_MS,
  );

  it(
    'is refused by a client that does not trust the server, and refuses one without a certificate',
    async () => {
      const endpoints = cluster.endpoints;
      const client = { cert: pem('client.pem'), key: pem('client.key') };
      const refused = { code: 'E_STORE_UNAVAILABLE', outcome: 'notApplied' };
      for (const tls of [{ ca: pem('other-ca.pem'), ...client }, client, { ca: pem('ca.pem') }]) {
        await expect(openEtcdStore({ endpoints, tls, timeoutMs: 1500 })).rejects.toMatchObject(refused);
      }
      const plain = endpoints.map((endpoint) => endpoint.replace('https', 'http'));
      await expect(openEtcdStore({ endpoints: plain, timeoutMs: 1500 })).rejects.toMatchObject(refused);
    },
    TIMEOUT_MS,
  );

  it('says that certificates are none', async () => {
    const tls = { ca: 'no certificate', cert: 'none', key: 'none' };
    await expect(openEtcdStore({ endpoints: cluster.endpoints, tls })).rejects.toMatchObject({
      code: 'E_STORE_BAD_REQUEST',
    });
  });

  function openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  function authority(name: string): void {
    openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-keyout', `${name}.key`, '-out', `${name}.pem`, '-subj', `/CN=${name}`],
    );
  }

  function sign(name: string, ca: string, extension: string): void {
    openssl(
      ...['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`],
    );
    writeFileSync(path(`${name}.ext`), extension);
    openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial'],
      ...['-days', '2', '-extfile', `${name}.ext`, '-out', `${name}.pem`],
    );
  }
});
