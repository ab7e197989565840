/**
 * What goes into a tunnel comes out of it, octet by octet: a file over TCP and datagrams of all sizes, through every
 * encapsulation over both families, with offload at both ends, at one, and at none; and to the kernel's vxlan device and
 * Open vSwitch.
 */
import { afterEach, describe, expect } from '@jest/globals';
import { ENCAPSULATION_NAMES, imbalance } from '@overlane/switch';
import { requires } from '../../../../tools/testing/requirements.js';
import { OURS, THEIRS, openBesideOpenVswitch } from './support/open-vswitch-pair.js';
import { PrivateWorld } from './support/private-world.js';
import { STATIONS, openSwitchPair } from './support/switch-pair.js';
import { SwitchUnderTest, faultsBesideLoss } from './support/switch-under-test.js';
import { type TrafficEnd, ping, transferHashed } from './support/traffic.js';
import { until } from './support/until.js';

/** Mebioctets of the file. */
const FILE_OCTETS = Number(process.env['OVERLANE_FILE_MIB'] ?? '64') * 2 ** 20;
const TIMEOUT_MS = 120_000;
const [ONE, TWO] = STATIONS;
const OFFLOADS = [
  ['segmentation', 'segmentation'],
  ['segmentation', 'none'],
  ['none', 'checksum'],
] as const;
/** Devices set otherwise while the switches run, one set after the other: those of a host, those of a station. */
const CHANGES = [
  [
    ['host1', 'u1', 'tx', 'off', 'tso', 'off', 'gso', 'off'],
    ['host2', 'u2', 'gro', 'on'],
  ],
  [[ONE.namespace, 'tap1', 'tx', 'off', 'tso', 'off', 'gso', 'off']],
] as const;
let world: PrivateWorld | undefined;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Addresses may be tentative and neighbours unknown at first. */
async function awaitReach(at: PrivateWorld, one: TrafficEnd, two: TrafficEnd): Promise<void> {
  await until(() => ping(at, one.namespace, two.address, { count: 2 }) === 2, 'the stations reach each other');
}

async function expectClean(switches: readonly SwitchUnderTest[]): Promise<void> {
  for (const each of switches) {
    const snapshot = await each.snapshot();
    expect(imbalance(snapshot.ledger)).toBe(0);
    expect(faultsBesideLoss(snapshot)).toEqual({});
  }
}

/** Each datagram ends with the SHA-256 of what is before. The lengths are all that matter: 33 to 65,000 octets. */
const LENGTHS = [33, 60, 64, 300, 1399, 1400, 1442, 1443, 1472, 1473, 1480, 3000, 9000, 30_001, 64_999, 65_000];
const REPEATS = 10;
const RECEIVE_DATAGRAMS = `
  const sha = (octets) => require('node:crypto').createHash('sha256').update(octets).digest();
  const socket = require('node:dgram').createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
  const seen = {};
  let wrong = 0;
  socket.on('message', (octets) => {
    if (octets.length === 4) { console.log(JSON.stringify({ seen, wrong })); socket.close(); return; }
    if (sha(octets.subarray(0, -32)).equals(octets.subarray(-32))) seen[octets.length] = (seen[octets.length] ?? 0) + 1;
    else wrong++;
  });
  socket.bind(5301, () => console.log('ready'));`;
const SEND_DATAGRAMS = `
  const [address, lengths, repeats] = process.argv.slice(1);
  const { createHash, randomBytes } = require('node:crypto');
  const socket = require('node:dgram').createSocket('udp4');
  const send = (octets) => new Promise((resolve) => socket.send(octets, 5301, address, resolve));
  const pause = () => new Promise((resolve) => setTimeout(resolve, 4));
  (async () => {
    for (let i = 0; i < repeats; i++) for (const length of JSON.parse(lengths)) {
      const data = randomBytes(length - 32);
      await send(Buffer.concat([data, createHash('sha256').update(data).digest()]));
      await pause();
    }
    for (let i = 0; i < 5; i++) { await new Promise((resolve) => setTimeout(resolve, 100)); await send(Buffer.alloc(4)); }
    socket.close();
  })();`;

/** Sends datagrams of all lengths; returns how many of each came whole, and how many were not what was sent. */
async function sendDatagrams(at: PrivateWorld): Promise<{ seen: Record<string, number>; wrong: number }> {
  const receiving = at.start(TWO.namespace, ['timeout', '60', process.execPath, '-e', RECEIVE_DATAGRAMS]);
  await until(() => receiving.lines.includes('ready'), 'the receiver listens');
  const words = [TWO.address, JSON.stringify(LENGTHS), String(REPEATS)];
  at.run(ONE.namespace, ['timeout', '50', process.execPath, '-e', SEND_DATAGRAMS, ...words]);
  await until(() => receiving.lines.length > 1, 'the receiver has seen the end');
  return JSON.parse(receiving.lines[1]!) as { seen: Record<string, number>; wrong: number };
}

