// Super-frames and runs of datagrams between packet underlays. Each export is one case.
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { UnderlaySocket } from '@overlane/netio';
import { IpAddress, outerPseudoHeader, PacketBuffer, write16 } from '@overlane/wire';
import { ADDRESSES, answers, datagram, octets, vethPair } from './packet-cases.mjs';
import { segmentOverIpv4, segmentOverIpv6 } from './packets.mjs';
import { collect, hex, openFiles } from './support.mjs';

/** How the two ends of the veth treat what is left to them. */
const SETTINGS = {
  uncut: [[], []],
  cut: [['tso', 'off', 'gso', 'off', 'tx-udp-segmentation', 'off'], []],
  'cut and joined': [
    ['tso', 'off', 'gso', 'off', 'tx-udp-segmentation', 'off'],
    ['gro', 'on'],
  ],
  'cut, sums in software': [['tx', 'off', 'tso', 'off', 'gso', 'off', 'tx-udp-segmentation', 'off'], []],
  'uncut, far end sums': [[], ['rx', 'off']],
};

function configure(pair, name) {
  const all = ['tx', 'on', 'tso', 'on', 'gso', 'on', 'gro', 'off', 'tx-udp-segmentation', 'on'];
  const [near, far] = SETTINGS[name];
  for (const words of [all, near]) if (words.length > 0) spawnSync('ethtool', ['-K', 'near', ...words]);
  for (const words of [all, far])
    if (words.length > 0)
      pair.there(() => spawnSync('nsenter', ['-t', pair.peer.pid, '-n', 'ethtool', '-K', 'far', ...words]));
}

/** Has both ends know their neighbours, so that the next packet is a super-frame. */
function acquaint(near, far, family, make) {
  const byKernel = () => near.statistics.sentByKernel ?? 0;
  for (const end = Date.now() + 10_000; Date.now() < end;) {
    const before = byKernel();
    near.send(PacketBuffer.from(make(10)));
    near.flush();
    if (collect(far, 1).length === 1 && byKernel() === before) return;
  }
  throw new Error('the two ends cannot reach each other');
}

const random = (length) => {
  const bytes = Buffer.alloc(length);
  for (let i = 0, state = 1; i < length; i++) bytes[i] = (state = (state * 48_271) % 0x7fffffff) >> 8;
  return bytes;
};

/** A window that asks for segments of `size` octets of the packet's TCP syntax, with the sum of the pseudo-header. */
export function superFrame(packet, family, size) {
  const window = PacketBuffer.from(packet);
  const transport = window.start + (family === 4 ? 20 : 40);
  const sum = outerPseudoHeader(window.bytes, window.start, family, 6, window.end - transport);
  write16(window.bytes, transport + 16, sum);
  return Object.assign(window, {
    checksum: 'partial',
    checksumStart: transport,
    checksumField: transport + 16,
    segmentType: family === 4 ? 'tcp4' : 'tcp6',
    segmentSize: size,
  });
}

/** A super-frame in TCP syntax: the octets arrive in place, uncut, cut, or joined again. */
export async function packetSuperFrames() {
  const results = [];
  const pair = await vethPair();
  try {
    for (const family of [4, 6]) {
      const [near, far] = pair.open(family, { transport: { protocol: 'tcp-syntax', port: 7471 } });
      const [source, destination] = ADDRESSES[family];
      const make = (length) =>
        family === 4
          ? segmentOverIpv4(source, destination, 7471, random(length))
          : segmentOverIpv6(octets(source), octets(destination), 7471, random(length));
      acquaint(near, far, family, make);
      const headers = family === 4 ? 40 : 60;
      for (const name of Object.keys(SETTINGS)) {
        configure(pair, name);
        const length = 60_000;
        const size = 1500 - headers;
        const window = superFrame(make(length), family, size);
        const before = pair.there(answers);
        const can = near.canFinish(window);
        near.send(window);
        const refused = near.flush();
        const whole = Buffer.alloc(length);
        let arrived = 0;
        const pieces = [];
        const kinds = new Set();
        while (arrived < length) {
          const packets = collect(far, 1);
          if (packets.length === 0) break;
          for (const { bytes, checksum, segmentType } of packets) {
            const at = Buffer.from(bytes).readUInt32BE(headers - 16);
            whole.set(bytes.subarray(headers), at);
            arrived += bytes.length - headers;
            pieces.push(bytes.length - headers);
            kinds.add(`${checksum} ${segmentType}`);
          }
        }
        results.push({
          case: `${family} ${name}`,
          fine: can && refused === 0 && hex(whole) === hex(random(length)),
          pieces: pieces.length,
          answered: JSON.stringify(pair.there(answers)) !== JSON.stringify(before),
          kinds: [...kinds].sort(),
        });
      }
      near.close();
      far.close();
    }
    return results;
  } finally {
    pair.close();
  }
}

