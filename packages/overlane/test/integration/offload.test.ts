/** Super-frames between TAP devices through every encapsulation, with offloads on, off and mixed. */
import { afterEach, describe, expect } from '@jest/globals';
import { ENCAPSULATION_NAMES, type SwitchSnapshot, imbalance } from '@overlane/switch';
import { requires } from '../../../../tools/testing/requirements.js';
import { type PairOptions, STATIONS, type SwitchPair, familiesOf, openSwitchPair } from './support/switch-pair.js';
import { faultsBesideLoss } from './support/switch-under-test.js';
import { logTransfer, ping, transfer, transferHashed } from './support/traffic.js';
import { until } from './support/until.js';

const native = requires('namespaces', 'ping', 'ethtool', 'iperf3');
const HASHED_OCTETS = 16 << 20;
const [ONE, TWO] = STATIONS;
let pair: SwitchPair | undefined;

afterEach(close);

async function close(): Promise<void> {
  await pair?.world.close();
  pair = undefined;
}

async function open(options: PairOptions): Promise<SwitchPair> {
  const made = await openSwitchPair(options);
  pair = made;
  // ARP, next hops of the underlay, and both stations known to both switches.
  const reached = (): boolean => ping(made.world, ONE.namespace, TWO.address, { count: 1 }) === 1;
  await until(reached, 'the stations reach each other');
  return made;
}

/** Counters of both switches, after checking that no packet went missing and nothing was wrong. */
async function counters({ switches }: SwitchPair): Promise<readonly SwitchSnapshot[]> {
  return Promise.all(
    switches.map(async (each) => {
      const snapshot = await each.snapshot();
      expect(imbalance(snapshot.ledger)).toBe(0);
      expect(faultsBesideLoss(snapshot)).toEqual({});
      return snapshot;
    }),
  );
}

/** Octets per frame that the switch took from its station. */
function frameLength({ ports }: SwitchSnapshot, name: string): number {
  const { rxOctets, rxPackets } = ports[name]!;
  return rxOctets / rxPackets;
}

describe.each(
  ENCAPSULATION_NAMES.flatMap((type) => (['socket', 'packet'] as const).map((underlay) => ({ type, underlay }))),
)('$type, underlay: $underlay', ({ type, underlay }) => {
  native.it.each(familiesOf(type))(
    'TCP goes in super-frames from device to device, IPv%i',
    async (family) => {
      const made = await open({ type, family, underlay });
      const result = await transfer(made.world, ONE, TWO, 'client sends', 1);
      logTransfer(`${type}, ${underlay}, IPv${family}`, result);
      // Far below any machine's speed: what must not happen is a stall.
      expect(result.bitsPerSecond).toBeGreaterThan(10e6);
      const [sender, receiver] = await counters(made);
      expect(frameLength(sender!, 'tap1')).toBeGreaterThan(5000);
      const { txOctets, txPackets } = receiver!.ports['tap2']!;
      expect(txOctets / txPackets).toBeGreaterThan(2000);
    },
    30_000,
  );

  native.it(
    'every octet arrives, with offload at one end, at the other, and cut on the way',
    async () => {
      for (const offload of [
        ['segmentation', 'none'],
        ['none', 'segmentation'],
        ['checksum', 'segmentation'],
      ] as const) {
        const made = await open({ type, underlay, offload });
        // What the device of a host can't do, its kernel does: on the way out of one, into the other.
        made.world.run('host1', ['ethtool', '-K', 'u1', 'tso', 'off', 'gso', 'off', 'tx', 'off']);
        made.world.run('host2', ['ethtool', '-K', 'u2', 'gro', 'on']);
        const { sent, received } = await transferHashed(made.world, ONE, TWO, HASHED_OCTETS);
        expect(received).toBe(sent);
        await counters(made);
        await close();
      }
    },
    120_000,
  );
});
