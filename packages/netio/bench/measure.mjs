// What the rows of the bench share: a network namespace of their own, time and garbage per packet, packets to send.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ipv4, write16 } from '@overlane/wire';

export const BATCH = 64;
const TURNS = 2000;
const ROUNDS = 10;
const INSIDE = 'OVERLANE_BENCH_NAMESPACE';

let collections = 0;
new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ['gc'] });

export const ip = (...words) => execFileSync('ip', words);
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Runs the script again in a namespace of its own, unless this is that run. */
export function enterNamespace(script) {
  if (process.env[INSIDE] !== undefined) return;
  const unshare = process.getuid() === 0 ? ['-n'] : ['-Urn'];
  const words = [...unshare, process.execPath, ...process.execArgv, '--expose-gc', script, ...process.argv.slice(2)];
  const child = spawnSync('unshare', words, { stdio: 'inherit', env: { ...process.env, [INSIDE]: '1' } });
  process.exit(child.status ?? 1);
}

/** A veth pair, its far end in another namespace, whose path is returned with what ends it. */
export async function vethPair() {
  const keeper = spawn('unshare', ['-n', 'sleep', '600'], { stdio: 'ignore' });
  const path = `/proc/${keeper.pid}/ns/net`;
  while (readlinkSync(path) === readlinkSync('/proc/self/ns/net')) await sleep(5);
  const there = (...words) => execFileSync('nsenter', ['-t', String(keeper.pid), '-n', 'ip', ...words]);
  ip(...'link add near type veth peer name far netns'.split(' '), String(keeper.pid));
  ip('link', 'set', 'near', 'up');
  ip('addr', 'add', '10.7.0.1/24', 'dev', 'near');
  there('link', 'set', 'far', 'up');
  there('addr', 'add', '10.7.0.2/24', 'dev', 'far');
  return { path, close: () => keeper.kill() };
}

/** Makes `window` an IPv4 packet of `length` octets to UDP port `port`, or in TCP syntax if `protocol` says so. */
export function shape(window, length, source, destination, port, protocol = 17) {
  const { bytes, start } = window;
  bytes.fill(0, start, start + length);
  bytes.set([0x45, 0, length >> 8, length & 255, 0, 0, 0x40, 0, 64, protocol, 0, 0, ...source, ...destination], start);
  ipv4.writeChecksum(bytes, start);
  write16(bytes, start + 20, 50_000);
  write16(bytes, start + 22, port);
  if (protocol === 17) write16(bytes, start + 24, length - 20);
  else bytes[start + 32] = 0x50;
  window.end = start + length;
}

const clock = () => performance.now();
/** The clock's own numbers are garbage, so it stands still while the heap is watched. */
const stopped = () => 0;

/**
 * Runs the turns of all `rows` in rounds, one row after another: a turn handles `packets` packets and adds its times in ms
 * to `times`, sending first. Reports median times and the least growth of the heap per packet, and the collections of all
 * rounds.
 */
export async function measure(rows) {
  const found = rows.map(() => ({ send: [], receive: [], growth: Infinity, collected: 0 }));
  const times = new Float64Array(2);
  for (const { turn } of rows) for (let i = 0; i < 1000; i++) turn(times, i % 2 === 0 ? clock : stopped);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, { turn, packets = BATCH }] of rows.entries()) {
      const row = found[index];
      times.fill(0);
      for (let i = 0; i < TURNS; i++) turn(times, clock);
      row.send.push((times[0] * 1e6) / (TURNS * packets));
      row.receive.push((times[1] * 1e6) / (TURNS * packets));
      global.gc();
      await sleep(5);
      collections = 0;
      const heap = process.memoryUsage().heapUsed;
      for (let i = 0; i < TURNS; i++) turn(times, stopped);
      row.growth = Math.min(row.growth, (process.memoryUsage().heapUsed - heap) / (TURNS * packets));
      await sleep(5);
      row.collected += collections;
    }
  }
  return rows.map(({ name, packets = BATCH }, index) => ({
    name,
    packets: TURNS * packets * ROUNDS,
    sendNs: Math.round(median(found[index].send)),
    receiveNs: Math.round(median(found[index].receive)),
    heapOctetsPerPacket: Number(found[index].growth.toFixed(3)),
    collections: found[index].collected,
  }));
}

/** A turn that sends `packets` copies of one packet from `a` and receives them at `b`. */
export function exchange(a, b, packet, packets = BATCH) {
  return (times, now) => {
    const t0 = now();
    for (let i = 0; i < packets; i++) a.send(packet);
    if (a.flush() !== 0) throw new Error('packets were refused');
    const t1 = now();
    let received = 0;
    for (let n = b.receive(); n > 0; n = b.receive()) received += n;
    if (received !== packets) throw new Error(`${packets - received} packets were lost`);
    times[0] += t1 - t0;
    times[1] += now() - t1;
  };
}
