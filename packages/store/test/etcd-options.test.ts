import { describe, expect, it } from '@jest/globals';
import { createServer } from 'node:net';
import { parseEndpoint } from '../src/etcd-endpoints.js';
import { isRefused, isWorthRetrying, storeErrorOf } from '../src/etcd-errors.js';
import { openEtcdStore, StoreError } from '../src/index.js';

describe('endpoints of etcd', () => {
  it.each([
    ['10.0.0.1:2379', '10.0.0.1:2379', true],
    ['10.0.0.1', '10.0.0.1:2379', true],
    ['https://etcd.example', 'etcd.example:2379', true],
    ['https://etcd.example:443/', 'etcd.example:443', true],
    ['https://[2001:db8::1]:4001', '[2001:db8::1]:4001', true],
    ['2001:db8::1', '[2001:db8::1]:2379', true],
    ['http://127.0.0.1:80', '127.0.0.1:80', false],
    ['http://localhost', 'localhost:2379', false],
    ['http://[::1]:2379', '[::1]:2379', false],
  ])('%s', (text, address, secure) => {
    expect(parseEndpoint(text, 'loopback')).toEqual({ name: text, address, secure });
  });

  it('http goes to another machine only if that is allowed', () => {
    expect(() => parseEndpoint('http://10.0.0.1:2379', 'loopback')).toThrow(/plaintext to another machine/);
    expect(() => parseEndpoint('http://127.0.0.1.example:2379', 'loopback')).toThrow(StoreError);
    expect(parseEndpoint('http://10.0.0.1:2379', 'anywhere').secure).toBe(false);
  });

  it.each(['', 'ftp://10.0.0.1', 'https://', 'https://a:99999', 'https://a/path', 'a b'])('not %j', (text) => {
    expect(() => parseEndpoint(text, 'anywhere')).toThrow(expect.objectContaining({ code: 'E_STORE_BAD_REQUEST' }));
  });
});

describe('a store on etcd cannot be opened', () => {
  it.each([
    ['without endpoints', { endpoints: [] }, 'E_STORE_BAD_REQUEST'],
    ['in no time', { endpoints: ['http://127.0.0.1'], timeoutMs: 1 }, 'E_STORE_BAD_REQUEST'],
    ['in plain over the network', { endpoints: ['https://10.0.0.1', 'http://10.0.0.2'] }, 'E_STORE_INSECURE'],
  ])('%s', async (_what, options, code) => {
    await expect(openEtcdStore(options)).rejects.toMatchObject({ code });
  });

  it('where nobody, or somebody else, listens', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).end('220 who is there?\r\n', () => socket.destroy());
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    const open = openEtcdStore({ endpoints: [`http://127.0.0.1:${port}`], timeoutMs: 200 });
    await expect(open).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE', outcome: 'notApplied' });
    await new Promise((resolve) => server.close(resolve));
    const again = openEtcdStore({ endpoints: [`http://127.0.0.1:${port}`], timeoutMs: 200 });
    await expect(again).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE', outcome: 'notApplied' });
  });
});

describe('failures of etcd', () => {
  const failure = (code: number, details: string): Error =>
    Object.assign(new Error(`${code}: ${details}`), { code, details });

  it.each([
    [14, 'etcdserver: no leader', 'E_STORE_UNAVAILABLE', 'notApplied'],
    [14, 'etcdserver: leader changed', 'E_STORE_UNAVAILABLE', 'unknown'],
    [14, 'etcdserver: request timed out', 'E_STORE_UNAVAILABLE', 'unknown'],
    [14, 'Connection dropped', 'E_STORE_UNAVAILABLE', 'unknown'],
    [14, 'No connection established. Last error: refused', 'E_STORE_UNAVAILABLE', 'notApplied'],
    [4, 'Deadline exceeded', 'E_STORE_UNAVAILABLE', 'unknown'],
    [13, 'Received RST_STREAM with code 2', 'E_STORE_UNAVAILABLE', 'unknown'],
    [8, 'etcdserver: too many requests', 'E_STORE_UNAVAILABLE', 'notApplied'],
    [8, 'etcdserver: mvcc: database space exceeded', 'E_STORE_DISK_FULL', undefined],
    [5, 'etcdserver: requested lease not found', 'E_STORE_LEASE_NOT_FOUND', undefined],
    [11, 'etcdserver: mvcc: required revision is a future revision', 'E_STORE_FUTURE_REVISION', undefined],
    [7, 'etcdserver: permission denied', 'E_STORE_NO_PERMISSION', undefined],
    [3, 'etcdserver: request is too large', 'E_STORE_BAD_REQUEST', undefined],
    [12, 'unknown service', 'E_STORE_UNSUPPORTED', undefined],
  ])('%i %s', (code, details, expected, outcome) => {
    const error = storeErrorOf('etcd', failure(code, details), 'unknown');
    expect([error.code, (error as { outcome?: string }).outcome]).toEqual([expected, outcome]);
    expect(storeErrorOf('etcd', error, 'unknown')).toBe(error);
  });

  it('a write is sent again only if it was not executed', () => {
    const safe = (code: number, details: string): boolean =>
      isWorthRetrying(failure(code, details)) && isRefused(failure(code, details));
    expect(safe(14, 'etcdserver: no leader')).toBe(true);
    expect(safe(14, 'etcdserver: server stopped')).toBe(false);
    expect(safe(14, 'Connection dropped')).toBe(false);
    expect(safe(3, 'etcdserver: request is too large')).toBe(false);
  });
});
