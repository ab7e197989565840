import { type AuthMode, PORT } from '@overlane/directory';
import { PolicyError, type RunningServer, startLookupServer } from '@overlane/directory-server';
import { type Command, Option } from 'commander';
import { pino } from 'pino';
import { OutcomeError, UsageError } from '../../exit.js';
import { type Endpoint, endpointOption, formatEndpoint, isLoopback } from './endpoints.js';
import { readOrMakeKeys } from './keys.js';
import { readPolicy } from './policy-file.js';
import { openStore } from './stores.js';

const HELP = `
--store lmdb:DIR keeps the mappings on this machine, durably, in a folder that is made if needed; one server may use it.
--store etcd:HOST:PORT[,HOST:PORT...] keeps them in an etcd cluster, which any number of servers may use.

Without --auth it is 'none' on loopback and 'mutual' elsewhere. Modes 'reply' and 'mutual' need --keys: a file with the
master key, made if it is not there. Clients that show the same file act as the controller, who may change everything.

It prints a line of JSON when it listens, one when all mappings are loaded, and one when it stops (SIGINT or SIGTERM, after
the updates under way); it logs JSON lines to standard error. --metrics serves /metrics (Prometheus) and /ready by HTTP.

--policy FILE says who may ask about whom beyond the own tenant:
  { "peerings": [[7, 9]], "groups": { "db": [{ "tenant": 7, "address": "10.1.2.3" }] }, "deny": [["default", "db"]] }`;

/** Adds `overlane directory serve`. */
export function addServeCommand(directory: Command): void {
  directory
    .command('serve')
    .description('run a lookup server until it is stopped')
    .requiredOption('--store <url>', 'where the mappings are: lmdb:DIR, or etcd:HOST:PORT,...')
    .option('--listen <host:port>', 'UDP address to answer on', endpointOption(PORT), { host: '127.0.0.1', port: PORT })
    .addOption(new Option('--auth <mode>', 'which messages need a tag').choices(['none', 'reply', 'mutual']))
    .option('--keys <file>', 'file with the master key')
    .option('--policy <file>', 'who may ask about whom, JSON')
    .option('--metrics <host:port>', 'serve /metrics and /ready here', endpointOption(9461))
    .option('--trust-hosts', 'hosts that prove who they are may ask about all tenants in their own name')
    .option('--wide-tenant', 'allow tenants above 2^24-1')
    .option('--insecure', 'allow --auth none beyond loopback: everybody can change everything')
    .option('--log-level <level>', 'trace, debug, info, warn, error or silent', 'info')
    .addHelpText('after', HELP)
    .action(serve);
}

interface ServeOptions {
  readonly store: string;
  readonly listen: Endpoint;
  readonly auth?: AuthMode;
  readonly keys?: string;
  readonly policy?: string;
  readonly metrics?: Endpoint;
  readonly trustHosts?: true;
  readonly wideTenant?: true;
  readonly insecure?: true;
  readonly logLevel: string;
}

async function serve(options: ServeOptions): Promise<void> {
  const mode = options.auth ?? (isLoopback(options.listen) ? 'none' : 'mutual');
  if (mode === 'none' && !isLoopback(options.listen) && options.insecure === undefined) {
    throw new UsageError(
      '--auth none beyond loopback lets everybody change everything; say --insecure if that is meant',
    );
  }
  const masters = mode === 'none' ? undefined : mastersOf(options, mode);
  const policy = options.policy === undefined ? {} : readPolicy(options.policy);
  const log = pino({ level: logLevel(options.logLevel) }, pino.destination({ fd: 2, sync: true }));
  if (masters?.isNew === true) log.info({ file: options.keys }, 'a master key was made; keep it secret');
  const store = await openStore(options.store);
  let running: RunningServer;
  try {
    running = await startLookupServer({
      store,
      host: options.listen.host,
      port: options.listen.port,
      mode,
      ...(masters && { masters: masters.keys }),
      ...(options.insecure && { insecure: 'none beyond loopback' }),
      policy,
      settings: { trustHosts: options.trustHosts === true, wideTenant: options.wideTenant === true },
      ...(options.metrics && { metrics: options.metrics }),
      log,
    });
  } catch (error) {
    await store.close();
    if (error instanceof PolicyError) throw new UsageError(`the policy: ${error.message}`);
    throw new OutcomeError((error as Error).message);
  }
  const { server } = running;
  const print = (event: string, more: object): void =>
    void process.stdout.write(`${JSON.stringify({ event, ...more })}\n`);
  const listen = formatEndpoint({ host: options.listen.host, port: running.port });
  const metrics = options.metrics && formatEndpoint({ host: options.metrics.host, port: running.metricsPort! });
  const stopped = untilSignal();
  print('listening', { listen, store: options.store, auth: mode, ...(metrics && { metrics }) });
  void running.ready.then(() => print('ready', { listen, mappings: server.table.size, ...server.stamp }));
  log.info({ signal: await stopped }, 'stopping');
  await running.drain();
  await store.close();
  const { questions, changes } = server.counters;
  print('stopped', { questions, changes, mappings: server.table.size });
}

function mastersOf({ keys }: ServeOptions, mode: AuthMode): ReturnType<typeof readOrMakeKeys> {
  if (keys === undefined) throw new UsageError(`--auth ${mode} needs --keys FILE; it is made if it is not there`);
  return readOrMakeKeys(keys);
}

function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
}

function logLevel(level: string): string {
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
  if (!levels.includes(level)) throw new UsageError(`--log-level must be one of ${levels.join(', ')}, got '${level}'`);
  return level;
}
