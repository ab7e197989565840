/** Our switch in one namespace, Open vSwitch's userspace datapath in another, joined by each tunnel that both know. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SwitchConfigFile } from '@overlane/switch';
import { requires } from '../../../../tools/testing/requirements.js';
import { OpenVswitch } from './support/open-vswitch.js';
import { PrivateWorld } from './support/private-world.js';
import { SwitchUnderTest, faultsBesideLoss } from './support/switch-under-test.js';
import { DIRECTIONS, logTransfer, ping, transfer } from './support/traffic.js';

const NETWORK = 5001;
// Fits the widest of the tunnels, whose headers take 50 octets.
const INNER_MTU = 1450;
const UNDERLAY = { ours: '192.0.2.1', theirs: '192.0.2.2' };
const OURS = { namespace: 'station', address: '10.0.0.1' };
const THEIRS = { namespace: 'guest', address: '10.0.0.2' };

/** Each encapsulation of ours, and what Open vSwitch calls it. */
const TUNNELS: readonly {
  readonly ours: NonNullable<SwitchConfigFile['encapsulation']>;
  readonly theirs: readonly string[];
}[] = [
  { ours: { type: 'vxlan' }, theirs: ['type=vxlan'] },
  // Ours sends UDP checksums, as RFC 8926 §3.3 prefers; `csum` makes theirs send them too, so that both ends verify.
  { ours: { type: 'geneve' }, theirs: ['type=geneve', 'options:csum=true'] },
  { ours: { type: 'gre' }, theirs: ['type=gre'] },
  { ours: { type: 'gre', checksum: 'computed' }, theirs: ['type=gre', 'options:csum=true'] },
];

describe.each(TUNNELS)('Open vSwitch, userspace datapath, $theirs', ({ ours, theirs }) => {
  const native = requires('namespaces', 'ovs-vswitchd', 'ovsdb-server', 'ping', 'ethtool', 'iperf3');
  let world: PrivateWorld;
  let one: SwitchUnderTest;

  beforeAll(async () => {
    if (native.it === it.skip) return;
    world = await PrivateWorld.open();
    world.addNamespaces('host', OURS.namespace, 'ovs', THEIRS.namespace);
    world.ip('', 'link add u1 netns host type veth peer name u2 netns ovs');
    world.ip('host', `addr add ${UNDERLAY.ours}/24 dev u1`, 'link set u1 up');
    world.ip('', 'link add g1 netns guest type veth peer name g2 netns ovs');
    world.ip('guest', `link set g1 mtu ${INNER_MTU}`, `addr add ${THEIRS.address}/24 dev g1`, 'link set g1 up');
    world.ip('ovs', 'link set u2 up', 'link set g2 up');
    // Open vSwitch reads veth devices without the header that says what the sender left undone, so its guest has to
    // finish checksums and segments itself. Not needed with a TAP or a NIC; nothing is set on our side.
    world.run('guest', ['ethtool', '-K', 'g1', 'tx', 'off', 'tso', 'off', 'gso', 'off', 'gro', 'off']);
    await startOpenVswitch(world, theirs);
    one = await SwitchUnderTest.start(world, 'host', {
      encapsulation: ours,
      underlay: { address: UNDERLAY.ours },
      networks: [{ network: NETWORK, peers: [UNDERLAY.theirs] }],
      ports: [{ name: 'tap1', network: NETWORK, mtu: INNER_MTU }],
    });
    world.ip('host', 'link set tap1 netns station');
    world.ip('station', `addr add ${OURS.address}/24 dev tap1`, 'link set tap1 up');
  }, 30_000);
  afterAll(() => world?.close());

  native.it('answers ping both ways', async () => {
    // While it resolves the tunnel's next hop, Open vSwitch drops; so the first packets do not count.
    ping(world, OURS.namespace, THEIRS.address, { count: 3 });
    expect(ping(world, OURS.namespace, THEIRS.address)).toBe(5);
    expect(ping(world, THEIRS.namespace, OURS.address)).toBe(5);
    expect(faultsBesideLoss(await one.snapshot())).toEqual({});
  });

  // A checksum changes one field of GRE, not the way that frames take, and each transfer takes its time.
  if ('checksum' in ours) return;
  native.it.each(DIRECTIONS)(
    'carries TCP: %s',
    async (direction) => {
      const result = await transfer(world, OURS, THEIRS, direction, 5);
      logTransfer(`Open vSwitch, ${theirs.join(' ')}, ${direction}`, result);
      // Segments sent again are Open vSwitch's: it reads devices through sockets that overflow when it falls behind.
      // Far below any machine's speed: what must not happen is a stall.
      expect(result.bitsPerSecond).toBeGreaterThan(10e6);
      expect(result.seconds).toBeGreaterThan(4.5);
      expect(faultsBesideLoss(await one.snapshot())).toEqual({});
    },
    30_000,
  );
});

/** One bridge for the guest and the tunnel, one for the underlay, whose device holds the endpoint's address. */
async function startOpenVswitch(world: PrivateWorld, tunnel: readonly string[]): Promise<void> {
  const ovs = await OpenVswitch.start(world, 'ovs');
  const bridge = (name: string): string[] => ['add-br', name, '--', 'set', 'bridge', name, 'datapath_type=netdev'];
  ovs.configure(...bridge('br-phy'), '--', 'add-port', 'br-phy', 'u2');
  ovs.configure(...bridge('br-int'), '--', 'add-port', 'br-int', 'g2');
  world.ip('ovs', `addr add ${UNDERLAY.theirs}/24 dev br-phy`, 'link set br-phy up', 'link set br-int up');
  const ends = [`options:remote_ip=${UNDERLAY.ours}`, `options:local_ip=${UNDERLAY.theirs}`, `options:key=${NETWORK}`];
  ovs.configure('add-port', 'br-int', 'tun0', '--', 'set', 'interface', 'tun0', ...tunnel, ...ends);
}
