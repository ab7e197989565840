/** A lookup server on real sockets. */
import { type AuthMode, KeyRing } from '@overlane/directory';
import { createRandom32, hmacSha256 } from '@overlane/directory/node';
import type { StoreBackend } from '@overlane/store';
import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import { type Logger, pino } from 'pino';
import type { PolicyRules } from '../admit/policy.js';
import { systemClock } from '../clock.js';
import { LookupServer } from '../server/lookup-server.js';
import { SERVER_SETTINGS, type ServerSettings } from '../server/options.js';
import { createEventLog } from './event-log.js';
import { createMetrics } from './metrics.js';
import { MetricsServer } from './metrics-server.js';
import { countWaiting } from './socket-backlog.js';
import { UdpPort } from './udp-port.js';

/** How to start a lookup server. */
export interface StartOptions {
  /** Where the mappings are. Stays the caller's, who closes it after the server. */
  readonly store: StoreBackend;
  /** IP address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** UDP port; 0 takes a free one. Default 7461. */
  readonly port?: number;
  /** Which messages need a tag. Default `mutual`; `none` is refused beyond loopback unless `insecure` is given. */
  readonly mode?: AuthMode;
  /** Master keys by key epoch: one, or two while keys are changed. Needed in modes `reply` and `mutual`. */
  readonly masters?: ReadonlyMap<number, Uint8Array>;
  /** `'none beyond loopback'`: lets everybody who can send a datagram read and write everything. */
  readonly insecure?: 'none beyond loopback';
  /** Who may ask about whom. Default: each tenant about itself. */
  readonly policy?: PolicyRules;
  /** Settings that differ from the defaults. */
  readonly settings?: Partial<ServerSettings>;
  /** Where `/metrics` and `/ready` are served. Default: nowhere. */
  readonly metrics?: { readonly host: string; readonly port: number };
  /** Default: silent. */
  readonly log?: Logger;
}

/** A server at work. */
export interface RunningServer {
  /** UDP port. */
  readonly port: number;
  /** TCP port of `/metrics` and `/ready`. */
  readonly metricsPort: number | undefined;
  /** The server itself: counters, table, readiness. */
  readonly server: LookupServer;
  /** Resolves once all mappings are loaded, or the server is closed. */
  readonly ready: Promise<void>;
  /** Says that it is not ready, finishes updates, and closes. Answers lookups to the end. */
  drain(deadlineMs?: number): Promise<void>;
  /** Closes at once. Idempotent. */
  close(): Promise<void>;
}

const PORT = 7461;
const DRAIN_MS = 5000;
const CLOSE_MS = 2000;
const READY_POLL_MS = 10;
const LOAD_EVERY_MS = 1000;
const QUEUE_EVERY_MS = 50;

/**
 * Starts a lookup server. It loads in the background: see `ready`.
 * @throws RangeError for options that can't be; PolicyError; Error as the sockets say
 */
export async function startLookupServer(options: StartOptions): Promise<RunningServer> {
  const { store, host = '127.0.0.1', port = PORT, mode = 'mutual', masters, policy = {}, settings = {} } = options;
  requireAddress(host);
  if (mode === 'none' && !isLoopback(host) && options.insecure === undefined) {
    throw new RangeError(`mode 'none' on ${host} lets everybody change everything; it is for loopback`);
  }
  if (mode !== 'none' && (masters === undefined || masters.size === 0)) {
    throw new RangeError(`mode '${mode}' needs a master key`);
  }
  const log = options.log ?? pino({ level: 'silent' });
  const server = new LookupServer({
    store,
    clock: systemClock,
    random32: createRandom32(),
    hmac: hmacSha256,
    mode,
    keys: mode === 'none' ? undefined : new KeyRing({ hmac: hmacSha256, masters: masters! }),
    keyEpoch: Math.max(0, ...(masters?.keys() ?? [])),
    policy,
    settings: { ...SERVER_SETTINGS, ...settings },
    send: (bytes, end, to) => udp.send(bytes, end, to),
    tell: createEventLog(log, () => performance.now()),
  });
  const udp: UdpPort = await UdpPort.open(host, port, {
    receive: (bytes, end, from) => server.receive(bytes, end, from),
    endTurn: () => server.endTurn(),
  });
  let metrics: MetricsServer | undefined;
  try {
    if (options.metrics !== undefined) {
      const registry = createMetrics(server, () => udp.unsent);
      metrics = await MetricsServer.open(options.metrics.host, options.metrics.port, registry, () => server.isReady);
    }
  } catch (error) {
    await udp.close();
    throw error;
  }
  const ran = server.run();
  const stopLoad = reportLoad(server);
  const stopQueue = watchQueue(server, udp.port, isIP(host) === 6 ? 6 : 4);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    stopLoad();
    stopQueue();
    server.stop();
    await Promise.all([udp.close(), metrics?.close()]);
    // A store that does not answer must not keep the process.
    await Promise.race([ran, new Promise((resolve) => setTimeout(resolve, CLOSE_MS).unref())]);
  };
  const closeOnce = (): Promise<void> => (closing ??= close());
  return {
    port: udp.port,
    metricsPort: metrics?.port,
    server,
    ready: untilReady(server, ran),
    close: closeOnce,
    drain: async (deadlineMs = DRAIN_MS) => {
      await server.drain(deadlineMs);
      await closeOnce();
    },
  };
}

/** Tells the server how busy its process is. */
function reportLoad(server: LookupServer): () => void {
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    server.loadPermille = 1000 * performance.eventLoopUtilization(now, before).utilization;
    before = now;
  }, LOAD_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Has the server know how long datagrams wait in its socket. */
function watchQueue(server: LookupServer, port: number, family: 4 | 6): () => void {
  const timer = setInterval(() => {
    server.measureQueue(server.isQueueStanding ? countWaiting(port, family) : 0);
  }, QUEUE_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function untilReady(server: LookupServer, ran: Promise<void>): Promise<void> {
  let isOver = false;
  void ran.then(() => (isOver = true));
  while (!server.isReady && !isOver) await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
}

function requireAddress(host: string): void {
  if (isIP(host) === 0) throw new RangeError(`'${host}' is no IP address`);
}

function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.');
}
