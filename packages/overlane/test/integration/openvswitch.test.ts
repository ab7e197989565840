/** Our switch in one namespace, Open vSwitch's userspace datapath in another, joined by each tunnel that both know. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SwitchConfigFile } from '@overlane/switch';
import { requires } from '../../../../tools/testing/requirements.js';
import { OURS, type OpenVswitchPair, THEIRS, openBesideOpenVswitch } from './support/open-vswitch-pair.js';
import { faultsBesideLoss } from './support/switch-under-test.js';
import { DIRECTIONS, logTransfer, ping, transfer } from './support/traffic.js';

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
  let world: OpenVswitchPair['world'];
  let one: OpenVswitchPair['one'];

  beforeAll(async () => {
    if (native.it === it.skip) return;
    ({ world, one } = await openBesideOpenVswitch(ours, theirs));
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
