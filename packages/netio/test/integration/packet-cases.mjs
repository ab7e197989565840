// Packet underlays on the two ends of a veth pair, whose far end is in another namespace. Each export is one case.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { inNetworkNamespace, PacketUnderlay, Poller } from '@overlane/netio';
import { IpAddress, PacketBuffer } from '@overlane/wire';
import { ipv4, ipv6, segmentOverIpv4, segmentOverIpv6, udp, udpOverIpv6 } from './packets.mjs';
import { addAddress, collect, errorOf, hex, ip, openFiles, peerNamespace, sleep } from './support.mjs';

export const ADDRESSES = { 4: ['10.7.0.1', '10.7.0.2'], 6: ['fd07::1', 'fd07::2'] };

/** A veth pair `near`-`far` with addresses of both families, `far` in a namespace of its own. */
export async function vethPair(mtu = 1500) {
  const peer = await peerNamespace();
  ip(
    'link',
    'add',
    'near',
    'mtu',
    String(mtu),
    'type',
    'veth',
    'peer',
    'name',
    'far',
    'mtu',
    String(mtu),
    'netns',
    peer.pid,
  );
  for (const [run, device, index] of [
    [(command, ...words) => execFileSync(command, words), 'near', 0],
    [peer.run, 'far', 1],
  ]) {
    run('sysctl', '-qw', `net.ipv6.conf.${device}.disable_ipv6=0`);
    run('ip', 'link', 'set', 'lo', 'up');
    run('ip', 'link', 'set', device, 'up');
    addAddress(device, `${ADDRESSES[4][index]}/24`, run);
    addAddress(device, `${ADDRESSES[6][index]}/64`, run);
  }
  const underlay = (address, options) =>
    new PacketUnderlay({
      local: IpAddress.parse(address),
      transport: { protocol: 'udp', port: 4789 },
      ...options,
    });
  const open = (family, options = {}) => [
    underlay(ADDRESSES[family][0], options),
    inNetworkNamespace(peer.path, () => underlay(ADDRESSES[family][1], options)),
  ];
  const there = (action) => inNetworkNamespace(peer.path, action);
  return { peer, open, there, close: peer.close };
}

export const octets = (text) => {
  const address = IpAddress.parse(text);
  const bytes = new Uint8Array(address.length);
  address.write(bytes, 0);
  return bytes;
};

/** A UDP packet of a family from this end to the far one. */
export function datagram(family, payload, fields = {}) {
  const [source, destination] = ADDRESSES[family];
  const { sourcePort = 50_000, ...header } = fields;
  if (family === 4) {
    return ipv4({ source, destination, protocol: 17, payload: udp(sourcePort, 4789, payload), ...header });
  }
  const [from, to] = [octets(source), octets(destination)];
  return ipv6({
    ...{ source: from, destination: to, nextHeader: 17, flowLabel: 0xabcde },
    payload: udpOverIpv6(from, to, sourcePort, 4789, payload),
    ...header,
  });
}

/** What the kernel has sent in this namespace on its own account: resets and ICMP errors, both families. */
export function answers() {
  const table = (line) => {
    const [names, values] = readFileSync(`/proc/${process.pid}/task/${process.pid}/net/snmp`, 'utf8')
      .split('\n')
      .filter((text) => text.startsWith(line))
      .map((text) => text.split(' '));
    return Object.fromEntries(names.map((name, index) => [name, Number(values[index])]));
  };
  const six = readFileSync(`/proc/${process.pid}/task/${process.pid}/net/snmp6`, 'utf8');
  const errors6 = /Icmp6OutErrors\s+(\d+)|Icmp6OutDestUnreachs\s+(\d+)/.exec(six);
  const unreachable6 = Number(/Icmp6OutDestUnreachs\s+(\d+)/.exec(six)?.[1] ?? 0);
  const problems6 = Number(/Icmp6OutParmProblems\s+(\d+)/.exec(six)?.[1] ?? 0);
  if (errors6 === null) throw new Error('no Icmp6 counters');
  return { resets: table('Tcp:').OutRsts, errors: table('Icmp:').OutDestUnreachs + unreachable6 + problems6 };
}

