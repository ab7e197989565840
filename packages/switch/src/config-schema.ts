/** The schema of a switch's configuration, with messages that say what a field may hold. */
import { ROUTER_MAC } from '@overlane/netlord';
import { CodecError, IpAddress, isGroupMac, parseMac } from '@overlane/wire';
import { z } from 'zod';
import type { SwitchConfig } from './config.js';
import { integer, outOfRange } from './config-integer.js';
import { ENCAPSULATIONS, IP_UNDERLAYS, encapsulationEntry } from './encapsulations.js';
import { flowsSchema } from './flows-schema.js';
import { MAC_TABLE_DEFAULTS } from './mac-table.js';

/** A list of `min` to `max` entries. */
const list = <Item extends z.ZodType>(item: Item, min: number, max: number): z.ZodArray<Item> => {
  const error = `must be a list of ${min} to ${max} entries`;
  return z.array(item, { error }).min(min, { error }).max(max, { error });
};
const port = integer(1, 65_535);
const ipAddress = z.string().superRefine((text, context) => {
  const problem = addressProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});
const macAddress = z.string().superRefine((text, context) => {
  const problem = macProblem(text);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});
const deviceName = z
  .string()
  .regex(/^[^/\s]{1,15}$/, 'must be an interface name: 1 to 15 characters, no slash or space');

const either = new Intl.ListFormat('en', { type: 'disjunction' });
const ENCAPSULATION_NAMES = Object.keys(ENCAPSULATIONS).join(', ');
const ecnMode = z
  .enum(['normal', 'compatibility'])
  .default('normal')
  .describe('RFC 6040 mode towards the outer header');
const checksum = z.enum(['zero', 'computed']);
const udpTunnel = {
  checksumIpv6: checksum.default('computed').describe('UDP checksum sent over IPv6'),
  zeroChecksumIpv6: z
    .enum(['refused', 'accepted'])
    .default('refused')
    .describe('Whether IPv6 peers may send a zero UDP checksum (RFC 6936)'),
  ecnMode,
};

const netlordSpace = z.strictObject({
  network: integer(0, Number.MAX_SAFE_INTEGER).describe('One of the networks'),
  tenant: integer(0, 0xff_ffff).describe('Tenant'),
  macAsId: integer(0, 0xffff_ffff).describe('MAC address space within the tenant'),
  router: z
    .string()
    .regex(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/, 'must be an address and a prefix length such as 10.0.0.1/24')
    .optional()
    .describe("Address and prefix of the tenant's router in it; default: it is not routed"),
  stations: list(z.strictObject({ address: ipAddress, mac: macAddress }), 0, 65_536)
    .optional()
    .describe('Stations that the router reaches, and that ARP may be answered for'),
});
const netlordReach = z.strictObject({
  edge: macAddress.describe('MAC of the other edge switch'),
  vlans: list(integer(2, 4094), 1, 4093).describe('VLANs that lead there'),
});

