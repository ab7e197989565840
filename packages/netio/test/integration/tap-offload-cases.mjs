// TAP devices whose frames come with checksums and segments left to do. Each export is one case.
import { spawnSync } from 'node:child_process';
import { Poller, TapPort } from '@overlane/netio';
import { PacketBuffer } from '@overlane/wire';
import { arpRequest, ipv4, udp } from './packets.mjs';
import { addAddress, collectMatching, drain, errorOf, ip, peerNamespace, transfer } from './support.mjs';

const OCTETS = 8 * 1024 * 1024;

/** Two TAPs of one offload level in two namespaces, with addresses, and a turn that joins them. */
async function pair(peer, offload, family) {
  const near = new TapPort({ name: 'near', offload });
  const far = new TapPort({ name: 'far', offload });
  ip('link', 'set', 'far', 'netns', peer.pid);
  const [ours, theirs] = family === 4 ? ['10.8.0.1/24', '10.8.0.2/24'] : ['fd08::1/64', 'fd08::2/64'];
  spawnSync('sysctl', ['-qw', 'net.ipv6.conf.near.disable_ipv6=0']);
  spawnSync('nsenter', ['-t', peer.pid, '-n', 'sysctl', '-qw', 'net.ipv6.conf.far.disable_ipv6=0']);
  near.bringUp();
  addAddress('near', ours);
  peer.run('ip', 'link', 'set', 'far', 'up');
  addAddress('far', theirs, peer.run);
  const seen = { longest: 0, types: new Set() };
  const turn = () => {
    let moved = 0;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      const n = from.receive();
      for (let i = 0; i < n; i++) {
        const packet = from.packet(i);
        seen.longest = Math.max(seen.longest, packet.length);
        seen.types.add(`${packet.checksum} ${packet.segmentType}`);
        to.send(packet);
      }
      to.flush();
      moved += n;
    }
    return moved;
  };
  return { near, far, seen, turn, host: theirs.split('/')[0] };
}

/** TCP between two kernels over two TAPs: each level, both families, both kernels' settings mixed. */
export async function tapOffload() {
  const results = [];
  for (const [offload, family, settings] of [
    ['none', 4, []],
    ['checksum', 4, []],
    ['segmentation', 4, []],
    ['segmentation', 6, []],
    ['segmentation', 4, ['tso', 'off', 'gso', 'off', 'gro', 'off']],
    ['segmentation', 4, ['tx', 'off']],
  ]) {
    const peer = await peerNamespace();
    try {
      const { near, far, seen, turn, host } = await pair(peer, offload, family);
      if (settings.length > 0) spawnSync('ethtool', ['-K', 'near', ...settings]);
      const poller = new Poller([near, far]);
      const whole = await transfer(peer, host, OCTETS, turn, poller);
      poller.close();
      results.push({
        case: [offload, family, ...settings].join(' '),
        whole,
        superFrames: seen.longest > 10_000,
        unfinished: near.statistics.receivedUnfinished > 0,
        segments: [...seen.types].filter((type) => type.includes('tcp')),
        lost: [near, far].some(
          ({ statistics: s }) => s.unfinished + s.refused + s.sendErrors + s.badSegments + s.badChecksumRange > 0,
        ),
      });
      near.close();
      far.close();
    } finally {
      peer.close();
    }
  }
  return results;
}

/** Super-datagrams from a program with UDP_SEGMENT come uncut from one TAP, and are cut behind another. */
export async function tapDatagrams() {
  const peer = await peerNamespace();
  try {
    const { near, far, seen, turn } = await pair(peer, 'segmentation', 4);
    const poller = new Poller([near, far]);
    const python = (program) => ['/usr/bin/python3', '-c', program];
    const server = peer.start(
      ...python(`
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('10.8.0.2', 9)); s.settimeout(10); print('ready', flush=True)
print(*[len(s.recv(65535)) for i in range(21)])`),
    );
    const until = async (done) => {
      for (const end = Date.now() + 10_000; !done() && Date.now() < end;) {
        if (turn() === 0) poller.wait(1);
        await new Promise((next) => setImmediate(next));
      }
    };
    await until(() => server.output().includes('ready'));
    const sent = spawnSync(
      ...((words) => [words[0], words.slice(1)])(
        python(`
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(17, 103, 1000); s.sendto(bytes(20100), ('10.8.0.2', 9))`),
      ),
      { encoding: 'utf8' },
    );
    if (sent.status !== 0) throw new Error(sent.stderr);
    await until(() => !server.running());
    return { received: (await server.ended).trim().split('\n').at(-1), types: [...seen.types], longest: seen.longest };
  } finally {
    peer.close();
  }
}

/** Two ports on one device: the kernel spreads flows over both, and either reaches it. */
export function tapQueues() {
  const first = new TapPort({ name: 'many', queue: 'first' });
  const further = new TapPort({ name: 'many', queue: 'further' });
  first.bringUp();
  ip('addr', 'add', '10.9.0.1/24', 'dev', 'many');
  ip('neigh', 'add', '10.9.0.2', 'lladdr', '02:00:00:00:00:09', 'dev', 'many');
  drain(first);
  drain(further);
  const python = `
import socket
for port in range(64):
  s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('10.9.0.1', 20000 + port)); s.sendto(b'x', ('10.9.0.2', 9))`;
  const sent = spawnSync('/usr/bin/python3', ['-c', python], { encoding: 'utf8' });
  if (sent.status !== 0) throw new Error(sent.stderr);
  const counts = [first, further].map((port) => port.receive());
  const replies = [first, further].map((port, index) => {
    port.send(PacketBuffer.from(arpRequest([2, 0, 0, 0, 0, 7 + index], `10.9.0.${7 + index}`, '10.9.0.1')));
    const mac = Buffer.from([2, 0, 0, 0, 0, 7 + index]);
    for (const other of [first, further]) {
      try {
        collectMatching(other, (frame) => Buffer.from(frame.bytes.subarray(0, 6)).equals(mac));
        return true;
      } catch {
        continue;
      }
    }
    return false;
  });
  const single = new TapPort({ name: 'single' });
  return {
    counts: [counts[0] > 0, counts[1] > 0, counts[0] + counts[1]],
    replies,
    alone: errorOf(() => new TapPort({ name: 'many' })),
    single: errorOf(() => new TapPort({ name: 'single', queue: 'further' })),
    absent: errorOf(() => new TapPort({ name: 'absent', queue: 'further' })),
    open: single.name,
  };
}

/** A program that believed vnet headers would read past these frames: the kernel's own refusals are counted. */
export function tapRefusals() {
  const port = new TapPort({ name: 'tap0', offload: 'segmentation' });
  port.bringUp();
  const frame = PacketBuffer.from(
    Buffer.concat([
      Buffer.from('ffffffffffff0200000000090800', 'hex'),
      ipv4({ source: '10.9.0.2', destination: '10.9.0.1', protocol: 17, payload: udp(1, 2, Buffer.alloc(100)) }),
    ]),
  );
  // Says TCP, is UDP: a vnet header can say so, the kernel refuses it or passes it on; both are no fault of ours.
  const at = frame.start + 34;
  Object.assign(frame, { checksum: 'partial', checksumStart: at, checksumField: at + 16 });
  frame.bytes[at + 12] = 0x50;
  Object.assign(frame, { segmentType: 'tcp4', segmentSize: 40 });
  const taken = port.canFinish(frame) && port.send(frame);
  Object.assign(frame, { checksumStart: at + 108 });
  const outside = port.canFinish(frame);
  port.send(frame);
  return { taken, outside, flushed: port.flush() > 0, unfinished: port.statistics.unfinished };
}
