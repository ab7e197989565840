/**
 * Kills the process that holds the data with SIGKILL at random moments, under load, and checks what is left: no acknowledged
 * write lost, no transaction torn, no revision missing from the watch.
 *
 *     node packages/store/bench/crash.mjs [--rounds 200] [--backend lmdb|etcd] [--seed N]
 *
 * Prints one line of JSON per backend; exit code 1 if anything was lost. Needs `npm run build`, and etcd for its part.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openEtcdStore, openLmdbStore } from '../dist/index.js';
import clusters from '../../../tools/testing/etcd-cluster.cjs';
import { lastOf, Ledger, transactionOf } from './crash-ledger.mjs';

const WRITERS = 16;
/** A round's length under load: uniform in these, in milliseconds. */
const LOAD_MS = [5, 120];

const { values } = parseArgs({
  options: { rounds: { type: 'string' }, backend: { type: 'string' }, seed: { type: 'string' } },
});
const rounds = Number(values.rounds ?? 200);
const seed = Number(values.seed ?? 1);
const backends = { lmdb: crashLmdb, etcd: crashEtcd };
for (const name of values.backend === undefined ? Object.keys(backends) : [values.backend]) {
  const started = performance.now();
  const ledger = await backends[name](randomOf(seed));
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(JSON.stringify({ backend: name, rounds, seed, seconds, ...ledger.counted, ...ledger.broken }));
  if (!ledger.isIntact) process.exitCode = 1;
}

/** The writing process of an embedded store is killed; another process looks at what it left. */
async function crashLmdb(random) {
  const directory = mkdtempSync(join(tmpdir(), 'overlane-crash-'));
  const ledger = new Ledger(1n);
  try {
    for (let round = 0; round < rounds; round++) {
      await writeUntilKilled(directory, ledger, loadMs(random));
      const store = await openLmdbStore({ directory });
      await ledger.check(store);
      await store.close();
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return ledger;
}

async function writeUntilKilled(directory, ledger, milliseconds) {
  const script = fileURLToPath(new URL('crash-writer.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, directory, String(WRITERS)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise((resolve) => child.once('close', (_code, signal) => resolve(signal)));
  let timer;
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    timer ??= setTimeout(() => child.kill('SIGKILL'), milliseconds);
    const [writer, n, revision] = line.split(' ');
    ledger.acknowledge(Number(writer), Number(n), revision);
  });
  const read = new Promise((resolve) => lines.once('close', resolve));
  if ((await gone) !== 'SIGKILL') throw new Error('the writing process ended by itself');
  await read;
}

/** The only member of an etcd cluster is killed and started again on its data, while this process goes on writing. */
async function crashEtcd(random) {
  const cluster = await clusters.EtcdCluster.start();
  const store = await openEtcdStore({ endpoints: cluster.endpoints, timeoutMs: 2000 });
  const ledger = new Ledger((await store.stamp()).revision);
  try {
    for (let round = 0; round < rounds; round++) {
      let writing = true;
      const writers = Array.from({ length: WRITERS }, (_, writer) => write(store, ledger, writer, () => writing));
      await sleep(loadMs(random));
      await cluster.kill(0);
      writing = false;
      await Promise.all(writers);
      await cluster.restart(0);
      await ledger.check(store);
    }
  } finally {
    await store.close();
    await cluster.stop();
  }
  return ledger;
}

async function write(store, ledger, writer, isWriting) {
  try {
    let { n, modRevision } = await lastOf(store, writer);
    while (isWriting()) {
      const { succeeded, revision } = await store.txn(transactionOf(writer, ++n, modRevision));
      if (!succeeded) throw new Error(`writer ${writer} found somebody else's transaction`);
      ledger.acknowledge(writer, n, revision);
      modRevision = revision;
    }
  } catch (error) {
    // The member was killed: nobody was told anything.
    if (error.code !== 'E_STORE_UNAVAILABLE') throw error;
  }
}

function loadMs(random) {
  return LOAD_MS[0] + random() * (LOAD_MS[1] - LOAD_MS[0]);
}

/** Numbers in 0..1 that a seed determines (mulberry32). */
function randomOf(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