const encapsulation = z
  .discriminatedUnion(
    'type',
    [
      z.strictObject({
        type: z.literal('vxlan').describe('VXLAN (RFC 7348)'),
        port: port.default(4789).describe('UDP destination port, sent and accepted'),
        checksumIpv4: checksum.default('zero').describe('UDP checksum sent over IPv4'),
        ...udpTunnel,
      }),
      z.strictObject({
        type: z.literal('geneve').describe('Geneve (RFC 8926)'),
        port: port.default(6081).describe('UDP destination port, sent and accepted'),
        checksumIpv4: checksum.default('computed').describe('UDP checksum sent over IPv4'),
        ...udpTunnel,
      }),
      z.strictObject({ type: z.literal('nvgre').describe('NVGRE (RFC 7637)'), ecnMode }),
      z.strictObject({
        type: z.literal('gre').describe('Plain GRE (RFC 2784, RFC 2890) with the network as key'),
        checksum: z.enum(['none', 'computed']).default('none').describe('Whether a checksum is sent'),
        ecnMode,
      }),
      z.strictObject({
        type: z.literal('stt').describe('STT (draft-davie-stt-08)'),
        port: port.default(7471).describe('Destination port in TCP syntax, sent and accepted'),
        ecnMode,
      }),
      z.strictObject({
        type: z.literal('dove').describe('DOVE, with VAN instead of flooding'),
        port: port.default(8472).describe('UDP destination port, sent and accepted'),
        overlayId: integer(0, 0xff_ffff).default(1).describe('Overlay, the same on all switches'),
        ecnMode,
      }),
      z.strictObject({
        type: z.literal('netlord').describe('NetLord: the agent of one server; needs an underlay of type ethernet'),
        edge: macAddress.describe('MAC of the edge switch that the server is connected to'),
        spaces: list(netlordSpace, 1, 65_536).describe('What the networks are, each once'),
        reach: list(netlordReach, 0, 4096)
          .default([])
          .describe('VLANs towards each other edge switch; default: VLAN 1'),
        routerMac: macAddress.default(ROUTER_MAC).describe("MAC of all tenants' routers, the same at all agents"),
        arpProxy: z
          .enum(['router', 'stations'])
          .default('router')
          .describe("Whether ARP is answered for the routers' addresses only, or for all stations named here"),
        chirpPeriodMs: integer(10, 600_000).default(2500).describe('Mean time between chirps, the same at all agents'),
        ecnMode,
      }),
    ],
    {
      error: ({ input }) =>
        `must be one of ${ENCAPSULATION_NAMES}, got ${JSON.stringify((input as { type?: unknown })?.type)}`,
    },
  )
  .prefault({ type: 'vxlan' });

const offload = z.enum(['none', 'checksum', 'segmentation']);
const underlay = z.strictObject({
  type: z
    .enum(['socket', 'packet', 'tun', 'ethernet'])
    .default('socket')
    .describe(
      'Sockets that the kernel routes for; a packet socket on one interface, for super-frames; a device that the host routes the address to, for super-frames in all tunnels; or whole frames',
    ),
  address: ipAddress.describe('Address of this endpoint, IPv4 or IPv6; for type tun none of the host'),
  mtu: integer(576, 65_535).default(1500).describe('Path MTU of the underlay, in octets'),
  device: deviceName
    .optional()
    .describe(
      'Interface, for types packet (default: the one that has the address), ethernet, and tun (the device to make, default vtep%d)',
    ),
  offload: offload
    .optional()
    .describe(
      'What is left to the kernel and the network card; default: segmentation for packet and tun, none for socket',
    ),
  tunnelSegmentation: z
    .enum(['kernel', 'switch'])
    .optional()
    .describe('For type tun: who cuts super-frames inside of UDP tunnels; default: the kernel, if it knows how'),
});

const network = z.strictObject({
  network: integer(0, Number.MAX_SAFE_INTEGER).describe('Network identifier: VNI, VSID, GRE key or context id'),
  peers: list(ipAddress, 0, 4096).default([]).describe('Far endpoints that get a copy of broadcasts'),
  keepInnerVlan: z.boolean().default(false).describe('Keep VLAN tags inside the tunnel instead of stripping them'),
});

const tapPort = z.strictObject({
  type: z.literal('tap').default('tap').describe('Kind of port'),
  name: deviceName.describe('Name of the TAP device to make'),
  network: integer(0, Number.MAX_SAFE_INTEGER).describe('The network that the port is attached to'),
  macs: list(macAddress, 1, 64).optional().describe('Source addresses that the port may use; default: all'),
  mtu: integer(68, 65_535).optional().describe('MTU of the device; default: what fits the underlay'),
  offload: offload.default('segmentation').describe('What the kernel of the device and the switch leave to each other'),
});

const learning = z
  .strictObject({
    capacity: integer(1, 1_048_576).default(MAC_TABLE_DEFAULTS.capacity).describe('Addresses per network'),
    ageingMs: integer(1000, 86_400_000)
      .default(MAC_TABLE_DEFAULTS.ageingMs)
      .describe('Milliseconds until an address that was not seen is forgotten'),
  })
  .prefault({});