/** A run of datagrams leaves as one super-datagram and arrives as the datagrams it was, uncut, cut, or joined again. */
export async function packetDatagrams() {
  const results = [];
  const pair = await vethPair();
  try {
    for (const family of [4, 6]) {
      const [near, far] = pair.open(family);
      acquaint(near, far, family, (length) => datagram(family, random(length)));
      const headers = family === 4 ? 28 : 48;
      for (const name of Object.keys(SETTINGS)) {
        configure(pair, name);
        const before = pair.there(answers);
        near.statistics.sentSuper = near.statistics.coalesced = far.statistics.receivedSuper = 0;
        const data = random(40 * 1400 - 700);
        const sent = Array.from({ length: 40 }, (_, i) => datagram(family, data.subarray(i * 1400, (i + 1) * 1400)));
        for (const packet of sent) near.send(PacketBuffer.from(packet));
        const refused = near.flush();
        const packets = collect(far, 40);
        // IPv4: all but identification and the two checksums.
        const strip = (bytes) => {
          const copy = Buffer.from(bytes);
          if (family === 4) copy.fill(0, 4, 6).fill(0, 10, 12);
          copy.writeUInt16BE(0, headers - 2);
          return hex(copy);
        };
        results.push({
          case: `${family} ${name}`,
          fine:
            refused === 0 && packets.length === 40 && packets.every(({ bytes }, i) => strip(bytes) === strip(sent[i])),
          answered: JSON.stringify(pair.there(answers)) !== JSON.stringify(before),
          sentSuper: near.statistics.sentSuper,
          coalesced: near.statistics.coalesced,
          receivedSuper: far.statistics.receivedSuper,
          kinds: [...new Set(packets.map(({ checksum, segmentType }) => `${checksum} ${segmentType}`))].sort(),
          sums: new Set(packets.map(({ bytes }) => Buffer.from(bytes).readUInt16BE(headers - 2) === 0)).size,
        });
      }
      near.close();
      far.close();
    }
    return results;
  } finally {
    pair.close();
  }
}

/** The same with UDP sockets at both ends (UDP_SEGMENT, UDP_GRO); several source ports, one of which is taken. */
export async function socketDatagrams() {
  const results = [];
  const pair = await vethPair();
  try {
    const taken = createSocket('udp4');
    await new Promise((done) => taken.bind(50_001, ADDRESSES[4][0], done));
    for (const family of [4, 6]) {
      const [near, far] = [0, 1].map((end) => {
        const open = () =>
          new UnderlaySocket({
            local: IpAddress.parse(ADDRESSES[family][end]),
            transport: { protocol: 'udp', port: 4789 },
            offload: 'segmentation',
          });
        return end === 0 ? open() : pair.there(open);
      });
      acquaint(near, far, family, (length) => datagram(family, random(length)));
      const headers = family === 4 ? 28 : 48;
      for (const name of Object.keys(SETTINGS)) {
        configure(pair, name);
        const before = { ...near.statistics, receivedSuper: far.statistics.receivedSuper };
        const data = random(40 * 1400 - 700);
        const sent = Array.from({ length: 40 }, (_, i) =>
          datagram(family, data.subarray(i * 1400, (i + 1) * 1400), {
            sourcePort: 50_000 + (i >> 4),
            ...(family === 4 ? { tos: 0x2e, ttl: 9 } : { trafficClass: 0x2e, hopLimit: 9 }),
          }),
        );
        for (const packet of sent) near.send(PacketBuffer.from(packet));
        const refused = near.flush();
        const packets = collect(far, 40);
        // IPv4: all but identification and the two checksums. IPv6: all but flow label and checksum.
        const strip = (bytes) => {
          const copy = Buffer.from(bytes);
          if (family === 4) copy.fill(0, 4, 6).fill(0, 10, 12);
          else copy.fill(copy[1] & 0xf0, 1, 2).fill(0, 2, 4);
          copy.writeUInt16BE(0, headers - 2);
          return hex(copy);
        };
        const arrived = packets.map(({ bytes }) => strip(bytes)).sort();
        results.push({
          case: `${family} ${name}`,
          fine: refused === 0 && arrived.join() === sent.map(strip).sort().join(),
          sentSuper: near.statistics.sentSuper - before.sentSuper,
          coalesced: near.statistics.coalesced - before.coalesced,
          refusals: near.statistics.coalescingRefused - before.coalescingRefused,
          joined: far.statistics.receivedSuper - before.receivedSuper,
          kinds: [...new Set(packets.map(({ checksum, segmentType }) => `${checksum} ${segmentType}`))],
        });
      }
      const open = openFiles();
      near.close();
      results.push({ closed: open - openFiles() });
      far.close();
    }
    taken.close();
    return results;
  } finally {
    pair.close();
  }
}
