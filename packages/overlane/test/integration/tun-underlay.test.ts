/** Super-frames through UDP tunnels on devices that the hosts route to, to our own switch and to the kernel's vxlan device. */
import { afterEach, describe, expect } from '@jest/globals';
import { release } from 'node:os';
import { type SwitchSnapshot, imbalance } from '@overlane/switch';
import { requires } from '../../../../tools/testing/requirements.js';
import { PrivateWorld } from './support/private-world.js';
import { type PairOptions, STATIONS, openSwitchPair, routeEndpoint } from './support/switch-pair.js';
import { SwitchUnderTest, faultsBesideLoss } from './support/switch-under-test.js';
import { DIRECTIONS, type TrafficEnd, logTransfer, ping, transfer, transferHashed } from './support/traffic.js';
import { until } from './support/until.js';

const native = requires('namespaces', 'ping', 'ethtool', 'iperf3');
const [MAJOR, MINOR] = release().split('.').map(Number) as [number, number];
/** Whether the kernel takes super-frames inside of UDP tunnels; an older one has the switches cut and join them. */
const KERNEL_CUTS = MAJOR > 6 || (MAJOR === 6 && MINOR >= 17);
const HASHED_OCTETS = 8 << 20;
const VNI = 5001;
const [ONE, TWO] = STATIONS;
const FAMILIES = [4, 6] as const;
const UDP_TUNNELS = (['vxlan', 'geneve'] as const).flatMap((type) => FAMILIES.map((family) => ({ type, family })));
let world: PrivateWorld | undefined;

afterEach(close);

async function close(): Promise<void> {
  await world?.close();
  world = undefined;
}

async function open(options: PairOptions): Promise<{ world: PrivateWorld; switches: readonly SwitchUnderTest[] }> {
  const pair = await openSwitchPair(options);
  world = pair.world;
  await reach(pair.world, ONE, TWO);
  return pair;
}

/** Waits for neighbours, and until both ends are known. */
async function reach(where: PrivateWorld, from: TrafficEnd, to: TrafficEnd): Promise<void> {
  await until(() => ping(where, from.namespace, to.address, { count: 1 }) === 1, 'the stations reach each other');
}

/** Counters, after checking that no packet went missing and nothing was wrong. */
async function counters(one: SwitchUnderTest): Promise<SwitchSnapshot> {
  const snapshot = await one.snapshot();
  expect(imbalance(snapshot.ledger)).toBe(0);
  expect(faultsBesideLoss(snapshot)).toEqual({});
  return snapshot;
}

describe.each(UDP_TUNNELS)('$type over IPv$family, tun underlay', ({ type, family }) => {
  native.it(
    'TCP goes in super-frames from device to device, which nobody cuts or joins',
    async () => {
      const made = await open({ type, family, underlay: 'tun' });
      const result = await transfer(made.world, ONE, TWO, 'client sends', 1);
      logTransfer(`${type}, tun, IPv${family}`, result);
      // Far below any machine's speed: what must not happen is a stall.
      expect(result.bitsPerSecond).toBeGreaterThan(10e6);
      const [sender, receiver] = await Promise.all(made.switches.map(counters));
      const { rxOctets, rxPackets } = sender!.ports['tap1']!;
      expect(rxOctets / rxPackets).toBeGreaterThan(5000);
      const arrived = Object.entries(receiver!.ports).find(([name]) => name.startsWith('udp'))![1];
      const isUncut = [sender!.ledger.cut === 0, arrived.rxOctets / arrived.rxPackets > 5000];
      expect(isUncut).toEqual([KERNEL_CUTS, KERNEL_CUTS]);
    },
    30_000,
  );
});

/** Offload at one end, at the other, none in the tunnel; and beside the other underlays. */
const MIXES: readonly PairOptions[] = [
  { type: 'vxlan', offload: ['segmentation', 'none'] },
  { type: 'geneve', offload: ['checksum', 'segmentation'], family: 6 },
  { type: 'geneve', tunnelSegmentation: ['switch', 'kernel'] },
  { type: 'vxlan', tunnelSegmentation: ['kernel', 'switch'], family: 6 },
  { type: 'vxlan', underlay: ['tun', 'packet'] },
  { type: 'geneve', underlay: ['socket', 'tun'], family: 6 },
];

