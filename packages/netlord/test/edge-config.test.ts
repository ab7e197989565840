import { describe, expect, it } from '@jest/globals';
import { edge, spain } from '../src/index.js';

const { configureSwitches, linuxCommands, numberedFabric, shellScript } = edge;
const { fatTree, planPaths, seededRandom32 } = spain;

const HOSTS = [[{ port: 3, mac: '02:50:00:00:00:03' }], [{ port: 12, mac: '02-50-00-00-00-0C' }]];
const FABRIC = numberedFabric(fatTree(2, 2), (n) => HOSTS[n - 1]!);
const PLAN = planPaths(FABRIC, { random32: seededRandom32(1) });

describe('the configuration of the switches', () => {
  const configs = configureSwitches(FABRIC, PLAN);

  it('of an edge switch: VLANs of every port, one route and one binding per server', () => {
    expect(configs[1]).toEqual({
      name: 'edge2',
      kind: 'edge',
      mac: '02:e0:00:00:00:02',
      vlans: [1, 2, 3],
      ports: [
        { device: 'l2', peer: 'core1', vlans: [1, 2] },
        { device: 'l3', peer: 'core2', vlans: [3] },
        { device: 'p12', peer: undefined, vlans: [1, 2, 3] },
      ],
      routes: [{ prefix: '12.0.0.0/8', nextHop: '12.0.0.1', mac: '02:50:00:00:00:0c', device: 'p12' }],
      ageingS: 300,
      lldp: true,
    });
  });

  it('of a core switch: VLANs alone', () => {
    expect(configs[3]).toEqual({
      name: 'core2',
      kind: 'core',
      mac: undefined,
      vlans: [1, 3],
      ports: [
        { device: 'l1', peer: 'edge1', vlans: [1, 3] },
        { device: 'l3', peer: 'edge2', vlans: [3] },
      ],
      routes: [],
      ageingS: 300,
      lldp: false,
    });
  });

  it('follows the address plan', () => {
    const hosts = [{ port: 49, mac: '02:50:00:00:00:31' }];
    const wide = { ...FABRIC, switches: FABRIC.switches.map((one, i) => ({ ...one, hosts: i === 1 ? hosts : [] })) };
    const plan = { portBits: 10, widePorts: 'refused' as const };
    expect(configureSwitches(wide, PLAN, plan)[1]!.routes).toMatchObject([
      { prefix: '12.64.0.0/10', nextHop: '12.64.0.1', device: 'p49' },
    ]);
    // Port 3 of ten bits would be 0.192.0.0, which nobody forwards.
    expect(() => configureSwitches(FABRIC, PLAN, plan)).toThrow(expect.objectContaining({ code: 'E_EDGE_PORT' }));
  });
});

describe('a fabric that can not be configured', () => {
  const code = (change: (one: edge.FabricSwitch, i: number) => edge.FabricSwitch): unknown => {
    try {
      configureSwitches({ ...FABRIC, switches: FABRIC.switches.map(change) }, PLAN);
    } catch (error) {
      const { code: fault, detail } = error as { code: string; detail: { field: string } };
      return [fault, detail.field];
    }
    return undefined;
  };
  const withHosts = (hosts: readonly edge.FabricHost[], at = 0): unknown =>
    code((one, i) => (i === at ? { ...one, hosts } : one));
  const mac = '02:50:00:00:00:77';

  it.each<[string, unknown, unknown]>([
    ['an edge switch without MAC', code(({ name, kind }) => ({ name, kind })), ['E_EDGE_MAC', 'switches[0].mac']],
    ['no MAC', code((one) => ({ ...one, mac: 'x' })), ['E_EDGE_MAC', 'switches[0].mac']],
    ['a group MAC', code((one) => ({ ...one, mac: '03:00:00:00:00:01' })), ['E_EDGE_MAC', 'switches[0].mac']],
    ['the zero MAC', code((one) => ({ ...one, mac: '00:00:00:00:00:00' })), ['E_EDGE_MAC', 'switches[0].mac']],
    ['one MAC twice', code((one) => ({ ...one, mac })), ['E_EDGE_MAC', 'switches[1].mac']],
    ['port 0', withHosts([{ port: 0, mac }]), ['E_EDGE_PORT', 'switches[0].hosts[0].port']],
    ['port 127', withHosts([{ port: 127, mac }]), ['E_EDGE_PORT', 'switches[0].hosts[0].port']],
    ['port 1.5', withHosts([{ port: 1.5, mac }]), ['E_EDGE_PORT', 'switches[0].hosts[0].port']],
    [
      'one port twice',
      withHosts([
        { port: 5, mac },
        { port: 5, mac: '02:50:00:00:00:78' },
      ]),
      ['E_EDGE_PORT', 'switches[0].hosts[1].port'],
    ],
    ['a server at a core switch', withHosts([{ port: 5, mac }], 2), ['E_EDGE_PORT', 'switches[2].hosts[0]']],
  ])('is refused by name: %s', (_, found, fault) => {
    expect(found).toEqual(fault);
  });
});

