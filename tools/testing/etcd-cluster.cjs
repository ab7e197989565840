/** etcd members on loopback for tests and benches: started, killed and started again by their own process numbers. */
'use strict';

const { spawn } = require('node:child_process');
const { closeSync, mkdtempSync, openSync, readFileSync, rmSync } = require('node:fs');
const { createServer } = require('node:net');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const START_TIMEOUT_MS = 60_000;
const POLL_MS = 20;

class EtcdCluster {
  #members;
  #directory;

  constructor(directory, members) {
    this.#directory = directory;
    this.#members = members;
  }

  static async start({ members: count = 1, tls, flags = [] } = {}) {
    const directory = mkdtempSync(join(tmpdir(), 'overlane-etcd-'));
    const ports = await freePorts(2 * count);
    const scheme = tls === undefined ? 'http' : 'https';
    const members = Array.from({ length: count }, (_, i) => ({
      name: `member${i}`,
      client: `${scheme}://127.0.0.1:${ports[2 * i]}`,
      peer: `http://127.0.0.1:${ports[2 * i + 1]}`,
    }));
    const initial = members.map(({ name, peer }) => `${name}=${peer}`).join(',');
    for (const member of members) {
      member.log = join(directory, `${member.name}.log`);
      member.data = join(directory, member.name);
      member.args = [
        ...['--name', member.name, '--data-dir', member.data, '--logger', 'zap'],
        ...['--listen-client-urls', member.client, '--advertise-client-urls', member.client],
        ...['--listen-peer-urls', member.peer, '--initial-advertise-peer-urls', member.peer],
        ...['--initial-cluster', initial],
        ...(tls === undefined ? [] : ['--cert-file', tls.cert, '--key-file', tls.key]),
        ...(tls?.clientCa === undefined ? [] : ['--client-cert-auth', '--trusted-ca-file', tls.clientCa]),
        ...flags,
      ];
    }
    const cluster = new EtcdCluster(directory, members);
    for (const index of members.keys()) cluster.#spawn(index);
    if (tls === undefined) await cluster.ready();
    return cluster;
  }

  get endpoints() {
    return this.#members.map(({ client }) => client);
  }

  dataDirectory(index) {
    return this.#members[index].data;
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(index) {
    const { process: child } = this.#members[index];
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Starts a killed member on its old data. */
  async restart(index) {
    this.#spawn(index);
    await this.ready();
  }

  /** Number of the member that leads. */
  async leader() {
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (;;) {
      const found = await this.#findLeader();
      if (found >= 0) return found;
      if (Date.now() > deadline) throw new Error('no etcd member leads');
      await sleep(POLL_MS);
    }
  }

  /** Forgets what is older than `revision`. */
  async compact(revision) {
    await this.#post(0, 'kv/compaction', { revision: String(revision), physical: true });
  }

  async stop() {
    await Promise.all([...this.#members.keys()].map((index) => this.kill(index)));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Resolves when every living member can write. */
  async ready() {
    const deadline = Date.now() + START_TIMEOUT_MS;
    for (const member of this.#members) {
      while (!(await isHealthy(member.client))) {
        const { exitCode } = member.process;
        if (exitCode !== null || Date.now() > deadline) {
          throw new Error(`etcd ${member.name} does not start:\n${readFileSync(member.log, 'utf8').slice(-4000)}`);
        }
        if (member.process.signalCode !== null) break;
        await sleep(POLL_MS);
      }
    }
  }

  async #findLeader() {
    for (const [index, { process: child }] of this.#members.entries()) {
      if (child.signalCode !== null) continue;
      const status = await this.#post(index, 'maintenance/status', {}).catch(() => undefined);
      if (status?.leader !== undefined && status.leader === status.header.member_id) return index;
    }
    return -1;
  }

  async #post(index, path, body) {
    const answer = await fetch(`${this.#members[index].client}/v3/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`etcd refuses ${path}: ${await answer.text()}`);
    return answer.json();
  }

  #spawn(index) {
    const member = this.#members[index];
    const log = openSync(member.log, 'a');
    // The kernel ends a member with us, even if we are killed.
    const args = ['--pdeathsig', 'KILL', '--', 'etcd', ...member.args];
    member.process = spawn('setpriv', args, { stdio: ['ignore', log, log] });
    closeSync(log);
  }
}

async function isHealthy(endpoint) {
  try {
    const answer = await fetch(`${endpoint}/health`, { signal: AbortSignal.timeout(2000) });
    return (await answer.json()).health === 'true';
  } catch {
    return false;
  }
}

/** Ports that nobody has now. They are let go together, so they differ. */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise((resolve, reject) => {
        server.once('error', reject).listen(0, '127.0.0.1', () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

module.exports = { EtcdCluster };
