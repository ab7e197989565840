/** Our switch in one namespace, Open vSwitch's userspace datapath in another, and a station behind each. */
import type { SwitchConfigFile } from '@overlane/switch';
import { OpenVswitch } from './open-vswitch.js';
import { PrivateWorld } from './private-world.js';
import { SwitchUnderTest } from './switch-under-test.js';

const NETWORK = 5001;
// Fits the widest of the tunnels, whose headers take 50 octets.
const INNER_MTU = 1450;
const UNDERLAY = { ours: '192.0.2.1', theirs: '192.0.2.2' };
/** The station behind our switch. */
export const OURS = { namespace: 'station', address: '10.0.0.1' };
/** The station behind Open vSwitch. */
export const THEIRS = { namespace: 'guest', address: '10.0.0.2' };

/** The two ends at work. */
export interface OpenVswitchPair {
  readonly world: PrivateWorld;
  readonly one: SwitchUnderTest;
}

/** Makes both; `ours` is our encapsulation, `theirs` what Open vSwitch calls it, `underlay` the kind of our underlay. */
export async function openBesideOpenVswitch(
  ours: NonNullable<SwitchConfigFile['encapsulation']>,
  theirs: readonly string[],
  underlay: Partial<SwitchConfigFile['underlay']> = {},
): Promise<OpenVswitchPair> {
  const world = await PrivateWorld.open();
  try {
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
    const one = await SwitchUnderTest.start(world, 'host', {
      encapsulation: ours,
      underlay: { address: UNDERLAY.ours, ...underlay } as SwitchConfigFile['underlay'],
      networks: [{ network: NETWORK, peers: [UNDERLAY.theirs] }],
      ports: [{ name: 'tap1', network: NETWORK, mtu: INNER_MTU }],
    });
    world.ip('host', 'link set tap1 netns station');
    world.ip('station', `addr add ${OURS.address}/24 dev tap1`, 'link set tap1 up');
    return { world, one };
  } catch (error) {
    await world.close();
    throw error;
  }
}

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