/** Single packets of each transport and family: exactly as sent, next hops found by themselves, no answers. */
export async function packetSingles() {
  const pair = await vethPair();
  const results = [];
  try {
    for (const [transport, family] of [
      [{ protocol: 'udp', port: 4789 }, 4],
      [{ protocol: 'udp', port: 4789 }, 6],
      [{ protocol: 'tcp-syntax', port: 7471 }, 4],
      [{ protocol: 'tcp-syntax', port: 7471 }, 6],
      [{ protocol: 47 }, 4],
      [{ protocol: 47 }, 6],
    ]) {
      const [near, far] = pair.open(family, { transport });
      const [source, destination] = ADDRESSES[family];
      const make = (index) => {
        const payload = Buffer.alloc(33 + index, 0x5a);
        if (transport.protocol === 'udp') return datagram(family, payload, family === 4 ? { tos: 0x2e, ttl: 9 } : {});
        if (transport.protocol === 'tcp-syntax') {
          return family === 4
            ? segmentOverIpv4(source, destination, 7471, payload)
            : segmentOverIpv6(octets(source), octets(destination), 7471, payload);
        }
        return family === 4
          ? ipv4({ source, destination, protocol: 47, payload })
          : ipv6({ source: octets(source), destination: octets(destination), nextHeader: 47, payload });
      };
      const before = pair.there(answers);
      const sent = [];
      const received = [];
      for (let i = 0; i < 16; i++) {
        sent.push(make(i));
        near.send(PacketBuffer.from(sent[i]));
        near.flush();
        received.push(...collect(far, 1));
      }
      const after = pair.there(answers);
      results.push({
        name: far.name,
        same: received.length === 16 && received.every(({ bytes }, i) => hex(bytes) === hex(sent[i])),
        alignment: [...new Set(received.map((packet) => packet.alignment))],
        byKernel: near.statistics.sentByKernel,
        refused: near.statistics.refused,
        answers: [after.resets - before.resets, after.errors - before.errors],
      });
      near.close();
      far.close();
    }
    // The test of the test: without a port's owner the kernel does answer.
    const [near, far] = pair.open(4, { transport: { protocol: 'tcp-syntax', port: 7471 } });
    far.close();
    const before = pair.there(answers);
    near.send(PacketBuffer.from(segmentOverIpv4(...ADDRESSES[4], 7471, Buffer.from('x'))));
    near.flush();
    await sleep(50);
    const elsewhere = pair.there(answers).resets - before.resets;
    return { results, elsewhere };
  } finally {
    pair.close();
  }
}

/** The kernel's own vxlan at the near end: single frames, super-frames uncut, and cut. */
export async function packetKernelVxlan() {
  const pair = await vethPair();
  try {
    const [near, far] = pair.open(4);
    near.close();
    ip(...'link add vx0 type vxlan id 5 dstport 4789 remote 10.7.0.2 dev near'.split(' '), 'local', '10.7.0.1');
    ip('link', 'set', 'vx0', 'mtu', '1450', 'up');
    ip('addr', 'add', '10.6.0.1/24', 'dev', 'vx0');
    ip('neigh', 'add', '10.6.0.2', 'lladdr', '02:00:00:00:00:66', 'dev', 'vx0');
    const send = (octets, segment) => {
      const python = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if ${segment}: s.setsockopt(17, 103, ${segment})
s.sendto(bytes(${octets}), ('10.6.0.2', 9))`;
      const sent = spawnSync('/usr/bin/python3', ['-c', python], { encoding: 'utf8' });
      if (sent.status !== 0) throw new Error(sent.stderr);
    };
    const lengths = () =>
      collect(far, 99, 300).map(({ bytes, ...rest }) =>
        [bytes.length, rest.checksum, rest.segmentType, rest.segmentSize].join(' '),
      );
    send(1000, 0);
    const single = lengths();
    send(5000, 1000);
    const uncut = lengths();
    const { badSegments } = far.statistics;
    spawnSync('ethtool', ['-K', 'near', 'tx-udp_tnl-segmentation', 'off', 'tx-udp_tnl-csum-segmentation', 'off']);
    send(5000, 1000);
    return { single, uncut, badSegments, cut: lengths() };
  } finally {
    pair.close();
  }
}

/** Interfaces that are down, away or none; addresses and ports that are taken; nothing leaks. */
export async function packetTroubles() {
  const pair = await vethPair();
  try {
    const before = openFiles();
    // Takes seconds, since the address might yet come; next hops would have to be found anew after them.
    const absent = errorOf(() => pair.open(4, { local: IpAddress.parse('192.0.2.77') }));
    const [near, far] = pair.open(4);
    const send = () => {
      near.send(PacketBuffer.from(datagram(4, Buffer.alloc(20))));
      return near.flush();
    };
    const errors = {
      absent,
      inUse: errorOf(() => pair.open(4)),
      notLocal: errorOf(() => pair.open(4, { local: IpAddress.parse('192.0.2.77'), device: 'near' })),
      noDevice: errorOf(() => pair.open(4, { local: IpAddress.parse('10.7.0.1'), device: 'nothere' })),
      loopback: errorOf(() => pair.open(4, { local: IpAddress.parse('127.0.0.1') })),
      longName: errorOf(() => pair.open(4, { device: 'sixteen-letters-' })),
    };
    const well = [send(), collect(far, 1).length];
    ip('link', 'set', 'near', 'down');
    const down = [send(), near.receive()];
    ip('link', 'set', 'near', 'up');
    await sleep(50);
    let again = 0;
    for (let i = 0; i < 20 && again === 0; i++) {
      send();
      again = collect(far, 1, 200).length;
    }
    ip('link', 'del', 'near');
    const poller = new Poller([near]);
    const waits = Array.from({ length: 20 }, () => {
      near.receive();
      return poller.wait(0);
    });
    const gone = send();
    const { ENETDOWN, interfaceDown, otherErrors } = near.statistics;
    poller.close();
    near.close();
    far.close();
    return {
      ...{ errors, well, down, again, waits: waits.some((ready) => ready > 0), gone },
      ...{ counted: ENETDOWN >= 2, interfaceDown: interfaceDown > 0, otherErrors, leaked: openFiles() - before },
    };
  } finally {
    pair.close();
  }
}
