// What the cases share.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { NetioError, Poller, UnderlaySocket } from '@overlane/netio';
import { IpAddress } from '@overlane/wire';

export const ip = (...words) => execFileSync('ip', words);
export const openFiles = () => readdirSync('/proc/self/fd').length;
export const LOOPBACK_6 = new Uint8Array(16).fill(1, 15);

/** Receives until `count` packets came or some time has passed; returns copies. */
export function collect(port, count, timeoutMs = 2000) {
  const packets = [];
  const poller = new Poller([port]);
  const end = Date.now() + timeoutMs;
  while (packets.length < count && Date.now() < end) {
    const n = port.receive();
    for (let i = 0; i < n; i++) {
      const packet = port.packet(i);
      const { checksum, segmentType, segmentSize } = packet;
      packets.push({ bytes: packet.copy(), checksum, segmentType, segmentSize, alignment: packet.start % 4 });
    }
    if (n === 0) poller.wait(50);
  }
  poller.close();
  return packets;
}

export function errorOf(action) {
  try {
    action();
    return { code: 'none' };
  } catch (error) {
    return NetioError.is(error)
      ? { code: error.code, errno: error.errno, message: error.message }
      : { code: String(error) };
  }
}

export const hex = (bytes) => Buffer.from(bytes).toString('hex');
export const underlay = (address, options = {}) =>
  new UnderlaySocket({ local: IpAddress.parse(address), transport: { protocol: 'udp', port: 4789 }, ...options });

export function collectMatching(port, matches) {
  const end = Date.now() + 2000;
  while (Date.now() < end) {
    const found = collect(port, 1).find(matches);
    if (found !== undefined) return found;
  }
  throw new Error('the expected frame did not come');
}

export function drain(port) {
  while (port.receive() > 0);
}

/** Identity of a namespace file. */
export function namespaceOf(path) {
  return execFileSync('stat', ['-Lc', '%i', path.replace('thread-self', `${process.pid}`)], {
    encoding: 'utf8',
  }).trim();
}

/**
 * Gives an address to an interface and waits until it is reachable: for IPv6 the kernel puts it into the routing table
 * some time later, and has no way to hurry it. `run` runs a command in the interface's namespace.
 */
export function addAddress(device, address, run = (command, ...words) => execFileSync(command, words)) {
  const six = address.includes(':');
  run('ip', 'addr', 'add', address, 'dev', device, ...(six ? ['nodad'] : []));
  const [host] = address.split('/');
  for (const end = Date.now() + 5000; six && Date.now() < end;) {
    const ready = run('ip', '-6', 'route', 'show', 'table', 'local').toString().includes(`local ${host} `);
    if (ready) return;
  }
}

/** A second network namespace, alive until `close`: `run` runs a command in it and waits, `start` does not wait. */
export async function peerNamespace() {
  const keeper = spawn('unshare', ['-n', 'sleep', '120'], { stdio: 'ignore' });
  const path = `/proc/${keeper.pid}/ns/net`;
  while (namespaceOf(path) === namespaceOf('/proc/self/ns/net')) await sleep(5);
  const words = (command) => ['-t', String(keeper.pid), '-n', ...command];
  const run = (...command) => execFileSync('nsenter', words(command), { encoding: 'utf8' });
  run('sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1');
  return {
    path,
    pid: String(keeper.pid),
    run,
    start: (...command) => program('nsenter', ...words(command)),
    close: () => keeper.kill(),
  };
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** A started program: `output()` so far, `ended` with all of it, `stop` kills it. */
export function program(command, ...words) {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  const ended = once(child, 'close').then(() => output);
  return { output: () => output, ended, running: () => child.exitCode === null, stop: () => child.kill() };
}

/**
 * Sends `octets` over TCP with transfer.mjs, one end in a peer namespace, while `turn` (which returns how many packets it
 * moved) keeps the packets going. Returns whether all arrived as sent.
 */
export async function transfer(peer, host, octets, turn, poller, direction = 'out') {
  const script = join(import.meta.dirname, 'transfer.mjs');
  const here = (...words) => program(process.execPath, script, ...words);
  const there = (...words) => peer.start(process.execPath, script, ...words);
  const server = (direction === 'out' ? there : here)('serve', '5201');
  const until = async (done) => {
    for (const end = Date.now() + 20_000; !done();) {
      if (Date.now() > end) throw new Error('the transfer takes too long');
      for (let turns = 0; turns < 64; turns++) if (turn() === 0) poller.wait(1);
      await new Promise((next) => setImmediate(next));
    }
  };
  await until(() => server.output().includes('ready'));
  const client = (direction === 'out' ? here : there)('send', host, '5201', String(octets));
  await until(() => !client.running() && !server.running());
  const [sent, received] = [await client.ended, (await server.ended).replace('ready\n', '')];
  return sent === received && sent.startsWith(`${octets} `);
}
