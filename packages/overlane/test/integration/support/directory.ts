/** Processes for tests of the directory: lookup servers and etcd, on this machine. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { COMMAND } from './private-world.js';

/** A lookup server at work. */
export interface Serving {
  readonly child: ChildProcess;
  /** `host:port`. */
  readonly endpoint: string;
  readonly ended: Promise<number | null>;
}

/** Runs `overlane directory` to its end. */
export function directory(...words: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [COMMAND, 'directory', ...words], { encoding: 'utf8' });
}

/** Starts `overlane directory serve` and waits until it has loaded everything. */
export async function serve(store: string, ...more: readonly string[]): Promise<Serving> {
  const words = ['directory', 'serve', '--store', store, '--listen', '127.0.0.1:0', '--log-level', 'warn', ...more];
  const child = spawn(process.execPath, [COMMAND, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { event: string; listen: string };
    if (event.event !== 'ready') continue;
    child.stdout.resume();
    return { child, endpoint: event.listen, ended };
  }
  throw new Error(`the server has ended: ${said}`);
}

/** A member of an etcd cluster. */
export interface Member {
  readonly child: ChildProcess;
  readonly url: string;
}

/** Starts a cluster of etcd in `folder`, and waits until it has a leader. */
export async function startEtcd(count: number, folder: string): Promise<Member[]> {
  const ports: number[] = [];
  for (let i = 0; i < 2 * count; i++) ports.push(await freePort());
  const urlOf = (i: number): string => `http://127.0.0.1:${ports[i]}`;
  const cluster = Array.from({ length: count }, (_, i) => `m${i}=${urlOf(count + i)}`).join(',');
  const members = Array.from({ length: count }, (_, i): Member => {
    const data = join(folder, `m${i}`);
    mkdirSync(data, { mode: 0o700 });
    const clients = ['--listen-client-urls', urlOf(i), '--advertise-client-urls', urlOf(i)];
    const peers = ['--listen-peer-urls', urlOf(count + i), '--initial-advertise-peer-urls', urlOf(count + i)];
    const words = ['--name', `m${i}`, '--data-dir', data, ...clients, ...peers, '--initial-cluster', cluster];
    return { child: spawn('etcd', [...words, '--log-level', 'error'], { stdio: 'ignore' }), url: urlOf(i) };
  });
  for (const { url } of members) while (!(await isHealthy(url))) await pause(100);
  return members;
}

/** The member that leads the cluster. */
export async function leaderOf(members: readonly Member[]): Promise<Member> {
  for (;;) {
    for (const member of members) {
      const status = await fetch(`${member.url}/v3/maintenance/status`, { method: 'POST', body: '{}' })
        .then((response) => response.json() as Promise<{ leader?: string; header: { member_id: string } }>)
        .catch(() => undefined);
      if (status !== undefined && status.leader === status.header.member_id) return member;
    }
    await pause(100);
  }
}

/** Waits some milliseconds. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function isHealthy(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
