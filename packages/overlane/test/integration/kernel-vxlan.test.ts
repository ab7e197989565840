/** Our switch in one namespace, the kernel's vxlan device in another: they must understand each other both ways. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { requires } from '../../../../tools/testing/requirements.js';
import { PrivateWorld } from './support/private-world.js';
import { SwitchUnderTest, faultsBesideLoss } from './support/switch-under-test.js';
import { DIRECTIONS, logTransfer, ping, transfer } from './support/traffic.js';

const VNI = 5001;
const OURS = { namespace: 'station', address: '10.0.0.1' };
const KERNEL = { namespace: 'kernel', address: '10.0.0.2' };

describe.each([
  { family: 4, ours: '192.0.2.1', kernel: '192.0.2.2', prefix: 24 },
  { family: 6, ours: '2001:db8::1', kernel: '2001:db8::2', prefix: 64 },
])('kernel vxlan over IPv$family', ({ family, ours, kernel, prefix }) => {
  const native = requires('namespaces', 'kernel-vxlan', 'ping', 'ethtool', 'iperf3');
  const innerMtu = family === 4 ? 1450 : 1430;
  let world: PrivateWorld;
  let one: SwitchUnderTest;

  beforeAll(async () => {
    if (native.it === it.skip) return;
    world = await PrivateWorld.open();
    world.addNamespaces('host', OURS.namespace, KERNEL.namespace);
    world.ip('', 'link add u1 netns host type veth peer name u2 netns kernel');
    world.ip('host', `addr add ${ours}/${prefix} dev u1`, 'link set u1 up');
    world.ip('kernel', `addr add ${kernel}/${prefix} dev u2`, 'link set u2 up');
    // Needed on a veth pair only, and on the kernel's side only. The kernel leaves the inner TCP checksum, and the cutting
    // of large segments, to the device that it sends through. A NIC does both; a veth pair hands the packet over as it
    // is, so our socket would get inner frames whose checksum nobody has filled in: ping works, TCP hangs. Our own
    // station needs no setting: the switch does what the station's device leaves to it.
    world.run('kernel', ['ethtool', '-K', 'u2', 'tx', 'off']);
    world.ip(
      'kernel',
      `link add vx0 mtu ${innerMtu} type vxlan id ${VNI} dstport 4789 local ${kernel} remote ${ours}`,
      `addr add ${KERNEL.address}/24 dev vx0`,
      'link set vx0 up',
    );
    one = await SwitchUnderTest.start(world, 'host', {
      underlay: { address: ours },
      networks: [{ network: VNI, peers: [kernel] }],
      ports: [{ name: 'tap1', network: VNI }],
    });
    world.ip('host', 'link set tap1 netns station');
    world.ip('station', `addr add ${OURS.address}/24 dev tap1`, 'link set tap1 up');
  }, 30_000);
  afterAll(() => world?.close());

  native.it('answers ping both ways', () => {
    expect(ping(world, OURS.namespace, KERNEL.address)).toBe(5);
    expect(ping(world, KERNEL.namespace, OURS.address)).toBe(5);
  });

  native.it.each(DIRECTIONS)(
    'carries TCP: %s',
    async (direction) => {
      const seconds = family === 4 ? 5 : 2;
      const result = await transfer(world, OURS, KERNEL, direction, seconds);
      logTransfer(`kernel vxlan over IPv${family}, ${direction}`, result);
      // Far below any machine's speed: what must not happen is a stall.
      expect(result.bitsPerSecond).toBeGreaterThan(10e6);
      expect(result.seconds).toBeGreaterThan(seconds - 0.5);
      const counters = await one.snapshot();
      expect(faultsBesideLoss(counters)).toEqual({});
      expect(
        Object.values(counters.ports).every(({ rxPackets, txPackets }) => rxPackets > 100 && txPackets > 100),
      ).toBe(true);
    },
    30_000,
  );
});