describe.each(MIXES)('a mix: %j', (mix) => {
  native.it(
    'every octet arrives, uncut or cut on the way',
    async () => {
      const made = await open({ underlay: 'tun', ...mix });
      const transferAll = async (): Promise<void> => {
        const { sent, received } = await transferHashed(made.world, ONE, TWO, HASHED_OCTETS);
        expect(received).toBe(sent);
      };
      // Packet sockets have no words for super-frames in UDP tunnels, and sockets none for unfinished checksums in them.
      if (mix.underlay === undefined) await transferAll();
      // What the device of a host can't do, its kernel does on the way out.
      for (const host of [1, 2]) {
        made.world.run(`host${host}`, ['ethtool', '-K', `u${host}`, 'tso', 'off', 'gso', 'off', 'tx', 'off']);
      }
      await transferAll();
      await Promise.all(made.switches.map(counters));
    },
    60_000,
  );
});

describe.each(['stt', 'nvgre', 'dove'] as const)('%s, tun underlay', (type) => {
  native.it(
    'passes as on other underlays',
    async () => {
      const made = await open({ type, underlay: 'tun' });
      const { sent, received } = await transferHashed(made.world, ONE, TWO, HASHED_OCTETS);
      expect(received).toBe(sent);
      const [sender] = await Promise.all(made.switches.map(counters));
      if (type === 'stt') expect(sender!.ledger.cut).toBe(0);
    },
    60_000,
  );
});

describe.each(FAMILIES)('kernel vxlan over IPv%i, tun underlay', (family) => {
  const kernelNative = requires('namespaces', 'kernel-vxlan', 'ping', 'iperf3');
  const OURS = { namespace: 'station', address: '10.0.0.1' };
  const KERNEL = { namespace: 'kernel', address: '10.0.0.2' };
  const isIpv4 = family === 4;
  const [host, kernel, endpoint] = isIpv4
    ? ['192.0.2.1', '192.0.2.2', '198.51.100.1']
    : ['2001:db8::1', '2001:db8::2', '2001:db8:1::1'];

  async function openBesideKernel(): Promise<SwitchUnderTest> {
    const made = (world = await PrivateWorld.open());
    made.addNamespaces('host', OURS.namespace, KERNEL.namespace);
    made.ip('', 'link add u1 netns host type veth peer name u2 netns kernel');
    made.ip('host', `addr add ${host}/${isIpv4 ? 24 : 64} dev u1`, 'link set u1 up');
    made.ip('kernel', `addr add ${kernel}/${isIpv4 ? 24 : 64} dev u2`, 'link set u2 up');
    routeEndpoint(made, { host: 'host', device: 'u1', address: host! }, 'kernel', endpoint!);
    made.ip(
      'kernel',
      `link add vx0 mtu ${isIpv4 ? 1450 : 1430} type vxlan id ${VNI} dstport 4789 local ${kernel} remote ${endpoint}`,
      `addr add ${KERNEL.address}/24 dev vx0`,
      'link set vx0 up',
    );
    const one = await SwitchUnderTest.start(made, 'host', {
      underlay: { type: 'tun', address: endpoint! },
      networks: [{ network: VNI, peers: [kernel!] }],
      ports: [{ name: 'tap1', network: VNI }],
    });
    made.ip('host', 'link set tap1 netns station');
    made.ip('station', `addr add ${OURS.address}/24 dev tap1`, 'link set tap1 up');
    await reach(made, OURS, KERNEL);
    return one;
  }

  // No setting of any device is changed: both sides leave to the other what they like.
  kernelNative.it(
    'answers ping both ways, carries TCP both ways and every octet of a file',
    async () => {
      const one = await openBesideKernel();
      expect(ping(world!, OURS.namespace, KERNEL.address)).toBe(5);
      expect(ping(world!, KERNEL.namespace, OURS.address)).toBe(5);
      for (const direction of DIRECTIONS) {
        const result = await transfer(world!, OURS, KERNEL, direction, 1);
        logTransfer(`kernel vxlan, tun, IPv${family}, ${direction}`, result);
        expect(result.bitsPerSecond).toBeGreaterThan(10e6);
      }
      for (const [from, to] of [
        [OURS, KERNEL],
        [KERNEL, OURS],
      ] as const) {
        const { sent, received } = await transferHashed(world!, from, to, HASHED_OCTETS);
        expect(received).toBe(sent);
      }
      const { ledger, ports } = await counters(one);
      expect(ledger.cut === 0).toBe(KERNEL_CUTS);
      const { rxOctets, rxPackets, txOctets, txPackets } = ports['tap1']!;
      expect((rxOctets + txOctets) / (rxPackets + txPackets)).toBeGreaterThan(2000);
    },
    60_000,
  );
});
