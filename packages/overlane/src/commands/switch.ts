import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import type { SwitchConfigFile } from '@overlane/switch';
import { type SwitchError, startSwitch } from '@overlane/switch/runtime';
import type { Command } from 'commander';
import { pino } from 'pino';
import { OutcomeError, UsageError } from '../exit.js';

const HELP = `
The configuration is JSON; --print-schema shows every field, its default and its range. A small one:

  {
    "underlay": { "address": "192.0.2.1" },
    "networks": [{ "network": 5001, "peers": ["192.0.2.2"] }],
    "ports": [{ "name": "tap1", "network": 5001 }]
  }

It logs JSON lines to standard error. On standard output it prints a line when the devices are there, and one of counters when
it stops (SIGINT or SIGTERM) and on SIGUSR1. It needs Linux and CAP_NET_ADMIN + CAP_NET_RAW: root, or a user namespace (unshare -Urn).`;

/** Adds `overlane switch`. */
export function addSwitchCommand(program: Command): void {
  program
    .command('switch')
    .description('run one switch on real interfaces until it is stopped')
    .option('--config <file>', 'its configuration, JSON')
    .option('--print-schema', 'print the JSON Schema of the configuration, and end')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent', 'info')
    .addHelpText('after', HELP)
    .action(runSwitch);
}

interface SwitchCommandOptions {
  readonly config?: string;
  readonly printSchema?: true;
  readonly logLevel: string;
}

async function runSwitch(options: SwitchCommandOptions): Promise<void> {
  if (options.printSchema === true) {
    const { formatSwitchSchema } = await import('./switch-schema.js');
    process.stdout.write(formatSwitchSchema());
    return;
  }
  if (options.config === undefined) throw new UsageError('switch needs --config FILE (or --print-schema)');
  const path = options.config;
  // V8 collects a thread that idles three times, some seconds after it started: concurrent marking that would take a core
  // from the packets, to give back a few MB of start-up. It needs incremental marking for that, which nothing else here
  // does: the thread that forwards leaves no garbage, and this one's heap is marked at once in a few milliseconds.
  setFlagsFromString('--no-incremental-marking');
  const level = logLevel(options.logLevel);
  const running = await startSwitch(readConfig(path)).catch((error: SwitchError) => {
    if (error.code === 'E_CONFIG') throw new UsageError(`${path}: ${error.message}`);
    throw new OutcomeError(`${error.message} [${error.code}]`);
  });
  const { config, devices } = running;
  const log = pino({ level, base: { switch: config.name } }, pino.destination({ fd: 2, sync: true }));
  log.info({ devices, underlay: config.underlay.address }, 'ready');
  const print = (event: string, snapshot: unknown): void => {
    process.stdout.write(`${JSON.stringify({ event, ...(snapshot as object) })}\n`);
  };
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal }, 'stopping');
    void running.stop();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  // A switch that is ending prints its last counters in any case.
  process.on(
    'SIGUSR1',
    () =>
      void running.snapshot().then(
        (snapshot) => print('counters', snapshot),
        () => undefined,
      ),
  );
  print('ready', { devices });
  print('stopped', await running.ended);
}

/** What a file says, which the switch checks. */
function readConfig(path: string): SwitchConfigFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`can't read the configuration: ${(error as Error).message}`);
  }
  try {
    return JSON.parse(text) as SwitchConfigFile;
  } catch (error) {
    throw new UsageError(`${path} is not JSON: ${(error as Error).message}`);
  }
}

function logLevel(level: string): string {
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
  if (!levels.includes(level)) throw new UsageError(`--log-level must be one of ${levels.join(', ')}, got '${level}'`);
  return level;
}
