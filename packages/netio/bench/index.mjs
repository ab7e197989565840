// Cost and garbage of real ports, on the built package, in a network namespace of its own:
//   node packages/netio/bench/index.mjs [--json]      (build first; root or user namespaces)
// Add --trace-gc after `node` to see collections as they happen.
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { PerformanceObserver } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { bringInterfaceUp, Poller, TapPort, UnderlaySocket } from '@overlane/netio';
import { IpAddress, write16 } from '@overlane/wire';

const BATCH = 64;
const TURNS = 4000;
const ROUNDS = 5;
const INSIDE = 'OVERLANE_BENCH_NAMESPACE';

if (process.env[INSIDE] === undefined) {
  const unshare = process.getuid() === 0 ? ['-n'] : ['-Urn'];
  const words = [...unshare, process.execPath, ...process.execArgv, '--expose-gc', fileURLToPath(import.meta.url)];
  const child = spawnSync('unshare', [...words, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  process.exit(child.status ?? 1);
}

let collections = 0;
new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ['gc'] });

const ip = (...words) => execFileSync('ip', words);
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const underlay = (address) =>
  new UnderlaySocket({ local: IpAddress.parse(address), transport: { protocol: 'udp', port: 4789 } });

/** Makes `window` an IPv4/UDP packet of `length` octets from the arena of the port that it was received on. */
function shape(window, length, source, destination) {
  const { bytes, start } = window;
  bytes.fill(0, start, start + length);
  bytes.set([0x45, 0, length >> 8, length & 255, 0, 1, 0x40, 0, 64, 17, 0, 0, ...source, ...destination], start);
  write16(bytes, start + 20, 50_000);
  write16(bytes, start + 22, 4789);
  write16(bytes, start + 24, length - 20);
  window.end = start + length;
}

const clock = () => performance.now();
/** The clock's own numbers are garbage, so it stands still while the heap is watched. */
const stopped = () => 0;

/** Runs `turn` (64 packets, adds its times in ms to `times`); reports median times and the least heap growth. */
async function measure(name, turn) {
  const rounds = [];
  const times = new Float64Array(2);
  for (let i = 0; i < 1000; i++) turn(times, i % 2 === 0 ? clock : stopped);
  let growth = Infinity;
  let collected = 0;
  for (let round = 0; round < ROUNDS; round++) {
    times.fill(0);
    for (let i = 0; i < TURNS; i++) turn(times, clock);
    rounds.push([...times].map((ms) => (ms * 1e6) / (TURNS * BATCH)));
    global.gc();
    await new Promise((done) => setTimeout(done, 5));
    collections = 0;
    const heap = process.memoryUsage().heapUsed;
    for (let i = 0; i < TURNS; i++) turn(times, stopped);
    growth = Math.min(growth, (process.memoryUsage().heapUsed - heap) / (TURNS * BATCH));
    await new Promise((done) => setTimeout(done, 5));
    collected += collections;
  }
  return {
    name,
    packets: TURNS * BATCH * ROUNDS,
    sendNs: Math.round(median(rounds.map(([send]) => send))),
    receiveNs: Math.round(median(rounds.map(([, receive]) => receive))),
    heapOctetsPerPacket: Number(growth.toFixed(3)),
    collections: collected,
  };
}

bringInterfaceUp('lo');
const a = underlay('127.0.0.1');
const b = underlay('127.0.0.2');

/** A window in the arena, to send from: what a port has received. */
function ownWindow() {
  execFileSync(process.execPath, [
    '-e',
    `const s = require('dgram').createSocket('udp4'); s.send('x', 4789, '127.0.0.1', () => s.close())`,
  ]);
  const poller = new Poller([a]);
  poller.wait(2000);
  poller.close();
  if (a.receive() !== 1) throw new Error('no packet on the loop-back device');
  return a.packet(0);
}

const results = [];
const packet = ownWindow();
for (const length of [92, 1478]) {
  shape(packet, length, [127, 0, 0, 1], [127, 0, 0, 2]);
  const turn = (times, now) => {
    const t0 = now();
    for (let i = 0; i < BATCH; i++) a.send(packet);
    a.flush();
    const t1 = now();
    if (b.receive() !== BATCH) throw new Error('packets were lost');
    times[0] += t1 - t0;
    times[1] += now() - t1;
  };
  results.push(await measure(`udp over lo, ${length} octets`, turn));
}

let tap;
try {
  tap = new TapPort({ name: 'bench0' });
} catch (error) {
  console.error(`TAP skipped: ${error.message}`);
}
if (tap !== undefined) {
  tap.bringUp();
  writeFileSync('/proc/sys/net/ipv6/conf/bench0/disable_ipv6', '1');
  ip('addr', 'add', '10.77.0.1/24', 'dev', 'bench0');
  ip('neigh', 'add', '10.77.0.2', 'lladdr', '02:00:00:00:00:02', 'dev', 'bench0');
  const source = underlay('10.77.0.1');
  for (const length of [50, 1428]) {
    while (tap.receive() > 0);
    shape(packet, length, [127, 0, 0, 1], [10, 77, 0, 2]);
    packet.bytes.set([10, 77, 0, 1], packet.start + 12);
    // The kernel routes what the socket sends to the TAP: that fills its queue. What is read goes back to the kernel,
    // addressed to another host, so it is dropped early and the write itself is what counts.
    const turn = (times, now) => {
      for (let i = 0; i < BATCH; i++) source.send(packet);
      source.flush();
      const t0 = now();
      const n = tap.receive();
      const t1 = now();
      for (let i = 0; i < n; i++) tap.send(tap.packet(i));
      times[0] += now() - t1;
      times[1] += t1 - t0;
      if (n !== BATCH || tap.flush() !== 0) throw new Error('frames were lost');
    };
    results.push(await measure(`tap, ${length + 14} octets`, turn));
  }
}

const machine = { cpu: cpus()[0].model, cores: cpus().length, kernel: release(), node: process.version };
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ machine, batch: BATCH, results }));
} else {
  console.log(
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}; batches of ${BATCH}`,
  );
  console.table(
    results.map(({ name, sendNs, receiveNs, heapOctetsPerPacket, collections: gc }) => ({
      port: name,
      'send ns/packet': sendNs,
      'receive ns/packet': receiveNs,
      'heap octets/packet': heapOctetsPerPacket,
      collections: gc,
    })),
  );
}
process.exit(0);
