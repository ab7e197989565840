// Cost and garbage of real ports, on the built package, in network namespaces of its own:
//   node packages/netio/bench/index.mjs [--json]      (build first; root or user namespaces)
// Add --trace-gc after `node` to see collections as they happen.
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  Arena,
  bringInterfaceUp,
  HEADROOM,
  inNetworkNamespace,
  PacketUnderlay,
  TapPort,
  UnderlaySocket,
} from '@overlane/netio';
import { IpAddress, outerPseudoHeader, PacketBuffer, write16 } from '@overlane/wire';
import { BATCH, enterNamespace, exchange, ip, measure, shape, vethPair } from './measure.mjs';

enterNamespace(fileURLToPath(import.meta.url));

const UDP = { protocol: 'udp', port: 4789 };
const NEAR = [10, 7, 0, 1];
const FAR = [10, 7, 0, 2];
const results = [];
const arena = Arena.forThread();

/** A window in the arena, to send from, as received packets are. */
const window = new PacketBuffer(arena.bytes, arena.allocate(70_000) + HEADROOM);
const shaped = (...fields) => {
  window.clearOffload();
  shape(window, ...fields);
  return window;
};

bringInterfaceUp('lo');
const socket = (address, options = {}) =>
  new UnderlaySocket({ local: IpAddress.parse(address), transport: UDP, ...options });
for (const [offload, rows] of [
  ['none', [92, 1478]],
  ['segmentation', [1478]],
]) {
  const [a, b] = [socket('127.0.0.1', { offload }), socket('127.0.0.2', { offload })];
  for (const length of rows) {
    const turn = exchange(a, b, shaped(length, [127, 0, 0, 1], [127, 0, 0, 2]));
    results.push(await measure(`UDP sockets on lo, ${length} octets${offload === 'none' ? '' : ', in runs'}`, turn));
  }
  a.close();
  b.close();
}

const veth = await vethPair();
const pair = (transport, offload) => {
  const options = { transport, offload };
  const near = new PacketUnderlay({ local: IpAddress.parse('10.7.0.1'), ...options });
  const far = inNetworkNamespace(
    veth.path,
    () => new PacketUnderlay({ local: IpAddress.parse('10.7.0.2'), ...options }),
  );
  return [near, far];
};
for (const [offload, rows] of [
  ['checksum', [92, 1478]],
  ['segmentation', [1478]],
]) {
  const [near, far] = pair(UDP, offload);
  for (const length of rows) {
    const turn = exchange(near, far, shaped(length, NEAR, FAR));
    const kind = offload === 'checksum' ? '' : ', in runs';
    results.push(await measure(`packet sockets on veth, ${length} octets${kind}`, turn));
  }
  near.close();
  far.close();
}
const [near, far] = pair({ protocol: 'tcp-syntax', port: 7471 }, 'segmentation');
const frame = shaped(60_040, NEAR, FAR, 6);
write16(frame.bytes, frame.start + 36, outerPseudoHeader(frame.bytes, frame.start, 4, 6, 60_020));
Object.assign(frame, { checksum: 'partial', checksumStart: frame.start + 20, checksumField: frame.start + 36 });
Object.assign(frame, { segmentType: 'tcp4', segmentSize: 1460 });
results.push(
  await measure('packet sockets on veth, super-frames of 60,000 octets', exchange(near, far, frame, 16), 16),
);
near.close();
far.close();
veth.close();

let tap;
try {
  tap = new TapPort({ name: 'bench0', offload: 'checksum' });
} catch (error) {
  console.error(`TAP skipped: ${error.message}`);
}
if (tap !== undefined) {
  tap.bringUp();
  writeFileSync('/proc/sys/net/ipv6/conf/bench0/disable_ipv6', '1');
  ip('addr', 'add', '10.77.0.1/24', 'dev', 'bench0');
  ip('neigh', 'add', '10.77.0.2', 'lladdr', '02:00:00:00:00:02', 'dev', 'bench0');
  const source = socket('10.77.0.1');
  for (const length of [50, 1428]) {
    while (tap.receive() > 0);
    const packet = shaped(length, [10, 77, 0, 1], [10, 77, 0, 2]);
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
    results.push(await measure(`TAP, ${length + 14} octets`, turn));
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
