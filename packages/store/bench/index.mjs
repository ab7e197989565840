/**
 * How fast the stores are: durable updates, singly and in batches, listing, watching.
 *
 *     node packages/store/bench/index.mjs [--json] [--backend lmdb|etcd] [--keys 1000000] [--seconds 3] [--runs 3]
 *
 * Needs `npm run build`, and etcd for its part. All members, the client and the load share this machine. Medians of runs.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openEtcdStore, openLmdbStore } from '../dist/index.js';
import clusters from '../../../tools/testing/etcd-cluster.cjs';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    backend: { type: 'string' },
    keys: { type: 'string' },
    seconds: { type: 'string' },
    runs: { type: 'string' },
  },
});
const keys = Number(values.keys ?? 1_000_000);
const seconds = Number(values.seconds ?? 3);
const runs = Number(values.runs ?? 3);
/** Octets of the directory's keys, and of a mapping with one locator. */
const KEY_LENGTH = 27;
const VALUE = Buffer.alloc(72, 7);
const FILL_OPS = 50;

const backends = { lmdb: withLmdb, etcd: withEtcd };
const results = [];
for (const name of values.backend === undefined ? Object.keys(backends) : [values.backend]) {
  await backends[name]((store) => measure(name, store));
}
const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
if (values.json) console.log(JSON.stringify({ machine, results }));
else {
  console.log(machine);
  console.table(results);
}

async function withLmdb(use) {
  const directory = mkdtempSync(join(process.env.BENCH_DIRECTORY ?? tmpdir(), 'overlane-bench-'));
  const store = await openLmdbStore({ directory });
  try {
    await use(store);
  } finally {
    await store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function withEtcd(use) {
  const cluster = await clusters.EtcdCluster.start({
    members: 3,
    flags: ['--quota-backend-bytes', String(6 * 2 ** 30)],
  });
  const store = await openEtcdStore({ endpoints: cluster.endpoints, timeoutMs: 30_000 });
  try {
    await use(store);
  } finally {
    await store.close();
    await cluster.stop();
  }
}

async function measure(backend, store) {
  const updates = [
    { name: 'one at a time', inFlight: 1, ops: 1 },
    { name: '64 at a time', inFlight: 64, ops: 1 },
    { name: '1,024 at a time', inFlight: 1024, ops: 1 },
    { name: '16 transactions of 32 updates at a time', inFlight: 16, ops: 32 },
  ];
  for (const { name, inFlight, ops } of updates) {
    const samples = [];
    for (let run = 0; run < runs; run++) samples.push(await update(store, inFlight, ops));
    samples.sort((a, b) => a.perSecond - b.perSecond);
    record(backend, `durable updates, ${name}`, samples[samples.length >> 1]);
  }
  await fill(store);
  const listed = [];
  for (let run = 0; run < runs; run++) listed.push(await list(store));
  record(backend, `entries listed of ${keys}`, { perSecond: listed.sort((a, b) => a - b)[listed.length >> 1] });
  record(backend, 'events watched while written', { perSecond: await watch(store) });
}

/** Updates per second of `ops` keys in each of `inFlight` transactions at a time, and how long a transaction takes. */
async function update(store, inFlight, ops) {
  const latencies = [];
  let done = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  const writer = async (lane) => {
    for (let n = 0; performance.now() < end; n++) {
      const sent = performance.now();
      await store.txn({
        compares: [],
        ops: Array.from({ length: ops }, (_, i) => put('u', (lane * 997 + n) * ops + i)),
      });
      latencies.push(performance.now() - sent);
      done += ops;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, lane) => writer(lane)));
  latencies.sort((a, b) => a - b);
  const at = (share) => Number(latencies[Math.floor((latencies.length - 1) * share)].toFixed(2));
  return { perSecond: Math.round(done / ((performance.now() - start) / 1000)), p50Ms: at(0.5), p99Ms: at(0.99) };
}

async function fill(store) {
  let next = 0;
  const writer = async () => {
    while (next < keys) {
      const first = next;
      next += FILL_OPS;
      const ops = Array.from({ length: Math.min(FILL_OPS, keys - first) }, (_, i) => put('l', first + i));
      await store.txn({ compares: [], ops });
    }
  };
  await Promise.all(Array.from({ length: 32 }, writer));
}

async function list(store) {
  const start = performance.now();
  let found = 0;
  for await (const { entries } of store.list(Buffer.from('l'))) found += entries.length;
  if (found !== keys) throw new Error(`listed ${found} of ${keys} entries`);
  return Math.round(found / ((performance.now() - start) / 1000));
}

async function watch(store) {
  const { revision } = await store.stamp();
  const last = Buffer.from('u is done');
  const writing = update(store, 16, 32).then(async () => {
    await store.txn({ compares: [], ops: [{ type: 'put', key: last, value: VALUE }] });
  });
  let events = 0;
  const start = performance.now();
  for await (const batch of store.watch(Buffer.from('u'), revision + 1n)) {
    events += batch.events.length;
    if (batch.events.some(({ key }) => last.equals(key))) break;
  }
  await writing;
  return Math.round(events / ((performance.now() - start) / 1000));
}

/** Writes key number `n`, spread over the key space. */
function put(prefix, n) {
  const key = Buffer.alloc(KEY_LENGTH);
  key.write(prefix);
  key.writeUInt32BE(Math.imul(n, 2654435761) >>> 0, 6);
  key.writeUInt32BE(n, 10);
  return { type: 'put', key, value: VALUE };
}

function record(backend, what, figures) {
  results.push({ backend, what, ...figures });
  if (!values.json) console.error(backend, what, figures);
}
