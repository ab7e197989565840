// Speed of the flow cache on the built package, each case in a process of its own:
//   node packages/classifier/bench/cache.mjs [--json] [--only mega] [--case mega-30]
// M/s are million lookups per second, each of a whole 56-word key. `emc-N` looks up N resident flows in the microflow cache;
// `string-map` is a `Map` keyed by a joined string. `mega-S` looks up 8,000 megaflows spread evenly over S masks, without microflows; `zipf` the same with skewed
// popularity; `scan-map` tries one `Map` per mask. `recheck` is the first hit after a rule change, `pauses` the slowest calls
// under change and churn. `heap` says how many octets a million hits leave on the heap.
import { spawnSync } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { FLOW_SCHEMA, FlowCache, buildMatch } from '@overlane/classifier';
import {
  Traffic,
  chooseMasks,
  createNumbers,
  fillCache,
  keyOf,
  makeMegaflows,
  maskOf,
  measure,
  nameOf,
  shuffled,
  uniform,
  zipf,
} from './traffic.mjs';

function residentPackets(count) {
  const { cache, keys } = fillCache(makeMegaflows(chooseMasks(1), count), { microflow: { insertInverse: 1 } });
  for (let i = 0; i < 4; i++) for (const key of keys) cache.lookup(key);
  const resident = keys.filter((key) => {
    const before = cache.stats().microflowHits;
    cache.lookup(key);
    return cache.stats().microflowHits > before;
  });
  return { cache, traffic: uniform(resident) };
}

function emc(count) {
  const { cache, traffic } = residentPackets(count);
  return measure(traffic.length, () => traffic.lookUp(cache));
}

function stringMap(count) {
  const keys = makeMegaflows(chooseMasks(1), count).map(({ packet }) => keyOf(packet));
  const map = new Map(keys.map((key, i) => [nameOf(key.words), i]));
  const traffic = uniform(keys);
  return measure(traffic.length, () => traffic.lookUpStrings(map));
}

function mega(masks) {
  const { cache, keys } = fillCache(makeMegaflows(chooseMasks(masks)), { microflow: { entries: 0 } });
  const traffic = uniform(keys);
  return measure(traffic.length, () => traffic.lookUp(cache));
}

function megaZipf(masks) {
  const { cache, keys } = fillCache(makeMegaflows(chooseMasks(masks)), { microflow: { entries: 0 } });
  const traffic = new Traffic(zipf(keys, 32_768));
  return measure(traffic.length, () => traffic.lookUp(cache));
}

function scanMap(count) {
  const masks = chooseMasks(count);
  const name = ({ src, dst, sport, dport }, { packet: p }) =>
    `${p.src >>> (32 - src)},${p.dst >>> (32 - dst)},${sport && p.sport},${dport && p.dport}`;
  const maps = new Map(masks.map((mask) => [mask, new Map()]));
  const megaflows = makeMegaflows(masks);
  megaflows.forEach((megaflow, i) => maps.get(megaflow.mask).set(name(megaflow.mask, megaflow), i));
  const order = shuffled(megaflows);
  return measure(order.length, () =>
    order.reduce((sum, megaflow) => {
      for (const [mask, map] of maps) {
        const found = map.get(name(mask, megaflow));
        if (found !== undefined) return (sum + found) | 0;
      }
      return sum;
    }, 0),
  );
}

/** First hits after a change that concerns nobody: the cost of the test that the change log makes. */
function recheck() {
  const { cache, keys } = fillCache(makeMegaflows(chooseMasks(30)), { microflow: { entries: 0 } });
  const elsewhere = buildMatch({ in_port: 77 });
  const traffic = uniform(keys, keys.length);
  return measure(traffic.length, () => {
    cache.invalidate(elsewhere);
    return traffic.lookUp(cache);
  });
}

