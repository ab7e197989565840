/** Two switches of ours on one underlay, with every encapsulation: ping over both address families, and TCP. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ENCAPSULATION_NAMES, type SwitchSnapshot } from '@overlane/switch';
import { requires } from '../../../../tools/testing/requirements.js';
import { PrivateWorld } from './support/private-world.js';
import { SwitchUnderTest, faultsBesideLoss } from './support/switch-under-test.js';
import { logTransfer, ping, transfer } from './support/traffic.js';

const NETWORK = 5001;
const STATIONS = [
  { namespace: 'station1', address: '10.0.0.1' },
  { namespace: 'station2', address: '10.0.0.2' },
] as const;
/** Headers of IPv4 and ICMP in front of an echo request's data. */
const ECHO_HEADERS_LENGTH = 28;

/** The device's MTU, as the station sees it. */
function mtuOf(world: PrivateWorld, namespace: string, device: string): number {
  return Number(world.run(namespace, ['cat', `/sys/class/net/${device}/mtu`]));
}

/** Adds a switch and its station to each of the hosts `host1` and `host2`. */
async function startPair(
  world: PrivateWorld,
  type: (typeof ENCAPSULATION_NAMES)[number],
  addresses: readonly [string, string],
): Promise<SwitchUnderTest[]> {
  return Promise.all(
    addresses.map(async (address, i) => {
      const [host, tap] = [`host${i + 1}`, `tap${i + 1}`];
      const { namespace, address: inner } = STATIONS[i]!;
      const one = await SwitchUnderTest.start(world, host, {
        encapsulation: { type },
        underlay: { address },
        networks: [{ network: NETWORK, peers: [addresses[1 - i]!] }],
        ports: [{ name: tap, network: NETWORK }],
      });
      world.ip(host, `link set ${tap} netns ${namespace}`);
      world.ip(namespace, `addr add ${inner}/24 dev ${tap}`, `link set ${tap} up`);
      return one;
    }),
  );
}

/** Everything that a switch counted as wrong, on any port. */
function faultsOf({ ports }: SwitchSnapshot): Record<string, number> {
  return Object.fromEntries(Object.values(ports).flatMap(({ faults }) => Object.entries(faults)));
}

describe.each(ENCAPSULATION_NAMES.flatMap((type) => [4, 6].map((family) => ({ type, family }))))(
  'two switches, $type over IPv$family',
  ({ type, family }) => {
    const native = requires('namespaces', 'ping', 'iperf3');
    const addresses = family === 4 ? (['192.0.2.1', '192.0.2.2'] as const) : (['2001:db8::1', '2001:db8::2'] as const);
    let world: PrivateWorld;
    let pair: SwitchUnderTest[] = [];

    beforeAll(async () => {
      if (native.it === it.skip) return;
      world = await PrivateWorld.open();
      world.addNamespaces('host1', 'host2', ...STATIONS.map(({ namespace }) => namespace));
      world.ip('', 'link add u1 netns host1 type veth peer name u2 netns host2');
      addresses.forEach((address, i) =>
        world.ip(
          `host${i + 1}`,
          `addr add ${address}/${family === 4 ? 24 : 64} dev u${i + 1}`,
          `link set u${i + 1} up`,
        ),
      );
      pair = await startPair(world, type, addresses);
    }, 30_000);
    afterAll(() => world?.close());

    native.it('answers pings, also those as long as the device allows, without a fault', async () => {
      const [one, two] = STATIONS;
      expect(ping(world, one.namespace, two.address, { count: 2 })).toBe(2);
      const mtu = mtuOf(world, two.namespace, 'tap2');
      expect(ping(world, two.namespace, one.address, { count: 2, dataLength: mtu - ECHO_HEADERS_LENGTH })).toBe(2);
      for (const each of pair) expect(faultsOf(await each.snapshot())).toEqual({});
    });

    // VXLAN and Geneve carry TCP to and from other implementations, in files of their own.
    if (family === 6 || type === 'vxlan' || type === 'geneve') return;
    native.it(
      'carries TCP',
      async () => {
        const result = await transfer(world, STATIONS[0], STATIONS[1], 'client sends', 2);
        logTransfer(`two switches, ${type}`, result);
        // Far below any machine's speed: what must not happen is a stall.
        expect(result.bitsPerSecond).toBeGreaterThan(10e6);
        expect(result.seconds).toBeGreaterThan(1.5);
        for (const each of pair) expect(faultsBesideLoss(await each.snapshot())).toEqual({});
      },
      30_000,
    );
  },
);
