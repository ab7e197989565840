import type { DissectOptions } from '@overlane/layout';
import { tcp, udp } from '@overlane/wire';
import type { Command } from 'commander';
import { BufferedOutput } from '../captures/buffered-output.js';
import { openCapture } from '../captures/capture-input.js';
import { dissectCapture } from '../captures/dissect-capture.js';
import { TUNNEL_PROTOCOLS, hasPorts } from '../captures/tunnel-protocols.js';
import { type RecognisedTunnel, addTunnelOptions, readTunnels } from './tunnel-options.js';

const HELP = `
FILE is a pcap or pcapng file of any size, or - for standard input. Every layer is shown with its offset, length and
fields, named as in the standards. Where a packet breaks a rule, the fault stands behind the layers that could be read
(! E_...); faults in packets are what you look for, so they don't change the exit status. A file that is broken itself is
shown up to the fault, and the exit status is 1.

UDP port 8472 is that of OTV and of DOVE, whose version 0 is OTV. The Linux VXLAN device uses it too, unless told
otherwise, and no octet tells them apart: --vxlan-port 4789 --vxlan-port 8472 shows VXLAN there, --otv-port 8472 OTV
whatever the version says. NVGRE looks like GRE with a key, and is shown as that without --nvgre. NetLord looks like IPv4
with experimental numbers, and is shown as that without --netlord. The packet that completes an STT frame, or one that DOVE cut,
has it below its own layers ("reassembled", with the numbers of its packets); pieces whose frame stays incomplete are shown as
they are. With --json each line is an object:
  {"packet":1,"timeUs":0,"length":92,"layers":[{"protocol":"ethernet","offset":0,"length":14,"fields":{...}},...]}
and has "fault" if there is one, no "timeUs" if the file has no time, "capturedLength" if the packet was cut short.

Examples:
  overlane dissect trace.pcap | less
  tcpdump -w - -i any port 4789 | overlane dissect - --json | jq 'select(.fault)'`;

/** Adds `overlane dissect`. */
export function addDissectCommand(program: Command): void {
  const command = program
    .command('dissect')
    .description('show the layers and fields of every packet in a capture')
    .argument('<file>', 'pcap or pcapng file, - for standard input')
    .option('--json', 'one JSON object per packet and line');
  addTunnelOptions(command, TUNNEL_PROTOCOLS)
    .option('--allow-zero-checksum-ipv6', 'take tunnels over IPv6 that have no UDP checksum (RFC 6935) as good')
    .addHelpText('after', HELP)
    .action(runDissect);
}

interface DissectCommandOptions extends Record<string, unknown> {
  readonly json?: true;
  readonly allowZeroChecksumIpv6?: true;
}

async function runDissect(path: string, options: DissectCommandOptions): Promise<void> {
  const dissectOptions = toDissectOptions(readTunnels(options), options);
  // A bar between the packets on one terminal would be in the way.
  const input = await openCapture(path, process.stdout.isTTY ? 'hidden' : 'shown');
  try {
    const output = await BufferedOutput.open('-');
    await dissectCapture(input, output, options.json === true ? 'json' : 'text', dissectOptions);
  } finally {
    await input.close();
  }
}

type Names = Readonly<Record<number, string>>;

/** Where the dissector looks for the tunnels. */
function toDissectOptions(
  tunnels: readonly RecognisedTunnel[],
  { allowZeroChecksumIpv6 }: DissectCommandOptions,
): DissectOptions {
  const portsOf = (ipProtocol: number): (readonly [number, string])[] =>
    tunnels
      .filter(({ protocol }) => protocol.ipProtocol === ipProtocol)
      .flatMap(({ protocol, ports }) => ports.map((port) => [port, protocol.name] as const));
  const portless = tunnels.filter(({ protocol }) => !hasPorts(protocol) && protocol.places === undefined);
  const udpPorts = portsOf(udp.IP_PROTOCOL);
  return {
    udpPorts: Object.fromEntries(udpPorts),
    tcpPorts: Object.fromEntries(portsOf(tcp.IP_PROTOCOL)),
    ipProtocols: Object.fromEntries(portless.map(({ protocol }) => [protocol.ipProtocol, protocol.name])),
    etherTypes: Object.assign({}, ...tunnels.map(({ protocol }) => protocol.places?.etherTypes)) as Names,
    ipv4Headers: Object.assign({}, ...tunnels.map(({ protocol }) => protocol.places?.ipv4Headers)) as Names,
    allowZeroChecksumIpv6: allowZeroChecksumIpv6 === true ? udpPorts.map(([port]) => port) : false,
  };
}
