/** Two switches of ours on one underlay, with every encapsulation: ping over both address families, and TCP. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ENCAPSULATION_NAMES } from '@overlane/switch';
import { requires } from '../../../../tools/testing/requirements.js';
import type { PrivateWorld } from './support/private-world.js';
import { STATIONS, familiesOf, openSwitchPair } from './support/switch-pair.js';
import { type SwitchUnderTest, faultsBesideLoss } from './support/switch-under-test.js';
import { logTransfer, ping, transfer } from './support/traffic.js';

/** Headers of IPv4 and ICMP in front of an echo request's data. */
const ECHO_HEADERS_LENGTH = 28;

/** The device's MTU, as the station sees it. */
function mtuOf(world: PrivateWorld, namespace: string, device: string): number {
  return Number(world.run(namespace, ['cat', `/sys/class/net/${device}/mtu`]));
}

describe.each(ENCAPSULATION_NAMES.flatMap((type) => familiesOf(type).map((family) => ({ type, family }))))(
  'two switches, $type over IPv$family',
  ({ type, family }) => {
    const native = requires('namespaces', 'ping', 'iperf3');
    let world: PrivateWorld;
    let pair: readonly SwitchUnderTest[] = [];

    beforeAll(async () => {
      if (native.it === it.skip) return;
      ({ world, switches: pair } = await openSwitchPair({ type, family }));
    }, 30_000);
    afterAll(() => world?.close());

    native.it('answers pings, also those as long as the device allows, without a fault', async () => {
      const [one, two] = STATIONS;
      expect(ping(world, one.namespace, two.address, { count: 2 })).toBe(2);
      const mtu = mtuOf(world, two.namespace, 'tap2');
      expect(ping(world, two.namespace, one.address, { count: 2, dataLength: mtu - ECHO_HEADERS_LENGTH })).toBe(2);
      for (const each of pair) expect(faultsBesideLoss(await each.snapshot())).toEqual({});
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
