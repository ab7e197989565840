/** Two switches of ours on one veth, with a station each. */
import type { EncapsulationConfig, OffloadConfig, UnderlayConfig } from '@overlane/switch';
import { PrivateWorld } from './private-world.js';
import { SwitchUnderTest } from './switch-under-test.js';

/** The stations' ends: the second answers. */
export const STATIONS = [
  { namespace: 'station1', address: '10.0.0.1' },
  { namespace: 'station2', address: '10.0.0.2' },
] as const;

const NETWORK = 5001;
const ADDRESSES = { 4: ['192.0.2.1', '192.0.2.2'], 6: ['2001:db8::1', '2001:db8::2'] } as const;

/** Families of underlay that an encapsulation goes over. */
export function familiesOf(type: EncapsulationConfig['type']): readonly (4 | 6)[] {
  return type === 'dove' ? [4] : [4, 6];
}

/** What pair to make. */
export interface PairOptions {
  /** How frames are wrapped. */
  readonly type: EncapsulationConfig['type'];
  /** Family of the underlay. Default 4. */
  readonly family?: 4 | 6;
  /** Kind of underlay, of both. Default: the switch's. */
  readonly underlay?: UnderlayConfig['type'];
  /** What the stations' devices leave to each switch. Default: the switch's. */
  readonly offload?: readonly [OffloadConfig, OffloadConfig];
  /** MTU of the underlay. Default 1500. */
  readonly mtu?: number;
}

/** The pair at work. */
export interface SwitchPair {
  readonly world: PrivateWorld;
  readonly switches: readonly SwitchUnderTest[];
}

/** Makes hosts `host1` and `host2` with underlay devices `u1` and `u2`, and stations with devices `tap1` and `tap2`. */
export async function openSwitchPair(options: PairOptions): Promise<SwitchPair> {
  const world = await PrivateWorld.open();
  try {
    return { world, switches: await fill(world, options) };
  } catch (error) {
    await world.close();
    throw error;
  }
}

async function fill(
  world: PrivateWorld,
  { type, family = 4, underlay, offload, mtu = 1500 }: PairOptions,
): Promise<SwitchUnderTest[]> {
  world.addNamespaces('host1', 'host2', ...STATIONS.map(({ namespace }) => namespace));
  world.ip('', `link add u1 mtu ${mtu} netns host1 type veth peer name u2 mtu ${mtu} netns host2`);
  const addresses = ADDRESSES[family];
  addresses.forEach((address, i) =>
    world.ip(`host${i + 1}`, `addr add ${address}/${family === 4 ? 24 : 64} dev u${i + 1}`, `link set u${i + 1} up`),
  );
  return Promise.all(
    addresses.map(async (address, i) => {
      const [host, tap] = [`host${i + 1}`, `tap${i + 1}`];
      const { namespace, address: inner } = STATIONS[i]!;
      const level = offload?.[i];
      const one = await SwitchUnderTest.start(world, host, {
        encapsulation: { type },
        underlay: { address, mtu, ...(underlay && { type: underlay }) },
        networks: [{ network: NETWORK, peers: [addresses[1 - i]!] }],
        ports: [{ name: tap, network: NETWORK, ...(level && { offload: level }) }],
      });
      world.ip(host, `link set ${tap} netns ${namespace}`);
      world.ip(namespace, `addr add ${inner}/24 dev ${tap}`, `link set ${tap} up`);
      return one;
    }),
  );
}
