import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { formatIoReport } from '../bench/io/io-report.js';
import { drawPlot, loadPlotter } from '../bench/io/plot.js';
import { FULL_IO, QUICK_IO, runIo } from '../bench/io/run-io.js';
import { endWithOuterCommand, findPrivateWorld, runInPrivateWorld } from '../demo/private-world.js';
import { OutcomeError, UsageError } from '../exit.js';
import { MeasuringBar } from './measuring-bar.js';

const HELP = `
Two stations in network namespaces, and between them: nothing but a veth pair; a switch of ours; two of them with each
encapsulation, with offloads and without; the kernel's bridges and vxlan; Open vSwitch's userspace datapath. Each round
builds all of them, one after the other. All of it stands in a private world that goes with the command.

It needs Linux, root or a user namespace, ip, ping and iperf3; ethtool and openvswitch-switch for the rows that name them;
the npm package echarts for --plot. On Debian: apt-get install iproute2 iputils-ping iperf3 ethtool openvswitch-switch

The exit status says that it ran, not that targets were met: those are in the report.`;

/** Adds `overlane bench io`. */
export function addBenchIoCommand(bench: Command): void {
  bench
    .command('io')
    .description(
      'throughput, CPU, delay and garbage of switches on real interfaces, beside the kernel and Open vSwitch',
    )
    .option('--json', 'print one JSON object instead of tables')
    .option('--quick', 'less than a minute and few rows, to see that it runs; the figures mean little')
    .option('--plot <file>', 'draw the throughput of all rows, as SVG')
    .addOption(new Option('--inside-private-world').hideHelp())
    .addHelpText('after', HELP)
    .action(runBenchIoCommand);
}

interface BenchIoOptions {
  readonly json?: true;
  readonly quick?: true;
  readonly plot?: string;
  readonly insidePrivateWorld?: true;
}

async function runBenchIoCommand(_options: BenchIoOptions, command: Command): Promise<void> {
  // Options that `bench` has as well are parsed there.
  const options = command.optsWithGlobals<BenchIoOptions>();
  if (options.insidePrivateWorld === true) {
    const letGo = endWithOuterCommand();
    await measure(options).finally(letGo);
    return;
  }
  if (options.plot !== undefined) {
    await loadPlotter();
    createPlot(options.plot);
  }
  const world = await findPrivateWorld();
  if (world.missing !== undefined) throw new OutcomeError(`bench io needs a private world: ${world.missing}`);
  if (!process.stderr.isTTY) {
    process.stderr.write(
      `overlane: measuring; takes ${options.quick === true ? 'less than a minute' : 'about ten minutes'}\n`,
    );
  }
  const args = ['bench', 'io', '--inside-private-world'];
  if (options.json === true) args.push('--json');
  if (options.quick === true) args.push('--quick');
  if (options.plot !== undefined) args.push('--plot', resolve(options.plot));
  const status = await runInPrivateWorld(world.unshare, args);
  if (status > 128) process.stderr.write('overlane: stopped; nothing of the bench is left\n');
  process.exitCode = status;
}

async function measure({ json, quick, plot }: BenchIoOptions): Promise<void> {
  const bar = new MeasuringBar();
  try {
    const report = await runIo(quick === true ? QUICK_IO : FULL_IO, bar.progress);
    bar.stop();
    process.stdout.write(json === true ? `${JSON.stringify(report)}\n` : formatIoReport(report));
    if (plot !== undefined) writeFileSync(plot, drawPlot(await loadPlotter(), report));
  } finally {
    bar.stop();
  }
}

/** Makes the file before anything is measured, so that a path that can't be written is told at once. */
function createPlot(path: string): void {
  try {
    writeFileSync(path, '');
  } catch (error) {
    throw new UsageError(`can't write the plot: ${(error as Error).message}`);
  }
}
