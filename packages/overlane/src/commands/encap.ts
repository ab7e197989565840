import { MAC_AS_ID_MAX, VID_MAX, VID_MIN } from '@overlane/netlord';
import { TunnelMetadata } from '@overlane/wire';
import type { ChecksumPolicy, IpAddress } from '@overlane/wire';
import { type Command, Argument, Option } from 'commander';
import { encapCapture } from '../captures/encap-capture.js';
import { encodeOuterEthernet, macOf } from '../captures/outer-ethernet.js';
import { reportRewrite } from '../captures/report-rewrite.js';
import {
  ENDPOINT_PROTOCOLS,
  type EndpointOptions,
  type EndpointProtocol,
  type EndpointSetting,
} from '../captures/tunnel-protocols.js';
import { UsageError } from '../exit.js';
import { addressOption, integerOption, macOption, requireTwoFiles } from './option-values.js';

/** Least MTU that a link must have (RFC 791 §3.2, RFC 8200 §5). */
const LINK_MTU_MIN = { 4: 68, 6: 1280 } as const;
const MTU_MAX = 65_535;
/** The widest of all protocols; each checks its own. */
const NETWORK_MAX = Math.max(...ENDPOINT_PROTOCOLS.map(({ endpoint }) => endpoint.networks[1]));
const PACKET_ID_MAX = 0xffff_ffff;
const OVERLAY_ID_MAX = 0xff_ffff;
/** Ports that NetLord can code unless its address plan says otherwise. */
const EDGE_PORT_MAX = 126;
const TTL = 64;
/** The flags of options that not all protocols have. */
const SETTING_FLAGS = {
  innerVlan: '--keep-vlan',
  checksum: '--udp-checksum',
  firstPacketId: '--packet-id',
  overlayId: '--overlay',
  macAsId: '--mac-as-id',
  edgePort: '--edge-port',
  vlan: '--vlan',
} as const satisfies Record<EndpointSetting, string>;

const HELP = `
Every Ethernet frame of IN is wrapped, and OUT becomes a pcap file with the timestamps of IN; an existing OUT is
overwritten. Frames that can't be wrapped are left out and counted by fault, and the exit status is then 1. The source
port (of NVGRE the FlowID) follows from the flow inside, as RFC 7348 §5 recommends: all packets of a flow take one path.
STT cuts frames into segments, all with the timestamp of the frame, and numbers the frames from --packet-id on. DOVE cuts
frames that --mtu has no room for into fragments.

Without --source-mac and --destination-mac the outer MACs are made from the addresses: 02:00 and the IPv4 address, or the
last four octets of the IPv6 address; a multicast destination has its group's MAC. NetLord has edge switches instead of
addresses: 02:e0:00:00:00:01 sends and 02:e0:00:00:00:02 receives unless the two options name others. VXLAN and Geneve strip
inner VLAN tags unless --keep-vlan says otherwise (RFC 7348 §6.1), NVGRE always (RFC 7637 §3.3); GRE, STT, DOVE, OTV and NetLord
carry them. With --json a summary goes to standard output, or to standard error if OUT is there:
{"packets":12,"written":11,"faults":{"E_MTU_EXCEEDED":1}}

Examples:
  overlane encap vxlan tenant.pcap underlay.pcap --network 5001 --source 192.0.2.1 --destination 192.0.2.2
  overlane encap stt - - --network 42 --source 2001:db8::1 --destination 2001:db8::2 --mtu 1500 <in.pcap >out.pcap
  overlane encap netlord tenant.pcap fabric.pcap --network 43981 --mac-as-id 7 --edge-port 12 --vlan 101`;