/** DOVE is specified over IPv4 alone. */
const TUNNELS = ENCAPSULATION_NAMES.flatMap((type) =>
  ([4, 6] as const).flatMap((family) => (type === 'dove' && family === 6 ? [] : [{ type, family }])),
);

describe.each(TUNNELS)('$type over IPv$family', ({ type, family }) => {
  const native = requires('namespaces', 'ping', 'ethtool');
  const offload = OFFLOADS[(ENCAPSULATION_NAMES.indexOf(type) + (family === 6 ? 1 : 0)) % OFFLOADS.length]!;

  native.it(
    `a file and datagrams of all sizes arrive as they were, offload ${offload.join(' to ')}, and changed meanwhile`,
    async () => {
      const pair = await openSwitchPair({ type, family, underlay: 'packet', offload });
      world = pair.world;
      await awaitReach(world, ONE, TWO);
      const file = await transferHashed(world, ONE, TWO, FILE_OCTETS);
      expect(file.received).toBe(file.sent);
      for (const changes of CHANGES) {
        for (const [namespace, ...words] of changes) world.run(namespace, ['ethtool', '-K', ...words]);
        const back = await transferHashed(world, TWO, ONE, FILE_OCTETS / 8);
        expect(back.received).toBe(back.sent);
        const again = await transferHashed(world, ONE, TWO, FILE_OCTETS / 8);
        expect(again.received).toBe(again.sent);
      }
      const { seen, wrong } = await sendDatagrams(world);
      expect(wrong).toBe(0);
      // A busy machine may lose some at a full queue, but of no length all.
      expect(LENGTHS.filter((length) => (seen[length] ?? 0) < REPEATS / 2)).toEqual([]);
      await expectClean(pair.switches);
    },
    TIMEOUT_MS,
  );
});

describe.each(['segmentation', 'none'] as const)('to the kernel vxlan device and back, offload %s', (offload) => {
  const native = requires('namespaces', 'kernel-vxlan', 'ping', 'ethtool');

  native.it(
    'a file arrives as it was',
    async () => {
      world = await PrivateWorld.open();
      world.addNamespaces('host', ONE.namespace, TWO.namespace);
      world.ip('', `link add u1 netns host type veth peer name u2 netns ${TWO.namespace}`);
      world.ip('host', 'addr add 192.0.2.1/24 dev u1', 'link set u1 up');
      world.ip(TWO.namespace, 'addr add 192.0.2.2/24 dev u2', 'link set u2 up');
      // The kernel sends segments in one tunnel packet, and leaves their cutting to the device; the vnet header has no word for it.
      const cut = ['tx-udp_tnl-segmentation', 'off', 'tx-udp_tnl-csum-segmentation', 'off'];
      world.run(TWO.namespace, ['ethtool', '-K', 'u2', ...(offload === 'none' ? ['tx', 'off'] : cut)]);
      world.ip(
        TWO.namespace,
        'link add vx0 mtu 1450 type vxlan id 5001 dstport 4789 local 192.0.2.2 remote 192.0.2.1',
        `addr add ${TWO.address}/24 dev vx0`,
        'link set vx0 up',
      );
      const one = await SwitchUnderTest.start(world, 'host', {
        underlay: { type: 'packet', address: '192.0.2.1', offload },
        networks: [{ network: 5001, peers: ['192.0.2.2'] }],
        ports: [{ name: 'tap1', network: 5001, offload }],
      });
      world.ip('host', `link set tap1 netns ${ONE.namespace}`);
      world.ip(ONE.namespace, `addr add ${ONE.address}/24 dev tap1`, 'link set tap1 up');
      await awaitReach(world, ONE, TWO);
      for (const [client, server] of [
        [ONE, TWO],
        [TWO, ONE],
      ] as const) {
        const { sent, received } = await transferHashed(world, client, server, FILE_OCTETS / 4);
        expect(received).toBe(sent);
      }
      await expectClean([one]);
    },
    TIMEOUT_MS,
  );
});

describe.each([
  { type: 'vxlan', theirs: ['type=vxlan'] },
  { type: 'geneve', theirs: ['type=geneve', 'options:csum=true'] },
  { type: 'gre', theirs: ['type=gre'] },
] as const)('to Open vSwitch in user space and back, $type', ({ type, theirs }) => {
  const native = requires('namespaces', 'ovs-vswitchd', 'ovsdb-server', 'ping', 'ethtool');

  native.it(
    'a file arrives as it was',
    async () => {
      // It reads the veth without the header that says what the sender left undone; our station's device keeps its offloads.
      const pair = await openBesideOpenVswitch({ type }, theirs, { type: 'packet', offload: 'none' });
      world = pair.world;
      await awaitReach(world, OURS, THEIRS);
      for (const [client, server] of [
        [OURS, THEIRS],
        [THEIRS, OURS],
      ] as const) {
        const { sent, received } = await transferHashed(world, client, server, FILE_OCTETS / 4);
        expect(received).toBe(sent);
      }
      await expectClean([pair.one]);
    },
    TIMEOUT_MS,
  );
});