/** Longest calls in microseconds while rules change, megaflows churn and the cache is maintained. */
function pauses() {
  const masks = chooseMasks(64);
  const numbers = createNumbers(9);
  const flowMasks = masks.map(maskOf);
  let kept = 0;
  const cache = new FlowCache(FLOW_SCHEMA, {
    slowPath: (key, mask) => {
      mask.words.set(flowMasks[key.words[42] & 63].words);
      return kept++;
    },
    upcall: false,
    seed: 1,
  });
  const pool = makeMegaflows(masks, 40_000).map(({ packet }) => keyOf(packet));
  const times = { classify: [], invalidate: [], maintain: [] };
  const timed = (name, run) => {
    const start = performance.now();
    run();
    times[name].push(1000 * (performance.now() - start));
  };
  for (let i = 0; i < 1_000_000; i++) {
    timed('classify', () => cache.classify(pool[numbers(40_000)], 64, i >> 10));
    if (i % 5000 === 0) timed('invalidate', () => cache.invalidate(buildMatch({ in_port: numbers(4) })));
    if (i % 2000 === 0) timed('maintain', () => cache.maintain(i >> 10));
  }
  return Object.fromEntries(
    Object.entries(times).map(([name, list]) => {
      const sorted = list.slice(list.length >> 2).sort((a, b) => a - b);
      const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))];
      return [name, { p50: at(0.5), p99: at(0.99), p999: at(0.999), most: at(1) }];
    }),
  );
}

/** Octets that a million hits leave on the heap, with microflows and without. */
function heap() {
  const grown = (entries) => {
    const { cache, keys } = fillCache(makeMegaflows(chooseMasks(30), 4000), { microflow: { entries } });
    const traffic = uniform(keys, 4000);
    for (let i = 0; i < 50; i++) traffic.lookUp(cache);
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 250; i++) traffic.lookUp(cache);
    return process.memoryUsage().heapUsed - before;
  };
  return { microflow: grown(8192), megaflow: grown(0) };
}

/** The cases by name; each returns `{ rate, spread }` or figures of its own. */
export const cases = {
  'string-map-1000': () => stringMap(1000),
  'string-map-4000': () => stringMap(4000),
  'string-map-8000': () => stringMap(8000),
  'emc-1000': () => emc(1000),
  'emc-4000': () => emc(4000),
  'emc-8000': () => emc(8000),
  'mega-1': () => mega(1),
  'mega-8': () => mega(8),
  'mega-30': () => mega(30),
  'mega-100': () => mega(100),
  'zipf-1': () => megaZipf(1),
  'zipf-8': () => megaZipf(8),
  'zipf-30': () => megaZipf(30),
  'zipf-100': () => megaZipf(100),
  'scan-map-1': () => scanMap(1),
  'scan-map-30': () => scanMap(30),
  recheck,
  pauses,
  heap,
};

/** Runs one case in a process of its own. */
export function runCase(name, script = fileURLToPath(import.meta.url)) {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', script, '--case', name], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${name}: ${stderr}`);
  return JSON.parse(stdout);
}

function main() {
  const { values } = parseArgs({
    options: { json: { type: 'boolean' }, only: { type: 'string', default: '' }, case: { type: 'string' } },
  });
  if (values.case !== undefined) {
    process.stdout.write(JSON.stringify(cases[values.case]()));
    return;
  }
  const names = Object.keys(cases).filter((name) => name.includes(values.only));
  const results = Object.fromEntries(names.map((name) => [name, runCase(name)]));
  const machine = { cpu: cpus()[0]?.model, node: process.version, load: loadavg()[0] };
  if (values.json) process.stdout.write(`${JSON.stringify({ machine, results }, null, 2)}\n`);
  else {
    console.log(machine);
    for (const [name, { rate, spread, ...rest }] of Object.entries(results)) {
      console.log(
        name.padEnd(18),
        rate === undefined ? rest : `${rate.toFixed(1)} M/s, spread ${Math.round(100 * spread)} %`,
      );
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
