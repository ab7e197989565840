// Sleeping, waking, and moving between namespaces. Each export is one case and returns what the test asserts on.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { enterNetworkNamespace, inNetworkNamespace, Poller, TapPort, wakePoller } from '@overlane/netio';
import { PacketBuffer } from '@overlane/wire';
import { drain, errorOf, ip, namespaceOf } from './support.mjs';

/** A worker sleeps; the main thread wakes it. Time-outs and deleted devices end too. */
export async function poller() {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     const { Poller, Arena } = require('@overlane/netio');
     const poller = new Poller([]);
     parentPort.postMessage({ wakeFd: poller.wakeFd, low: Arena.forThread().baseAddress < 2 ** 31 });
     const ready = poller.wait(20000);
     const after = poller.wait(0);
     poller.close();
     poller.close();
     parentPort.postMessage({ ready, after });`,
    { eval: true },
  );
  const [{ wakeFd, low }] = await once(worker, 'message');
  const started = process.hrtime.bigint();
  wakePoller(wakeFd);
  const [woken] = await once(worker, 'message');
  const seconds = Number((process.hrtime.bigint() - started) / 1_000_000_000n);
  await worker.terminate();

  const tap = new TapPort({ name: 'tap0' });
  tap.bringUp();
  const poller = new Poller([tap]);
  drain(tap);
  tap.send(PacketBuffer.from(new Uint8Array(60)));
  poller.wake();
  const idle = poller.wait(0);
  ip('addr', 'add', '10.9.0.1/24', 'dev', 'tap0');
  const socket = createSocket('udp4');
  await new Promise((done) => socket.send('x', 9, '10.9.0.9', done));
  const readable = poller.wait(2000);
  socket.close();
  drain(tap);
  ip('link', 'delete', 'tap0');
  for (let i = 0; i < 40; i++) poller.wait(0);
  const after = { received: tap.receive(), receiveErrors: tap.statistics.receiveErrors };
  return { low, woken, promptly: seconds < 10, idle, readable, muted: poller.muted, after };
}

/** Ports opened in another namespace belong to it; the thread comes back even after an error. */
export async function namespaces() {
  const peer = spawn('unshare', ['-n', 'sleep', '30'], { stdio: 'ignore' });
  try {
    const path = `/proc/${peer.pid}/ns/net`;
    const home = namespaceOf('/proc/thread-self/ns/net');
    while (namespaceOf(path) === home) await new Promise((done) => setTimeout(done, 5));
    const there = () =>
      execFileSync('nsenter', ['-t', String(peer.pid), '-n', 'ip', '-o', 'link'], { encoding: 'utf8' });
    const port = inNetworkNamespace(path, () => new TapPort({ name: 'inside' }));
    const inside = there().includes('inside');
    const outside = spawnSync('ip', ['link', 'show', 'inside']).status === 0;
    const thrown = errorOf(() =>
      inNetworkNamespace(path, () => {
        throw new Error('expected');
      }),
    );
    const back = namespaceOf('/proc/thread-self/ns/net') === home;
    const missing = errorOf(() => enterNetworkNamespace('no-such-namespace'));
    enterNetworkNamespace(path);
    const moved = namespaceOf('/proc/thread-self/ns/net') === namespaceOf(path);
    port.close();
    return { inside, outside, thrown, back, missing, moved };
  } finally {
    peer.kill();
  }
}
