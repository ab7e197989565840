import type { Command } from 'commander';
import { type TunnelEnd, decapCapture } from '../captures/decap-capture.js';
import { reportRewrite } from '../captures/report-rewrite.js';
import { ENDPOINT_PROTOCOLS, type EndpointOptions, hasPorts, isEndpoint } from '../captures/tunnel-protocols.js';
import { requireTwoFiles } from './option-values.js';
import { type RecognisedTunnel, addTunnelOptions, readTunnels } from './tunnel-options.js';

const HELP = `
Each tunnel packet of IN, over IPv4 or IPv6, is checked by all rules of its protocol, and the frame inside goes to OUT, a
pcap file of Ethernet frames with the timestamps of IN; an existing OUT is overwritten. One level is removed: run it again
for a tunnel in a tunnel. As a tunnel endpoint does, it combines the ECN of both headers in the inner one (RFC 6040).

Packets that are no tunnel's are skipped and counted; so are VXLAN-GPE and the control messages of DOVE and NetLord, which
dissect shows. NetLord is unwrapped if --netlord is given, and from Ethernet captures only: its outer Ethernet header is part of it.
Tunnel packets that break a rule are left out and counted by fault; the others are written all the same, but the exit status
is then 1. VLAN tags in inner frames of VXLAN (RFC 7348 §6.1) and Geneve are such a fault unless --keep-vlan is given. STT
and DOVE frames are put together by the time of the capture and written at the time of their last piece; those that never
become complete are counted, and the exit status is 1. UDP port 8472 is DOVE's and OTV's; for VXLAN there, give both of its
ports: --vxlan-port 4789 --vxlan-port 8472. With --json a summary goes to standard output, or to standard error if OUT is there:
{"packets":12,"written":10,"skipped":1,"incompleteFrames":0,"faults":{"E_VXLAN_VNI_NOT_VALID":1}}

Examples:
  overlane decap underlay.pcap tenants.pcap
  overlane decap trace.pcapng - --vxlan-port 14789 --keep-vlan | tshark -r -`;

/** Adds `overlane decap`. */
export function addDecapCommand(program: Command): void {
  const command = program
    .command('decap')
    .description('unwrap every tunnel packet of a capture')
    .argument('<in>', 'pcap or pcapng file, - for standard input')
    .argument('<out>', 'pcap file to write, - for standard output')
    .option('--json', 'print the summary as JSON');
  addTunnelOptions(command, ENDPOINT_PROTOCOLS)
    .option('--allow-zero-checksum-ipv6', 'take tunnels over IPv6 that have no UDP checksum (RFC 6935)')
    .option('--keep-vlan', 'take inner frames with VLAN tags, and leave the tags in them')
    .addHelpText('after', HELP)
    .action(runDecap);
}

interface DecapCommandOptions extends Record<string, unknown> {
  readonly json?: true;
  readonly allowZeroChecksumIpv6?: true;
  readonly keepVlan?: true;
}

async function runDecap(inputPath: string, outputPath: string, options: DecapCommandOptions): Promise<void> {
  const recognised = readTunnels(options);
  requireTwoFiles(inputPath, outputPath);
  const endpointOptions: EndpointOptions = {
    zeroChecksumIpv6: options.allowZeroChecksumIpv6 === true ? 'accepted' : 'refused',
    innerVlan: options.keepVlan === true ? 'kept' : 'stripped',
  };
  const tunnels = recognised.flatMap((tunnel) => tunnelEnds(tunnel, endpointOptions));
  const outcome = await decapCapture({ inputPath, outputPath, tunnels });
  reportRewrite(outcome, { verb: 'unwrapped', format: options.json === true ? 'json' : 'text', outputPath });
}

/** One end per port, since an endpoint accepts one; one end in all for a protocol without ports. */
function tunnelEnds({ protocol, ports }: RecognisedTunnel, options: EndpointOptions): TunnelEnd[] {
  if (!isEndpoint(protocol)) return [];
  const { ipProtocol, endpoint } = protocol;
  if (!hasPorts(protocol)) return [{ ipProtocol, port: undefined, encapsulation: endpoint.create(options) }];
  return ports.map((port) => ({ ipProtocol, port, encapsulation: endpoint.create({ ...options, port }) }));
}
