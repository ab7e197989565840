import type { Command } from 'commander';
import { BufferedOutput } from '../captures/buffered-output.js';
import { openCapture } from '../captures/capture-input.js';
import { dissectCapture } from '../captures/dissect-capture.js';
import { TUNNEL_PROTOCOLS } from '../captures/tunnel-protocols.js';
import { addPortOptions, readTunnelPorts } from './tunnel-ports.js';

const HELP = `
FILE is a pcap or pcapng file of any size, or - for standard input. Every layer is shown with its offset, length and
fields, named as in the standards. Where a packet breaks a rule, the fault stands behind the layers that could be read
(! E_...); faults in packets are what you look for, so they don't change the exit status. A file that is broken itself is
shown up to the fault, and the exit status is 1.

UDP port 8472 counts as VXLAN because the Linux device uses it unless told otherwise. With --json each line is an object:
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
  addPortOptions(command, TUNNEL_PROTOCOLS)
    .option('--allow-zero-checksum-ipv6', 'take tunnels over IPv6 that have no UDP checksum (RFC 6935) as good')
    .addHelpText('after', HELP)
    .action(runDissect);
}

interface DissectCommandOptions extends Record<string, unknown> {
  readonly json?: true;
  readonly allowZeroChecksumIpv6?: true;
}

async function runDissect(path: string, options: DissectCommandOptions): Promise<void> {
  const entries = [...readTunnelPorts(options)].flatMap(([name, ports]) => ports.map((port) => [port, name] as const));
  // A bar between the packets on one terminal would be in the way.
  const input = await openCapture(path, process.stdout.isTTY ? 'hidden' : 'shown');
  try {
    await dissectCapture(input, await BufferedOutput.open('-'), options.json === true ? 'json' : 'text', {
      udpPorts: Object.fromEntries(entries),
      allowZeroChecksumIpv6: options.allowZeroChecksumIpv6 === true ? entries.map(([port]) => port) : false,
    });
  } finally {
    await input.close();
  }
}
