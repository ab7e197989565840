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
  TunUnderlay,
  UnderlaySocket,
} from '@overlane/netio';
import { IpAddress, outerPseudoHeader, PacketBuffer, write16 } from '@overlane/wire';
import { BATCH, enterNamespace, exchange, ip, measure, shape, vethPair } from './measure.mjs';

enterNamespace(fileURLToPath(import.meta.url));

const NEAR = [10, 7, 0, 1];
const FAR = [10, 7, 0, 2];
const rows = [];
const arena = Arena.forThread();

/** A packet in the arena, as received packets are, with room for headers in front. */
function packetOf(...fields) {
  const window = new PacketBuffer(arena.bytes, arena.allocate(HEADROOM + fields[0]) + HEADROOM);
  shape(window, ...fields);
  return window;
}

const udp = (port) => ({ protocol: 'udp', port });
const socket = (address, port, offload = 'none') =>
  new UnderlaySocket({ local: IpAddress.parse(address), transport: udp(port), offload });

bringInterfaceUp('lo');
for (const [offload, port, kind, lengths] of [
  ['none', 4789, '', [92, 1478]],
  ['segmentation', 4790, ', in runs', [1478]],
]) {
  const [a, b] = [socket('127.0.0.1', port, offload), socket('127.0.0.2', port, offload)];
  for (const length of lengths) {
    const turn = exchange(a, b, packetOf(length, [127, 0, 0, 1], [127, 0, 0, 2], port));
    rows.push({ name: `UDP sockets on lo, ${length} octets${kind}`, turn });
  }
}

const veth = await vethPair();
function pair(transport, offload) {
  const open = (address) => new PacketUnderlay({ local: IpAddress.parse(address), transport, offload });
  return [open('10.7.0.1'), inNetworkNamespace(veth.path, () => open('10.7.0.2'))];
}
for (const [offload, port, kind, lengths] of [
  ['checksum', 4789, '', [92, 1478]],
  ['segmentation', 4790, ', in runs', [1478]],
]) {
  const [near, far] = pair(udp(port), offload);
  for (const length of lengths) {
    const turn = exchange(near, far, packetOf(length, NEAR, FAR, port));
    rows.push({ name: `packet sockets on veth, ${length} octets${kind}`, turn });
  }
}
const [near, far] = pair({ protocol: 'tcp-syntax', port: 7471 }, 'segmentation');
const frame = packetOf(60_040, NEAR, FAR, 7471, 6);
write16(frame.bytes, frame.start + 36, outerPseudoHeader(frame.bytes, frame.start, 4, 6, 60_020));
Object.assign(frame, { checksum: 'partial', checksumStart: frame.start + 20, checksumField: frame.start + 36 });
Object.assign(frame, { segmentType: 'tcp4', segmentSize: 1460 });
const turn = exchange(near, far, frame, 16);
rows.push({ name: 'packet sockets on veth, super-frames of 60,000 octets', turn, packets: 16 });

// The kernel forwards from one device to the other. Frames in VXLAN, of which all work is left.
try {
  writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
  const open = (address) => new TunUnderlay({ local: IpAddress.parse(address), transport: udp(4789) });
  const ends = [open('10.9.0.1'), open('10.9.0.2')];
  const whole = packetOf(1478, [10, 9, 0, 1], [10, 9, 0, 2], 4789);
  rows.push({ name: 'tun underlays, 1478 octets', turn: exchange(...ends, whole) });
  if (ends[0].finishesInside) {
    const tunnel = packetOf(60_090, [10, 9, 0, 1], [10, 9, 0, 2], 4789);
    const inner = tunnel.start + 36;
    tunnel.bytes.set([8, 0, 0, 0, 0, 0, 5, 0], inner - 8);
    tunnel.bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0], inner);
    const network = new PacketBuffer(tunnel.bytes, inner + 14, tunnel.end);
    shape(network, tunnel.end - inner - 14, [10, 0, 0, 1], [10, 0, 0, 2], 80, 6);
    const transport = inner + 34;
    const sum = outerPseudoHeader(tunnel.bytes, inner + 14, 4, 6, tunnel.end - transport);
    write16(tunnel.bytes, transport + 16, sum);
    Object.assign(tunnel, { checksum: 'partial', checksumStart: transport, checksumField: transport + 16 });
    Object.assign(tunnel, { segmentType: 'tcp4', segmentSize: 1400, innerStart: inner });
    const turn = exchange(...ends, tunnel, 4);
    rows.push({ name: 'tun underlays, super-frames of 60,000 octets in VXLAN', turn, packets: 4 });
  }
} catch (error) {
  console.error(`tun underlay skipped: ${error.message}`);
}

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
  const source = socket('10.77.0.1', 4789);
  while (tap.receive() > 0);
  for (const length of [50, 1428]) {
    const packet = packetOf(length, [10, 77, 0, 1], [10, 77, 0, 2], 4789);
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
    rows.push({ name: `TAP, ${length + 14} octets`, turn });
  }
}

const results = await measure(rows);
veth.close();
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