/** Adds `overlane encap`. */
export function addEncapCommand(program: Command): void {
  const names = ENDPOINT_PROTOCOLS.map(({ name }) => name);
  program
    .command('encap')
    .description('wrap every frame of a capture into tunnel packets')
    .addArgument(new Argument('<protocol>', 'tunnel protocol').choices(names))
    .argument('<in>', 'pcap or pcapng file of Ethernet frames, - for standard input')
    .argument('<out>', 'pcap file to write, - for standard output')
    .requiredOption(
      '--network <n>',
      'VNI of vxlan and geneve, key of gre, VSID of nvgre, context id of stt, instance of dove and otv, tenant of netlord',
      integerOption(0, NETWORK_MAX),
    )
    .option('--source <address>', 'outer source address, IPv4 or IPv6; netlord has none', addressOption)
    .option('--destination <address>', 'outer destination address, of the same family', addressOption)
    .option(
      '--mtu <n>',
      'longest outer IP packet, in octets (default: 1500 for stt and dove, which cut frames, else what its length field can say)',
      integerOption(0, MTU_MAX),
    )
    .option('--source-mac <mac>', 'outer source MAC', macOption)
    .option('--destination-mac <mac>', 'outer destination MAC', macOption)
    .option('--keep-vlan', 'leave VLAN tags in the inner frame (vxlan, geneve)')
    .addOption(
      new Option(
        '--udp-checksum <policy>',
        'outer UDP checksum of vxlan and geneve (default: computed, but zero for vxlan over IPv4)',
      ).choices(['zero', 'computed']),
    )
    .option('--packet-id <n>', 'number of the first stt frame (default: 1)', integerOption(0, PACKET_ID_MAX))
    .option('--overlay <n>', 'overlay id of dove and otv (default: 1)', integerOption(0, OVERLAY_ID_MAX))
    .option('--mac-as-id <n>', 'MAC address space of netlord (default: 0x01000000)', integerOption(0, MAC_AS_ID_MAX))
    .option(
      '--edge-port <n>',
      'port of the egress edge switch of netlord (default: 1)',
      integerOption(1, EDGE_PORT_MAX),
    )
    .option('--vlan <n>', 'VLAN of the path of netlord (default: 1)', integerOption(VID_MIN, VID_MAX))
    .option('--ttl <n>', 'outer TTL or hop limit (default: 64, of netlord 2)', integerOption(1, 255))
    .option('--dscp <n>', 'outer DSCP (default: 0, of netlord that of the inner packet)', integerOption(0, 63))
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', HELP)
    .action(runEncap);
}

interface EncapCommandOptions {
  readonly network: number;
  readonly source?: IpAddress;
  readonly destination?: IpAddress;
  readonly mtu?: number;
  readonly sourceMac?: Uint8Array;
  readonly destinationMac?: Uint8Array;
  readonly keepVlan?: true;
  readonly udpChecksum?: ChecksumPolicy;
  readonly packetId?: number;
  readonly overlay?: number;
  readonly macAsId?: number;
  readonly edgePort?: number;
  readonly vlan?: number;
  readonly ttl?: number;
  readonly dscp?: number;
  readonly json?: true;
}

async function runEncap(
  name: string,
  inputPath: string,
  outputPath: string,
  options: EncapCommandOptions,
): Promise<void> {
  // The argument's choices are the names of the table.
  const protocol = ENDPOINT_PROTOCOLS.find((candidate) => candidate.name === name)!;
  const endpointOptions = toEndpointOptions(options);
  requireSettings(protocol, endpointOptions);
  requireNetwork(protocol, options);
  const addresses = readAddresses(protocol, options);
  requireMtu(options, addresses?.source.family ?? 4);
  requireTwoFiles(inputPath, outputPath);
  const outcome = await encapCapture({
    inputPath,
    outputPath,
    encapsulation: protocol.endpoint.create(endpointOptions),
    tunnel: tunnelOf(options, addresses),
    outerEthernet: addresses === undefined ? new Uint8Array(0) : outerEthernetOf(options, addresses),
  });
  reportRewrite(outcome, { verb: 'wrapped', format: options.json === true ? 'json' : 'text', outputPath });
}

