/** Runs a lookup server for the command line. */
import type { AuthMode } from '@overlane/directory';
import { PolicyError, type RunningServer, startLookupServer } from '@overlane/directory-server';
import { pino } from 'pino';
import { OutcomeError, UsageError } from '../../exit.js';
import { type Endpoint, formatEndpoint, isLoopback } from './endpoints.js';
import { readOrMakeKeys } from './keys.js';
import { readPolicy } from './policy-file.js';
import { type EtcdFiles, openStore } from './stores.js';

/** Options of `overlane directory serve`. */
export interface ServeOptions extends EtcdFiles {
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

/** Serves until a signal comes. @throws UsageError, OutcomeError */
export async function serve(options: ServeOptions): Promise<void> {
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
  const store = await openStore(options.store, options);
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