/** Schema of the configuration file. Internal: users see `SwitchConfig` and the JSON Schema. */
export const switchConfigSchema: z.ZodType<SwitchConfig> = z
  .strictObject({
    name: z.string().min(1).max(64).default('switch').describe('Name for logs'),
    encapsulation,
    underlay,
    networks: list(network, 1, 65_536),
    ports: list(tapPort, 1, 1024),
    learning,
    flows: flowsSchema,
    capture: z.string().min(1).optional().describe('File to record the underlay packets in, as pcap'),
  })
  .superRefine((config, context) => {
    const issue = (path: (string | number)[], message: string): void => {
      context.addIssue({ code: 'custom', path, message });
    };
    const networks = config.networks.map((entry) => entry.network);
    const { type } = config.encapsulation;
    const entry = encapsulationEntry(config.encapsulation);
    const { networks: range, innerVlan, families, underlays = IP_UNDERLAYS } = entry;
    config.networks.forEach(({ network, keepInnerVlan }, at) => {
      if (network < range[0] || network > range[1]) {
        issue(['networks', at, 'network'], `${outOfRange(range[0], range[1], network)} (${type})`);
      }
      if (keepInnerVlan && innerVlan !== 'configured') {
        issue(['networks', at, 'keepInnerVlan'], `can't be chosen for ${type}: tags are always ${innerVlan}`);
      }
    });
    for (const at of repeats(networks)) issue(['networks', at, 'network'], `${networks[at]} is there already`);
    const names = config.ports.map((entry) => entry.name);
    for (const at of repeats(names)) issue(['ports', at, 'name'], `'${names[at]}' is there already`);
    config.ports.forEach((entry, at) => {
      if (!networks.includes(entry.network)) {
        issue(['ports', at, 'network'], `must be one of the networks (${networks.join(', ')}), got ${entry.network}`);
      }
    });
    if (!underlays.includes(config.underlay.type)) {
      issue(['underlay', 'type'], `must be ${either.format(underlays)} for ${type}`);
    }
    if (config.underlay.type === 'ethernet' && config.underlay.device === undefined) {
      issue(['underlay', 'device'], 'must name the interface for type ethernet');
    }
    if (config.underlay.type === 'socket' && config.underlay.device !== undefined) {
      issue(['underlay', 'device'], "can't be chosen for type socket: sockets leave it to the routing tables");
    }
    if (config.underlay.type !== 'tun' && config.underlay.tunnelSegmentation !== undefined) {
      issue(['underlay', 'tunnelSegmentation'], 'can be chosen for type tun only');
    }
    const family = familyOf(config.underlay.address);
    if (!families.includes(family)) {
      issue(['underlay', 'address'], `must be an IPv${families.join(' or ')} address for ${type}`);
    }
    config.networks.forEach((entry, at) =>
      entry.peers.forEach((peer, peerAt) => {
        if (familyOf(peer) !== family) {
          issue(
            ['networks', at, 'peers', peerAt],
            `must be an IPv${family} address like underlay.address, got '${peer}'`,
          );
        }
      }),
    );
    for (const { path, message } of entry.problems?.(config.encapsulation, config) ?? []) issue(path, message);
  });

function addressProblem(text: string): string | undefined {
  try {
    return IpAddress.parse(text).isMulticast ? `must be a unicast address, got '${text}'` : undefined;
  } catch (error) {
    if (CodecError.is(error)) return `must be an IPv4 or IPv6 address, got '${text}'`;
    throw error;
  }
}

function macProblem(text: string): string | undefined {
  try {
    return isGroupMac(parseMac(text), 0) ? `must be the address of one station, got the group '${text}'` : undefined;
  } catch (error) {
    if (CodecError.is(error)) return `must be a MAC address such as 52:54:00:00:00:01, got '${text}'`;
    throw error;
  }
}

function familyOf(text: string): 4 | 6 {
  return text.includes(':') ? 6 : 4;
}

/** Places of values that stood earlier in the list. */
function repeats(values: readonly unknown[]): number[] {
  return values.flatMap((value, at) => (values.indexOf(value) < at ? [at] : []));
}
