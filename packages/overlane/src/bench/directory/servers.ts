/** Lookup servers and etcd members for a run: processes of their own, which end with it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { OutcomeError } from '../../exit.js';
import { KEY_EPOCH, MASTER } from './datagrams.js';

/** A process that serves. */
export interface ServerProcess {
  readonly pid: number;
  /** Where it answers, `host:port`. */
  readonly endpoint: string;
  /** From its start until all mappings were loaded, and how many those were. */
  readonly loaded: { readonly seconds: number; readonly mappings: number };
  /** Ends it, gently or not. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const COMMAND = fileURLToPath(new URL('../../cli.js', import.meta.url));
const ETCD_READY_MS = 15_000;

/** Starts `overlane directory serve` and waits until it is loaded. @throws OutcomeError if it ends instead */
export async function startServer(
  store: string,
  folder: string,
  auth: 'none' | 'mutual',
  port = 0,
): Promise<ServerProcess> {
  const keys = join(folder, 'keys');
  writeFileSync(keys, `${KEY_EPOCH} ${Buffer.from(MASTER).toString('hex')}\n`);
  const args = [
    'directory',
    'serve',
    '--store',
    store,
    '--listen',
    `127.0.0.1:${port}`,
    '--auth',
    auth,
    '--log-level',
    'error',
  ];
  if (auth !== 'none') args.push('--keys', keys);
  const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = endOf(child);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
  let listeningMs = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { event: string; listen: string; mappings: number };
    if (event.event === 'listening') listeningMs = performance.now();
    if (event.event !== 'ready') continue;
    // What it prints later must not fill the pipe.
    child.stdout.resume();
    return {
      pid: child.pid!,
      endpoint: event.listen,
      loaded: { seconds: (performance.now() - listeningMs) / 1000, mappings: event.mappings },
      stop: (signal = 'SIGTERM') => {
        child.kill(signal);
        return ended;
      },
    };
  }
  throw new OutcomeError(`the lookup server ended: ${said.trim() || 'no reason given'}`);
}

/** Members of an etcd cluster. */
export interface EtcdCluster {
  /** The `--store` for it. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts `members` of etcd in `folder`. @throws OutcomeError if etcd is not installed or does not come up */
export async function startEtcd(members: number, folder: string): Promise<EtcdCluster> {
  const ports: number[] = [];
  for (let i = 0; i < 2 * members; i++) ports.push(await freePort());
  const urlOf = (i: number): string => `http://127.0.0.1:${ports[i]}`;
  const cluster = Array.from({ length: members }, (_, i) => `m${i}=${urlOf(members + i)}`).join(',');
  const children = Array.from({ length: members }, (_, i) => {
    const data = join(folder, `etcd-${i}`);
    mkdirSync(data, { mode: 0o700 });
    const urls = ['--listen-client-urls', urlOf(i), '--advertise-client-urls', urlOf(i)];
    const peers = ['--listen-peer-urls', urlOf(members + i), '--initial-advertise-peer-urls', urlOf(members + i)];
    const start = [
      '--initial-cluster',
      cluster,
      '--initial-cluster-state',
      'new',
      '--quota-backend-bytes',
      '4000000000',
    ];
    return spawn('etcd', ['--name', `m${i}`, '--data-dir', data, ...urls, ...peers, ...start, '--log-level', 'error'], {
      stdio: 'ignore',
    });
  });
  const ended = children.map(endOf);
  const stop = async (): Promise<void> => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ended);
  };
  const endpoints = Array.from({ length: members }, (_, i) => urlOf(i));
  const untilMs = performance.now() + ETCD_READY_MS;
  while (!(await Promise.all(endpoints.map(isHealthy))).every(Boolean)) {
    if (performance.now() > untilMs || children.some(({ exitCode }) => exitCode !== null)) {
      await stop();
      throw new OutcomeError('etcd does not come up; is it installed?');
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { url: `etcd:${endpoints.join(',')}`, stop };
}

async function isHealthy(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** A TCP port that nobody has now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
}