describe('the commands for Linux', () => {
  const [edge1, , core1] = configureSwitches(FABRIC, PLAN);

  it('with VLAN devices: a bridge per VLAN, sub-interfaces, routes and bindings', () => {
    expect(linuxCommands(edge1!, 'vlan-devices')).toEqual({
      sysctl: ['net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0'],
      ip: [
        'link set lo up',
        ...[1, 2, 3].flatMap((vlan) => [
          `link add br${vlan} address 02:e0:00:00:00:01 type bridge stp_state 0 mcast_snooping 0 ageing_time 30000`,
          `link set br${vlan} up`,
        ]),
        'link set l0 up',
        'link add link l0 name l0.1 type vlan id 1',
        'link set l0.1 master br1 up',
        'link add link l0 name l0.2 type vlan id 2',
        'link set l0.2 master br2 up',
        'link set l1 up',
        'link add link l1 name l1.1 type vlan id 1',
        'link set l1.1 master br1 up',
        'link add link l1 name l1.3 type vlan id 3',
        'link set l1.3 master br3 up',
        'link set p3 address 02:e0:00:00:00:01 up',
        ...[1, 2, 3].flatMap((vlan) => [
          `link add link p3 name p3.${vlan} type vlan id ${vlan}`,
          `link set p3.${vlan} master br${vlan} up`,
        ]),
        'neigh replace 3.0.0.1 lladdr 02:50:00:00:00:03 dev p3 nud permanent',
        'route replace 3.0.0.0/8 via 3.0.0.1 dev p3 onlink',
      ],
      bridge: [1, 2, 3].map((vlan) => `link set dev p3.${vlan} learning off`),
      nft: '',
    });
  });

  it('with nftables: veth pairs in the place of VLAN devices, and the tag taken from what is routed', () => {
    const { ip, bridge, nft } = linuxCommands(edge1!, 'nftables');
    expect(ip).toContain('link add p3.2 type veth peer name p3.2b');
    expect(ip).toContain('link set p3.2b master br2 up');
    expect(ip.join()).not.toContain('type vlan');
    expect(bridge).toEqual([1, 2, 3].map((vlan) => `link set dev p3.${vlan}b learning off`));
    expect(nft).toContain(`  chain from_l1 {
    type filter hook ingress device "l1" priority 0; policy drop;
    ether daddr 02:e0:00:00:00:01 vlan id 1 vlan id set 0 fwd to "l1.1"
    vlan id 1 fwd to "l1.1"
    ether daddr 02:e0:00:00:00:01 vlan id 3 vlan id set 0 fwd to "l1.3"
    vlan id 3 fwd to "l1.3"
  }
  chain from_l1_1 {
    type filter hook ingress device "l1.1" priority 0; policy drop;
    fwd to "l1"
  }
`);
  });

  it('make a core switch that neither routes nor has an address', () => {
    for (const dialect of edge.LINUX_DIALECTS) {
      const { sysctl, ip, bridge, nft } = linuxCommands(core1!, dialect);
      expect([sysctl, bridge]).toEqual([[], []]);
      expect(ip.join()).not.toMatch(/route|neigh|address/);
      expect(nft).not.toContain('daddr');
    }
  });

  it('come as a script, too', () => {
    const script = shellScript(linuxCommands(edge1!, 'nftables')).split('\n');
    expect(script[0]).toBe('sysctl -w net.ipv4.ip_forward=1');
    expect(script).toContain('bridge link set dev p3.1b learning off');
    expect(script.slice(-2)).toEqual(['END', '']);
  });

  it('keep device names within the 15 octets of Linux', () => {
    const names = linuxCommands(edge1!, 'nftables').ip.flatMap((line) => line.split(' '));
    expect(names.filter((word) => /^[lp]\d+\./.test(word)).every((name) => name.length <= 15)).toBe(true);
  });
});
