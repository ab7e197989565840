import { Argument, type Command } from 'commander';
import { formatDirectoryReport } from '../bench/directory/directory-report.js';
import { PART_NAMES, type PartName } from '../bench/directory/figures.js';
import { MeasuringBar } from './measuring-bar.js';

const HELP = `
Lookup servers as users start them, on an embedded store and on three members of etcd, under the load of a generator in C in
a process of its own: lookups and durable updates a second with their delays, memory, cold load, and how long until an update
is seen at all servers. A row is void if the machine's time went to others, or the generator was short of CPU.

It needs Linux and gcc; etcd for the rows that name it. On Debian: apt-get install gcc etcd-server

The exit status says that it ran, not that targets were met: those are in the report.`;

/** Adds `overlane bench directory`. */
export function addBenchDirectoryCommand(bench: Command): void {
  bench
    .command('directory')
    .description('lookups and updates of the directory, its memory, and how fast it loads and follows')
    .addArgument(new Argument('[part]', 'what to measure; without it, all').choices([...PART_NAMES]))
    .option('--json', 'print one JSON object instead of tables')
    .option('--quick', 'less than a minute and few mappings, to see that it runs; the figures mean little')
    .addHelpText('after', HELP)
    .action(runBenchDirectory);
}

interface BenchDirectoryOptions {
  readonly json?: true;
  readonly quick?: true;
}

async function runBenchDirectory(
  part: PartName | undefined,
  _options: BenchDirectoryOptions,
  command: Command,
): Promise<void> {
  // Options that `bench` has as well are parsed there.
  const { json, quick } = command.optsWithGlobals<BenchDirectoryOptions>();
  // Stores and clients are loaded only here, for no other bench needs them.
  const { FULL_DIRECTORY, QUICK_DIRECTORY, runDirectory } = await import('../bench/directory/run-directory.js');
  const bar = new MeasuringBar();
  if (!process.stderr.isTTY) process.stderr.write('overlane: measuring; takes up to five minutes\n');
  try {
    const parts = part === undefined ? PART_NAMES : [part];
    const report = await runDirectory(parts, quick === true ? QUICK_DIRECTORY : FULL_DIRECTORY, bar.progress);
    bar.stop();
    process.stdout.write(json === true ? `${JSON.stringify(report)}\n` : formatDirectoryReport(report));
  } finally {
    bar.stop();
  }
}
