import { TunnelMetadata } from '@overlane/wire';
import type { ChecksumPolicy, IpAddress } from '@overlane/wire';
import { type Command, Argument, Option } from 'commander';
import { encapCapture } from '../captures/encap-capture.js';
import { encodeOuterEthernet, macOf } from '../captures/outer-ethernet.js';
import { reportRewrite } from '../captures/report-rewrite.js';
import { ENDPOINT_PROTOCOLS, type EndpointOptions, type EndpointProtocol } from '../captures/tunnel-protocols.js';
import { UsageError } from '../exit.js';
import { addressOption, integerOption, macOption, requireTwoFiles } from './option-values.js';

/** Least MTU that a link must have (RFC 791 §3.2, RFC 8200 §5). */
const LINK_MTU_MIN = { 4: 68, 6: 1280 } as const;
const MTU_MAX = 65_535;
/** The widest of all protocols; each checks its own. */
const NETWORK_MAX = Math.max(...ENDPOINT_PROTOCOLS.map(({ endpoint }) => endpoint.networkMax));

const HELP = `
Every Ethernet frame of IN is wrapped, and OUT becomes a pcap file with the timestamps of IN; an existing OUT is
overwritten. Frames that can't be wrapped are left out and counted by fault, and the exit status is then 1. The source
port follows from the flow inside, as RFC 7348 §5 recommends: all packets of a flow take one path.

Without --source-mac and --destination-mac the outer MACs are made from the addresses: 02:00 and the IPv4 address, or the
last four octets of the IPv6 address; a multicast destination has its group's MAC. Inner VLAN tags are stripped unless
--keep-vlan says otherwise (RFC 7348 §6.1). With --json a summary goes to standard output, or to standard error if OUT is
there: {"packets":12,"written":11,"faults":{"E_MTU_EXCEEDED":1}}

Examples:
  overlane encap vxlan tenant.pcap underlay.pcap --network 5001 --source 192.0.2.1 --destination 192.0.2.2
  overlane encap vxlan - - --network 42 --source 2001:db8::1 --destination 2001:db8::2 --mtu 1500 <in.pcap >out.pcap`;

/** Adds `overlane encap`. */
export function addEncapCommand(program: Command): void {
  const names = ENDPOINT_PROTOCOLS.map(({ name }) => name);
  program
    .command('encap')
    .description('wrap every frame of a capture into tunnel packets')
    .addArgument(new Argument('<protocol>', 'tunnel protocol').choices(names))
    .argument('<in>', 'pcap or pcapng file of Ethernet frames, - for standard input')
    .argument('<out>', 'pcap file to write, - for standard output')
    .requiredOption('--network <n>', 'network identifier; for VXLAN the VNI', integerOption(0, NETWORK_MAX))
    .requiredOption('--source <address>', 'outer source address, IPv4 or IPv6', addressOption)
    .requiredOption('--destination <address>', 'outer destination address, of the same family', addressOption)
    .option(
      '--mtu <n>',
      'longest outer IP packet, in octets; without it, what its length field can say',
      integerOption(0, MTU_MAX),
    )
    .option('--source-mac <mac>', 'outer source MAC', macOption)
    .option('--destination-mac <mac>', 'outer destination MAC', macOption)
    .option('--keep-vlan', 'leave VLAN tags in the inner frame')
    .addOption(
      new Option('--udp-checksum <policy>', 'outer UDP checksum (default: zero over IPv4, computed over IPv6)').choices(
        ['zero', 'computed'],
      ),
    )
    .option('--ttl <n>', 'outer TTL or hop limit', integerOption(1, 255), 64)
    .option('--dscp <n>', 'outer DSCP', integerOption(0, 63), 0)
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', HELP)
    .action(runEncap);
}

interface EncapCommandOptions {
  readonly network: number;
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly mtu?: number;
  readonly sourceMac?: Uint8Array;
  readonly destinationMac?: Uint8Array;
  readonly keepVlan?: true;
  readonly udpChecksum?: ChecksumPolicy;
  readonly ttl: number;
  readonly dscp: number;
  readonly json?: true;
}

async function runEncap(
  name: string,
  inputPath: string,
  outputPath: string,
  options: EncapCommandOptions,
): Promise<void> {
  // The argument's choices are the names of the table.
  const { endpoint } = ENDPOINT_PROTOCOLS.find((protocol) => protocol.name === name)!;
  requireConsistent(endpoint, options);
  requireTwoFiles(inputPath, outputPath);
  const { source, destination, sourceMac = macOf(source), destinationMac = macOf(destination) } = options;
  const outcome = await encapCapture({
    inputPath,
    outputPath,
    encapsulation: endpoint.create(endpointOptions(options)),
    tunnel: tunnelOf(options),
    outerEthernet: encodeOuterEthernet(destinationMac, sourceMac, destination.family),
  });
  reportRewrite(outcome, { verb: 'wrapped', format: options.json === true ? 'json' : 'text', outputPath });
}

/** What no single option can check. */
function requireConsistent({ networkMax }: EndpointProtocol['endpoint'], options: EncapCommandOptions): void {
  const { network, source, destination, mtu } = options;
  if (network > networkMax) throw new UsageError(`--network must be an integer in 0..${networkMax}, got ${network}`);
  if (source.family !== destination.family) {
    throw new UsageError(
      `--source and --destination must be of one family, got IPv${source.family} and IPv${destination.family}`,
    );
  }
  if (source.isMulticast) throw new UsageError(`--source must be a unicast address, got ${source.toString()}`);
  const least = LINK_MTU_MIN[source.family];
  if (mtu !== undefined && mtu < least) {
    throw new UsageError(`--mtu must be an integer in ${least}..${MTU_MAX} over IPv${source.family}, got ${mtu}`);
  }
}

function endpointOptions({ network, mtu, keepVlan, udpChecksum }: EncapCommandOptions): EndpointOptions {
  return {
    ...(mtu === undefined ? {} : { pathMtu: mtu }),
    ...(keepVlan === undefined ? {} : { keepInnerVlan: new Set([network]) }),
    ...(udpChecksum === undefined ? {} : { checksum: udpChecksum }),
  };
}

function tunnelOf({ network, source, destination, ttl, dscp }: EncapCommandOptions): TunnelMetadata {
  const tunnel = new TunnelMetadata();
  tunnel.network = network;
  tunnel.source.copy(source);
  tunnel.destination.copy(destination);
  tunnel.ttl = ttl;
  tunnel.dscp = dscp;
  return tunnel;
}
