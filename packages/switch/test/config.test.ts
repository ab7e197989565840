import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import {
  ConfigError,
  type SwitchConfigFile,
  parseSwitchConfig,
  planSwitch,
  switchConfigJsonSchema,
} from '../src/index.js';

const good: SwitchConfigFile = {
  underlay: { address: '192.0.2.1' },
  networks: [{ network: 5001, peers: ['192.0.2.2'] }],
  ports: [{ name: 'tap1', network: 5001 }],
};

const mac = '52:54:00:00:00:01';
const agent = {
  type: 'netlord',
  edge: '02:e0:00:00:00:01',
  spaces: [{ network: 2, tenant: 3, macAsId: 7 }],
} as const;
const netlord: SwitchConfigFile = {
  encapsulation: agent,
  underlay: { type: 'ethernet', address: '12.0.0.1', device: 'eth0', mtu: 9000 },
  networks: [{ network: 2 }],
  ports: [{ name: 'tap1', network: 2, macs: [mac] }],
};

function refusal(input: unknown): ConfigError {
  try {
    parseSwitchConfig(input);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('parseSwitchConfig', () => {
  it('fills in the defaults', () => {
    expect(parseSwitchConfig(good)).toEqual({
      name: 'switch',
      encapsulation: {
        type: 'vxlan',
        port: 4789,
        checksumIpv4: 'zero',
        checksumIpv6: 'computed',
        zeroChecksumIpv6: 'refused',
        ecnMode: 'normal',
      },
      underlay: { type: 'socket', address: '192.0.2.1', mtu: 1500 },
      networks: [{ network: 5001, peers: ['192.0.2.2'], keepInnerVlan: false }],
      ports: [{ type: 'tap', name: 'tap1', network: 5001, offload: 'segmentation' }],
      learning: { capacity: 4096, ageingMs: 300_000 },
      flows: {
        microflows: 8192,
        maxFlows: 16_384,
        maxMasks: 128,
        idleMs: 10_000,
        upcallsPerSecond: 20_000,
        upcallBurst: 2000,
      },
    });
  });

  it.each<[string, string, unknown]>([
    ['configuration', 'expected object', []],
    ['underlay', 'expected object', { ...good, underlay: undefined }],
    [
      'underlay.address',
      "must be an IPv4 or IPv6 address, got '192.0.2'",
      { ...good, underlay: { address: '192.0.2' } },
    ],
    ['underlay.address', "must be a unicast address, got 'ff02::1'", { ...good, underlay: { address: 'ff02::1' } }],
    [
      'underlay.device',
      "can't be chosen for type socket: sockets leave it to the routing tables",
      { ...good, underlay: { address: '192.0.2.1', device: 'eth0' } },
    ],
    [
      'underlay.tunnelSegmentation',
      'can be chosen for type tun only',
      { ...good, underlay: { address: '192.0.2.1', type: 'packet', tunnelSegmentation: 'kernel' } },
    ],
    [
      'ports[0].macs[1]',
      "must be a MAC address such as 52:54:00:00:00:01, got '52:54'",
      { ...good, ports: [{ name: 'tap1', network: 5001, macs: ['52:54:00:00:00:01', '52:54'] }] },
    ],
    [
      'ports[0].macs[0]',
      "must be the address of one station, got the group 'ff:ff:ff:ff:ff:ff'",
      { ...good, ports: [{ name: 'tap1', network: 5001, macs: ['ff:ff:ff:ff:ff:ff'] }] },
    ],
    [
      'ports[0].macs',
      'must be a list of 1 to 64 entries',
      { ...good, ports: [{ name: 'tap1', network: 5001, macs: [] }] },
    ],
    [
      'underlay.type',
      'must be socket, packet, or tun for vxlan',
      { ...good, underlay: { ...good.underlay, type: 'ethernet' } },
    ],
    ...(
      [
        ['underlay.type', 'must be ethernet for netlord', { underlay: { address: '12.0.0.1' } }],
        ['underlay.device', 'must name the interface', { underlay: { type: 'ethernet', address: '12.0.0.1' } }],
        ['underlay.address', 'must be p.x.y.z for port p', { underlay: { ...netlord.underlay, address: '192.0.2.1' } }],
        ['encapsulation.edge', 'must be a MAC address', { encapsulation: { ...agent, edge: '02:e0' } }],
        [
          'encapsulation.spaces',
          'which tenant and address space network 1 is',
          { networks: [{ network: 2 }, { network: 1 }] },
        ],
        [
          'encapsulation.spaces[0].network',
          'must be one of the networks (5)',
          { networks: [{ network: 5 }], ports: [{ name: 'tap1', network: 5, macs: [mac] }] },
        ],
        [
          'encapsulation.spaces[1].macAsId',
          'space 7 of tenant 3 is there already',
          {
            networks: [{ network: 2 }, { network: 6 }],
            encapsulation: { ...agent, spaces: [...agent.spaces, { network: 6, tenant: 3, macAsId: 7 }] },
          },
        ],
        [
          'encapsulation.spaces[0].router',
          'an address and a prefix such as 10.0.0.1/24',
          { encapsulation: { ...agent, spaces: [{ ...agent.spaces[0], router: '10.0.0.1/33' }] } },
        ],
        [
          'encapsulation.reach[0].edge',
          'is there already, or our own',
          { encapsulation: { ...agent, reach: [{ edge: '02:E0:00:00:00:01', vlans: [2] }] } },
        ],
        [
          'encapsulation.reach[0].vlans',
          'must name each VLAN once',
          { encapsulation: { ...agent, reach: [{ edge: '02:e0:00:00:00:02', vlans: [2, 2] }] } },
        ],
        ['ports[0].macs', 'must name the NICs', { ports: [{ name: 'tap1', network: 2 }] }],
        ['networks[0].peers', 'must be empty', { networks: [{ network: 2, peers: ['1.0.0.1'] }] }],
      ] as const
    ).map(([field, message, change]): [string, string, unknown] => [field, message, { ...netlord, ...change }]),
    ['underlay.type', 'Invalid option', { ...good, underlay: { address: '192.0.2.1', type: 'bridge' } }],
    ['ports[0].offload', 'Invalid option', { ...good, ports: [{ name: 'tap1', network: 5001, offload: 'all' }] }],
    [
      'underlay.mtu',
      'must be an integer in 576..65535, got 100',
      { ...good, underlay: { address: '192.0.2.1', mtu: 100 } },
    ],
    [
      'encapsulation.type',
      'must be one of vxlan, geneve, nvgre, gre, stt, dove, netlord, got "ipip"',
      { ...good, encapsulation: { type: 'ipip' } },
    ],
    [
      'encapsulation.type',
      'must be one of vxlan, geneve, nvgre, gre, stt, dove, netlord, got undefined',
      { ...good, encapsulation: {} },
    ],
    ['encapsulation', 'Unrecognized key: "port"', { ...good, encapsulation: { type: 'nvgre', port: 4789 } }],
    [
      'networks[0].network',
      'must be an integer in 4096..16777214, got 7 (nvgre)',
      { ...good, encapsulation: { type: 'nvgre' }, networks: [{ network: 7 }], ports: [{ name: 'tap1', network: 7 }] },
    ],
    [
      'networks[0].keepInnerVlan',
      "can't be chosen for nvgre: tags are always stripped",
      { ...good, encapsulation: { type: 'nvgre' }, networks: [{ network: 5001, keepInnerVlan: true }] },
    ],
    [
      'encapsulation.port',
      'must be an integer in 1..65535, got 0',
      { ...good, encapsulation: { type: 'vxlan', port: 0 } },
    ],
    ['encapsulation.ecnMode', '"normal"|"compatibility"', { ...good, encapsulation: { type: 'vxlan', ecnMode: 'x' } }],
    ['networks', 'must be a list of 1 to 65536 entries', { ...good, networks: [] }],
    [
      'networks[0].network',
      'must be an integer in 0..16777215, got 16777216',
      { ...good, networks: [{ network: 16777216 }] },
    ],
    [
      'networks[0].network',
      'must be an integer in 0..9007199254740991, got "1"',
      { ...good, networks: [{ network: '1' }] },
    ],
    ['networks[0].network', 'got 1.5', { ...good, networks: [{ network: 1.5 }] }],
    ['networks[1].network', '5001 is there already', { ...good, networks: [{ network: 5001 }, { network: 5001 }] }],
    [
      'networks[0].peers[0]',
      "must be an IPv4 address like underlay.address, got '2001:db8::2'",
      { ...good, networks: [{ network: 5001, peers: ['2001:db8::2'] }] },
    ],
    ['ports[0].name', 'must be an interface name', { ...good, ports: [{ name: 'a name with spaces', network: 5001 }] }],
    [
      'ports[0].network',
      'must be one of the networks (5001), got 7',
      { ...good, ports: [{ name: 'tap1', network: 7 }] },
    ],
    [
      'ports[1].name',
      "'tap1' is there already",
      {
        ...good,
        ports: [
          { name: 'tap1', network: 5001 },
          { name: 'tap1', network: 5001 },
        ],
      },
    ],
    [
      'ports[0].mtu',
      'must be an integer in 68..65535, got 67',
      { ...good, ports: [{ name: 'tap1', network: 5001, mtu: 67 }] },
    ],
    ['learning.ageingMs', 'must be an integer in 1000..86400000, got 10', { ...good, learning: { ageingMs: 10 } }],
    ['flows.microflows', 'must be 0 or a power of two up to 65536, got 100', { ...good, flows: { microflows: 100 } }],
    [
      'flows.microflows',
      'must be 0 or a power of two up to 65536, got 131072',
      { ...good, flows: { microflows: 131_072 } },
    ],
    ['flows.maxFlows', 'must be an integer in 1..1048576, got 0', { ...good, flows: { maxFlows: 0 } }],
    [
      'flows.maxFlowsPerPartition',
      'must be at most maxFlows (50), got 51',
      { ...good, flows: { maxFlows: 50, maxFlowsPerPartition: 51 } },
    ],
    ['flows.maxMasks', 'must be an integer in 1..1024, got "many"', { ...good, flows: { maxMasks: 'many' } }],
    ['flows.idleMs', 'must be an integer in 1..86400000, got 1.5', { ...good, flows: { idleMs: 1.5 } }],
    ['flows.upcallBurst', 'must be an integer in 1..1000000000, got -1', { ...good, flows: { upcallBurst: -1 } }],
    ['flows', 'Unrecognized key: "entries"', { ...good, flows: { entries: 0 } }],
    ['configuration', 'Unrecognized key: "port"', { ...good, port: 4789 }],
  ])('%s: %s', (field, message, input) => {
    const error = refusal(input);
    expect(error.field).toBe(field);
    expect(error.message).toContain(`${field}: `);
    expect(error.message).toContain(message);
    expect(error.code).toBe('E_CONFIG');
  });

  it('names every field at fault, a line each', () => {
    const { message } = refusal({ ...good, underlay: { address: 'x', mtu: 1 } });
    expect(message.split('\n').map((line) => line.split(':')[0])).toEqual(['underlay.address', 'underlay.mtu']);
  });
});

describe('planSwitch', () => {
  it('takes any limits of the flow cache that the schema lets pass', () => {
    for (const flows of [
      {
        microflows: 0,
        maxFlows: 1,
        maxFlowsPerPartition: 1,
        maxMasks: 1,
        idleMs: 1,
        upcallsPerSecond: 1,
        upcallBurst: 1,
      },
      { microflows: 65_536, maxMasks: 1024, idleMs: 86_400_000, upcallsPerSecond: 1e9, upcallBurst: 1e9 },
    ]) {
      expect(planSwitch(parseSwitchConfig({ ...good, flows })).switch.snapshot().flows).toMatchObject({ flows: 0 });
    }
  });

  it.each([
    ['192.0.2.1', 1500, 1450],
    ['192.0.2.1', 1600, 1550],
    ['2001:db8::1', 1500, 1430],
  ])('gives tenants the MTU that fits %s at %i', (address, mtu, innerMtu) => {
    const config = parseSwitchConfig({ ...good, underlay: { address, mtu }, networks: [{ network: 5001 }] });
    expect(planSwitch(config).innerMtu).toBe(innerMtu);
  });

  it('makes a NetLord agent on whole frames, whose tenants have 34 octets less', () => {
    const plan = planSwitch(parseSwitchConfig(netlord));
    expect(plan.innerMtu).toBe(8966);
    expect(plan.transport).toEqual({
      protocol: 'ethernet',
      types: { etherTypes: [0x88b5], ipProtocols: [253, 254] },
    });
    expect(plan.encapsulation.startsWith).toBe('ethernet');
  });
});

describe('the published schema', () => {
  it('is the one in the package', () => {
    const text = readFileSync(new URL('../switch-config.schema.json', `file://${__filename}`), 'utf8');
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(switchConfigJsonSchema())));
  });
});