/** Refuses options that would change nothing. */
function requireSettings({ name, endpoint }: EndpointProtocol, options: EndpointOptions): void {
  for (const setting of Object.keys(SETTING_FLAGS) as EndpointSetting[]) {
    if (options[setting] === undefined || endpoint.settings.includes(setting)) continue;
    const others = ENDPOINT_PROTOCOLS.filter((other) => other.endpoint.settings.includes(setting));
    const names = others.map((other) => other.name).join(' and ');
    throw new UsageError(`${SETTING_FLAGS[setting]} is for ${names}, and means nothing to ${name}`);
  }
}

function requireNetwork({ name, endpoint }: EndpointProtocol, { network }: EncapCommandOptions): void {
  const [least, most] = endpoint.networks;
  if (network < least || network > most) {
    throw new UsageError(`--network of ${name} must be an integer in ${least}..${most}, got ${network}`);
  }
}

interface Addresses {
  readonly source: IpAddress;
  readonly destination: IpAddress;
}

/** The two ends, or `undefined` for a protocol that has edge switches there. */
function readAddresses(
  { name, endpoint }: EndpointProtocol,
  { source, destination }: EncapCommandOptions,
): Addresses | undefined {
  if (endpoint.ends === 'edges') {
    if (source === undefined && destination === undefined) return undefined;
    throw new UsageError(`--source and --destination mean nothing to ${name}; --source-mac and --destination-mac do`);
  }
  if (source === undefined || destination === undefined) {
    throw new UsageError(`${name} needs --source and --destination`);
  }
  if (source.family !== destination.family) {
    throw new UsageError(
      `--source and --destination must be of one family, got IPv${source.family} and IPv${destination.family}`,
    );
  }
  if (source.isMulticast) throw new UsageError(`--source must be a unicast address, got ${source.toString()}`);
  return { source, destination };
}

function requireMtu({ mtu }: EncapCommandOptions, family: 4 | 6): void {
  const leastMtu = LINK_MTU_MIN[family];
  if (mtu !== undefined && mtu < leastMtu) {
    throw new UsageError(`--mtu must be an integer in ${leastMtu}..${MTU_MAX} over IPv${family}, got ${mtu}`);
  }
}

function outerEthernetOf(
  { sourceMac, destinationMac }: EncapCommandOptions,
  { source, destination }: Addresses,
): Uint8Array {
  return encodeOuterEthernet(destinationMac ?? macOf(destination), sourceMac ?? macOf(source), destination.family);
}

function toEndpointOptions(options: EncapCommandOptions): EndpointOptions {
  const { mtu, keepVlan, udpChecksum, packetId, overlay, macAsId, edgePort, vlan } = options;
  const { sourceMac, destinationMac, ttl, dscp } = options;
  return {
    ...(mtu === undefined ? {} : { pathMtu: mtu }),
    ...(keepVlan === undefined ? {} : { innerVlan: 'kept' }),
    ...(udpChecksum === undefined ? {} : { checksum: udpChecksum }),
    ...(packetId === undefined ? {} : { firstPacketId: packetId }),
    ...(overlay === undefined ? {} : { overlayId: overlay }),
    ...(macAsId === undefined ? {} : { macAsId }),
    ...(edgePort === undefined ? {} : { edgePort }),
    ...(vlan === undefined ? {} : { vlan }),
    ...(sourceMac === undefined ? {} : { ingressEdge: sourceMac }),
    ...(destinationMac === undefined ? {} : { egressEdge: destinationMac }),
    ...(ttl === undefined ? {} : { outerTtl: ttl }),
    ...(dscp === undefined ? {} : { dscp: 'tunnel' }),
  };
}

function tunnelOf(
  { network, ttl = TTL, dscp = 0 }: EncapCommandOptions,
  addresses: Addresses | undefined,
): TunnelMetadata {
  const tunnel = new TunnelMetadata();
  tunnel.network = network;
  if (addresses !== undefined) {
    tunnel.source.copy(addresses.source);
    tunnel.destination.copy(addresses.destination);
  }
  tunnel.ttl = ttl;
  tunnel.dscp = dscp;
  return tunnel;
}
