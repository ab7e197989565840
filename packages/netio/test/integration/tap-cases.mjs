// TAP devices. Each export is one case and returns what the test asserts on.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Poller, setInterfaceMtu, TapPort } from '@overlane/netio';
import { PacketBuffer } from '@overlane/wire';
import { arpRequest, checksum, echoRequest, ipv4, udp } from './packets.mjs';
import { collect, collectMatching, drain, errorOf, hex, ip, namespaceOf, openFiles, underlay } from './support.mjs';

/** The kernel answers ARP and echo requests that we write to a TAP. */
export function tap() {
  const port = new TapPort({ name: 'tap%d', mtu: 1400 });
  port.bringUp();
  ip('addr', 'add', '10.9.0.1/24', 'dev', port.name);
  const mtu = JSON.parse(ip('-j', 'link', 'show', port.name).toString())[0].mtu;
  const mac = [2, 0, 0, 0, 0, 9];
  const isTo = (frame) => hex(frame.bytes.subarray(0, 6)) === hex(mac);
  port.send(PacketBuffer.from(arpRequest(mac, '10.9.0.2', '10.9.0.1')));
  const reply = collectMatching(port, (frame) => isTo(frame) && frame.bytes[13] === 6 && frame.bytes[21] === 2);
  const gatewayMac = reply.bytes.subarray(6, 12);
  const data = Buffer.alloc(1000, 0xa5);
  const request = echoRequest({ mac, gatewayMac, source: '10.9.0.2', destination: '10.9.0.1', data });
  // From the arena itself: a received slot is overwritten with the request, and its headroom must come back whole.
  const slot = port.packet(0);
  slot.bytes.set(request, slot.start);
  slot.end = slot.start + request.length;
  slot.bytes.fill(0xee, slot.start - 12, slot.start);
  port.send(slot);
  const headroom = hex(slot.bytes.subarray(slot.start - 12, slot.start));
  const echo = collectMatching(port, (frame) => isTo(frame) && frame.bytes[23] === 1 && frame.bytes[34] === 0);
  const copied = port.statistics.copied;
  const flushed = port.flush();
  return {
    name: port.name,
    mtu,
    arpSender: hex(reply.bytes.subarray(28, 32)),
    alignment: [reply.alignment, echo.alignment],
    echoData: hex(echo.bytes.subarray(42)) === hex(data),
    icmpSum: checksum(echo.bytes.subarray(34)),
    headroom,
    copied,
    flushed,
    sent: port.statistics.sent,
  };
}

/** Two TAPs in two namespaces, joined by this loop; a real ping goes across. */
export async function ping() {
  const peer = spawn('unshare', ['-n', 'sleep', '30'], { stdio: 'ignore' });
  try {
    const path = `/proc/${peer.pid}/ns/net`;
    while (namespaceOf(path) === namespaceOf('/proc/self/ns/net')) await new Promise((done) => setTimeout(done, 5));
    const near = new TapPort({ name: 'near' });
    const far = new TapPort({ name: 'far' });
    ip('link', 'set', 'far', 'netns', String(peer.pid));
    near.bringUp();
    ip('addr', 'add', '10.8.0.1/24', 'dev', 'near');
    const there = (...words) => execFileSync('nsenter', ['-t', String(peer.pid), '-n', 'ip', ...words]);
    there('link', 'set', 'far', 'up');
    there('addr', 'add', '10.8.0.2/24', 'dev', 'far');
    const ping = spawn('ping', ['-c', '3', '-i', '0.05', '-W', '2', '10.8.0.2'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    ping.stdout.on('data', (chunk) => (output += chunk));
    const ended = once(ping, 'exit');
    const poller = new Poller([near, far]);
    while (ping.exitCode === null) {
      poller.wait(1);
      for (const [from, to] of [
        [near, far],
        [far, near],
      ]) {
        for (let i = 0, n = from.receive(); i < n; i++) to.send(from.packet(i));
        to.flush();
      }
      await new Promise((done) => setImmediate(done));
    }
    await ended;
    const copied = near.statistics.copied + far.statistics.copied;
    near.close();
    far.close();
    return { answered: Number(/(\d+) received/.exec(output)?.[1]), copied };
  } finally {
    peer.kill();
  }
}

/** Names that are taken, wrong or not permitted. */
export function tapErrors() {
  const first = new TapPort({ name: 'taken' });
  const before = openFiles();
  const result = {
    taken: errorOf(() => new TapPort({ name: 'taken' })),
    notTap: errorOf(() => new TapPort({ name: 'lo' })),
    badName: errorOf(() => new TapPort({ name: 'a/b' })),
    longName: errorOf(() => new TapPort({ name: 'sixteen-letters-' })),
    badMtu: errorOf(() => new TapPort({ name: 'tap1', mtu: 10 })),
  };
  const leaked = openFiles() - before;
  first.close();
  first.close();
  const again = new TapPort({ name: 'taken' });
  again.close();
  return { ...result, leaked, gone: spawnSync('ip', ['link', 'show', 'taken']).status !== 0 };
}

/** A device that is down, full, or has been given a larger MTU. */
export function tapLimits() {
  const port = new TapPort({ name: 'tap0', batch: 4 });
  const frame = PacketBuffer.from(arpRequest([2, 0, 0, 0, 0, 9], '10.9.0.2', '10.9.0.1'));
  const takenWhileDown = port.send(frame);
  const lostWhileDown = port.flush();
  port.bringUp();
  ip('addr', 'add', '10.9.0.1/24', 'dev', 'tap0');
  ip('neigh', 'add', '10.9.0.2', 'lladdr', '02:00:00:00:00:09', 'dev', 'tap0');
  setInterfaceMtu('tap0', 9000);
  drain(port);
  const socket = underlay('10.9.0.1', { mtu: 9000 });
  const packet = (length) =>
    PacketBuffer.from(
      ipv4({ source: '10.9.0.1', destination: '10.9.0.2', protocol: 17, payload: udp(1, 2, Buffer.alloc(length)) }),
    );
  for (const length of [100, 4000, 200]) socket.send(packet(length));
  const refused = socket.flush();
  const lengths = collect(port, 2).map(({ bytes }) => bytes.length);
  for (let i = 0; i < 10; i++) socket.send(packet(50));
  socket.flush();
  const batches = [port.receive(), port.receive(), port.receive(), port.receive()];
  return { takenWhileDown, lostWhileDown, refused, lengths, batches, statistics: { ...port.statistics } };
}

/** The device goes with a process that is killed, even if a child of that process lives on. */
export async function killed() {
  const program = `
    const { TapPort } = require('@overlane/netio');
    const { spawn } = require('node:child_process');
    new TapPort({ name: 'orphan' });
    const child = spawn('sleep', ['20'], { stdio: 'ignore', detached: true });
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  const owner = spawn(process.execPath, ['-e', program], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [pid] = await once(owner.stdout, 'data');
  const exists = () => spawnSync('ip', ['link', 'show', 'orphan']).status === 0;
  const before = exists();
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  const childLives = process.kill(Number(pid), 0);
  const after = exists();
  process.kill(Number(pid));
  return { before, childLives, after };
}
