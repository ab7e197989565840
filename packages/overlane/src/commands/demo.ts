import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ENCAPSULATION_NAMES } from '@overlane/switch';
import { type Command, Option } from 'commander';
import { FABRIC_TRIAL } from '../demo/kernel-fabric.js';
import { endWithOuterCommand, findPrivateWorld, runInPrivateWorld } from '../demo/private-world.js';
import { Report } from '../demo/report.js';
import { type DemoOptions, SYSTEM_NAMES, type SystemName, runDemo } from '../demo/run-demo.js';
import type { EncapsulationName } from '../demo/topology.js';
import type { Mode } from '../demo/world.js';
import { OutcomeError, UsageError } from '../exit.js';

const HELP = `
Two hosts and two tenants with the same addresses and the same MACs. Real pings inside each tenant must be answered,
by the right station; tries to reach the other tenant must not be. The hosts are network namespaces with TAP devices, a
veth underlay and one 'overlane switch' each, in a private world that goes with the command, however it ends. That takes
Linux, ip, ping, and root or a user namespace. Where one of these is missing the same topology is built in memory, and
the command says why.

--system dove shows more: three switches, two of which know only the first, carry frames of 9,000 octets in fragments, and a
VM moves from one host to another while it is pinged; at most two pings may be lost.

--system netlord puts two edge and two core switches between the hosts, played by the kernel's own bridges and IP forwarding. The
core switches' tables must hold the edge switches' MACs alone, and when a link between switches is cut during a ping, flows
must move to another VLAN within three chirp periods. It takes bridge and sysctl, too, and nft where the kernel
has no VLAN devices.

With --json the last line on standard output is one object; everything else goes to standard error:

  {"ok":true,"mode":"namespaces","encapsulation":"vxlan","pings":{"expected":18,"answered":18},
   "isolation":{"tried":12,"leaked":0},"capture":"FILE"}`;

/** Adds `overlane demo`. */
export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('show two tenants with the same addresses on one underlay, and prove that they are apart')
    .option('--encapsulation <name>', `one of ${ENCAPSULATION_NAMES.join(', ')}`, 'vxlan')
    .option('--system <name>', `one of ${SYSTEM_NAMES.join(', ')}: its encapsulation, and what else it does`)
    .option('--json', 'end with one line of JSON')
    .option('--capture <file>', "pcap file for the underlay's packets (default: a new one in the temporary folder)")
    .option('--memory', 'build it in memory, without the kernel')
    .addOption(new Option('--inside-private-world').hideHelp())
    .addHelpText('after', HELP)
    .action(runDemoCommand);
}

interface DemoCommandOptions {
  readonly encapsulation: string;
  readonly system?: string;
  readonly json?: true;
  readonly capture?: string;
  readonly memory?: true;
  readonly insidePrivateWorld?: true;
}

async function runDemoCommand(options: DemoCommandOptions): Promise<void> {
  const system = findSystem(options.system);
  const encapsulation = system ?? findEncapsulation(options.encapsulation);
  const captureFile = createCapture(options);
  if (options.insidePrivateWorld === true) {
    const letGo = endWithOuterCommand();
    await show(options, 'namespaces', { system, encapsulation, captureFile }).finally(letGo);
    return;
  }
  const world =
    options.memory === true
      ? { missing: '--memory' }
      : await findPrivateWorld(system === 'netlord' ? FABRIC_TRIAL : '');
  if (world.missing !== undefined) {
    const stream = options.json === true ? process.stderr : process.stdout;
    stream.write(`The topology is built in memory, not from network namespaces: ${world.missing}\n`);
    await show(options, 'memory', { system, encapsulation, captureFile });
    return;
  }
  const args = ['demo', '--capture', captureFile];
  args.push(...(system === undefined ? ['--encapsulation', encapsulation] : ['--system', system]));
  if (options.json === true) args.push('--json');
  const status = await runInPrivateWorld(world.unshare, [...args, '--inside-private-world']);
  if (status > 128) process.stderr.write('overlane: stopped; nothing of the demonstration is left\n');
  process.exitCode = status;
}

async function show({ json }: DemoCommandOptions, mode: Mode, what: Omit<DemoOptions, 'mode'>): Promise<void> {
  const report = new Report(json === true ? process.stderr : process.stdout, () => performance.now());
  const { summary, failures } = await runDemo({ mode, ...what }, report);
  if (json === true) process.stdout.write(`${JSON.stringify(summary)}\n`);
  if (failures.length > 0) throw new OutcomeError(`the demonstration failed:\n  ${failures.join('\n  ')}`);
  const { pings, isolation } = summary;
  report.print(
    '',
    `All as it must: ${pings.answered} of ${pings.expected} pings answered, ${isolation.leaked} of ${isolation.tried} tries leaked.`,
  );
}

function findSystem(name: string | undefined): SystemName | undefined {
  if (name === undefined) return undefined;
  const system = SYSTEM_NAMES.find((known) => known === name);
  if (system === undefined) throw new UsageError(`unknown system '${name}'; known: ${SYSTEM_NAMES.join(', ')}`);
  return system;
}

function findEncapsulation(name: string): EncapsulationName {
  const encapsulation = ENCAPSULATION_NAMES.find((known) => known === name);
  if (encapsulation === undefined)
    throw new UsageError(`unknown encapsulation '${name}'; known: ${ENCAPSULATION_NAMES.join(', ')}`);
  return encapsulation;
}

/** Makes the file now, so that a path that can't be written is told before anything is built. */
function createCapture({ capture }: DemoCommandOptions): string {
  const path = resolve(capture ?? join(tmpdir(), `overlane-demo-${randomBytes(6).toString('hex')}.pcap`));
  try {
    // A file of ours must be new: the temporary folder is everybody's.
    closeSync(openSync(path, capture === undefined ? 'wx' : 'w', 0o644));
  } catch (error) {
    throw new UsageError(`can't write the capture: ${(error as Error).message}`);
  }
  return path;
}
