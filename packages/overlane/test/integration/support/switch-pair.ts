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
/** Of tunnel endpoints behind the hosts. */
const ENDPOINTS = { 4: ['198.51.100.1', '198.51.100.2'], 6: ['2001:db8:1::1', '2001:db8:2::2'] } as const;

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
  /** Kind of underlay, of both or of each. Default: the switch's. */
  readonly underlay?: UnderlayConfig['type'] | readonly [UnderlayConfig['type'], UnderlayConfig['type']];
  /** Who cuts super-frames inside of UDP tunnels, for underlays of type `tun`. Default: the switch's. */
  readonly tunnelSegmentation?: readonly [UnderlayConfig['tunnelSegmentation'], UnderlayConfig['tunnelSegmentation']];
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
  { type, family = 4, underlay, offload, tunnelSegmentation, mtu = 1500 }: PairOptions,
): Promise<SwitchUnderTest[]> {
  world.addNamespaces('host1', 'host2', ...STATIONS.map(({ namespace }) => namespace));
  world.ip('', `link add u1 mtu ${mtu} netns host1 type veth peer name u2 mtu ${mtu} netns host2`);
  ADDRESSES[family].forEach((address, i) =>
    world.ip(`host${i + 1}`, `addr add ${address}/${family === 4 ? 24 : 64} dev u${i + 1}`, `link set u${i + 1} up`),
  );
  const underlays = typeof underlay === 'string' ? [underlay, underlay] : underlay;
  const addresses = ADDRESSES[family].map((address, i) => {
    if (underlays?.[i] !== 'tun') return address;
    const endpoint = ENDPOINTS[family][i]!;
    routeEndpoint(world, { host: `host${i + 1}`, device: `u${i + 1}`, address }, `host${2 - i}`, endpoint);
    return endpoint;
  });
  return Promise.all(
    addresses.map(async (address, i) => {
      const [host, tap] = [`host${i + 1}`, `tap${i + 1}`];
      const { namespace, address: inner } = STATIONS[i]!;
      const level = offload?.[i];
      const one = await SwitchUnderTest.start(world, host, {
        encapsulation: { type },
        underlay: {
          ...{ address, mtu, ...(underlays && { type: underlays[i]! }) },
          ...(tunnelSegmentation && { tunnelSegmentation: tunnelSegmentation[i] }),
        },
        networks: [{ network: NETWORK, peers: [addresses[1 - i]!] }],
        ports: [{ name: tap, network: NETWORK, ...(level && { offload: level }) }],
      });
      world.ip(host, `link set ${tap} netns ${namespace}`);
      world.ip(namespace, `addr add ${inner}/24 dev ${tap}`, `link set ${tap} up`);
      return one;
    }),
  );
}

/** Makes a host with that device and address a router, and tells `neighbor` that `endpoint` is behind it. */
export function routeEndpoint(
  world: PrivateWorld,
  { host, device, address }: { readonly host: string; readonly device: string; readonly address: string },
  neighbor: string,
  endpoint: string,
): void {
  const isIpv4 = !address.includes(':');
  const setting = isIpv4 ? 'ipv4/ip_forward' : 'ipv6/conf/all/forwarding';
  world.run(host, ['sh', '-c', `echo 1 > /proc/sys/net/${setting}`]);
  // These worlds have no link-local addresses, and for others' packets a router asks for neighbours from no other.
  if (!isIpv4) world.ip(host, `addr add fe80::${device.slice(1)}/64 dev ${device}`);
  world.ip(neighbor, `route add ${endpoint}/${isIpv4 ? 32 : 128} via ${address}`);
}
