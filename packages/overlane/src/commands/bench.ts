import { Argument, type Command } from 'commander';
import { formatReport } from '../bench/report.js';
import { FULL_EFFORT, QUICK_EFFORT, runBench } from '../bench/run.js';
import { SUITES } from '../bench/suites.js';
import { addBenchDirectoryCommand } from './bench-directory.js';
import { addBenchIoCommand } from './bench-io.js';
import { MeasuringBar } from './measuring-bar.js';

const HELP = `
Each operation runs alone in a process of its own, over 1,024 different inputs; its rounds alternate with those of the
same work done by baselines of ours and by other projects. A second figure (mixed) comes from one process that runs all.

Peers take part where they are installed; on Debian:
  apt-get install golang-go golang-github-google-gopacket-dev python3-scapy gcc pkg-config libdpdk-dev
Open vSwitch's classifier and CutSplit are built from their sources: docs/peers.md.

The exit status says that it ran, not that targets were met: those are in the report.`;

/** Adds `overlane bench`. */
export function addBenchCommand(program: Command): void {
  const bench = program
    .command('bench')
    .description('measure time and garbage per operation, beside other projects')
    .addArgument(new Argument('[suite]', 'what to measure; without it, all').choices(SUITES.map(({ name }) => name)))
    .option('--json', 'print one JSON object instead of tables')
    .option('--quick', 'a few seconds, to see that it runs; the figures mean little')
    .addHelpText('after', HELP)
    .action(runBenchCommand);
  addBenchIoCommand(bench);
  addBenchDirectoryCommand(bench);
}

interface BenchCommandOptions {
  readonly json?: true;
  readonly quick?: true;
}

async function runBenchCommand(suiteName: string | undefined, options: BenchCommandOptions): Promise<void> {
  const suites = SUITES.filter(({ name }) => suiteName === undefined || name === suiteName);
  const effort = options.quick === true ? QUICK_EFFORT : FULL_EFFORT;
  const bar = new MeasuringBar();
  if (!process.stderr.isTTY)
    process.stderr.write('overlane: measuring; a suite takes up to a minute, that of the classifier about six\n');
  try {
    const report = await runBench(suites, effort, bar.progress);
    bar.stop();
    process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : formatReport(report));
  } finally {
    bar.stop();
  }
}
