/** The directory client on UDP sockets: `ClientCore` with a clock, a CSPRNG and one connected socket per server. */
import type { Socket } from 'node:dgram';
import { performance } from 'node:perf_hooks';
import { type ChangeRequest, type LocatorText, parseChange, parseLocator } from '../change-request.js';
import { ClientCore, type ClientLoad } from '../client/client-core.js';
import type { ClientCounters, ClientEvent, Outcome, ResolvedMapping } from '../client/events.js';
import { failureOf } from '../client/events.js';
import type { ClientAuth, ClientSettings } from '../client/options.js';
import { directoryError } from '../errors.js';
import { parseKey } from '../key.js';
import type { MappingKey } from '../model.js';
import { type Change, lengthOf } from '../old1/change.js';
import { CHANGES_MAX, CODE, DATAGRAM_LENGTH_MAX, HEADER_LENGTH, PORT, TAG_LENGTH } from '../old1/constants.js';
import type { ChangeResult } from '../old1/result.js';
import { INFRASTRUCTURE } from '../old1/source.js';
import { bindSocket, connectSocket, parseEndpoint } from './endpoint.js';
import { hmacSha256 } from './hmac-sha256.js';
import { createRandom32 } from './random.js';

/** Settings of a client on sockets. */
export interface DirectoryClientOptions extends ClientSettings {
  /** Lookup servers: `host`, `host:port` or `[IPv6]:port`; the port defaults to 7461. */
  readonly servers: readonly string[];
  /** Keys. Without them the mode is `none`. */
  readonly auth?: Omit<ClientAuth, 'hmac'>;
  /** Where corrections come in, such as `0.0.0.0:7462`. Default: only on the sockets to the servers. */
  readonly control?: string;
  /** Called when a correction replaced a cached entry; `undefined` if the mapping was deleted. */
  readonly onMoved?: (key: MappingKey, mapping: ResolvedMapping | undefined) => void;
  /** Called when the store was restored or rebuilt, and the cache emptied. */
  readonly onEpochChanged?: (epoch: number) => void;
}

/** What to resolve. */
export interface ResolveRequest {
  readonly tenant: number;
  /** The tenant's address to find: IPv4, IPv6 or MAC. */
  readonly aa: string;
  /** The tenant's address that asks. Default: the host itself. */
  readonly source?: string;
  /** Tenant of the source. Default: `tenant`. */
  readonly sourceTenant?: number;
  /** `confirmed` has the server ask the store. Default `cached`. */
  readonly freshness?: 'cached' | 'confirmed';
}

/** A packet that came here for an address that isn't. */
export interface StaleRequest {
  readonly tenant: number;
  readonly aa: string;
  /** Outer source of the packet. */
  readonly source: LocatorText;
  /** Version that this host last knew of the address. Default 0. */
  readonly knownVersion?: number;
}

interface Waiter {
  readonly what: string;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** A directory client. Open one per process; it is cheap to ask and holds one socket per server. */
export class DirectoryClient {
  readonly #core: ClientCore;
  readonly #sockets: readonly Socket[];
  readonly #control: Socket | undefined;
  readonly #options: DirectoryClientOptions;
  readonly #waiters = new Map<number, Waiter>();
  #timer: NodeJS.Timeout | undefined;
  #timerMs = Infinity;
  #isFlushDue = false;
  #sendErrors = 0;

  private constructor(options: DirectoryClientOptions, sockets: readonly Socket[], control: Socket | undefined) {
    const { auth, servers, ...settings } = options;
    this.#options = options;
    this.#sockets = sockets;
    this.#control = control;
    this.#core = new ClientCore({
      ...settings,
      ...(auth === undefined ? {} : { auth: { ...auth, hmac: hmacSha256 } }),
      servers: servers.length,
      random32: createRandom32(),
      unixSeconds: () => Date.now() / 1000,
    });
    sockets.forEach((socket, server) => {
      socket.on('message', (datagram) => {
        this.#core.receive(server, datagram, performance.now());
        this.#carryOut((acknowledgement) => this.#send(socket, acknowledgement));
      });
      socket.on('error', () => this.#sendErrors++);
    });
    control?.on('message', (datagram, { address, port }) => {
      this.#core.receiveControl(datagram, performance.now());
      this.#carryOut((acknowledgement) => control.send(acknowledgement, port, address, () => undefined));
    });
    control?.on('error', () => this.#sendErrors++);
  }

  /** Opens the sockets; asks nobody yet. @throws Error for a name that can't be resolved, RangeError for a bad setting */
  static async open(options: DirectoryClientOptions): Promise<DirectoryClient> {
    const endpoints = options.servers.map((text) => parseEndpoint(text, PORT));
    const opened = await Promise.allSettled([
      ...endpoints.map(connectSocket),
      ...(options.control === undefined ? [] : [bindSocket(parseEndpoint(options.control, PORT + 1))]),
    ]);
    const sockets = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    try {
      const failed = opened.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined;
      if (failed !== undefined) throw failed.reason;
      return new DirectoryClient(options, sockets.slice(0, endpoints.length), sockets[endpoints.length]);
    } catch (error) {
      for (const socket of sockets) socket.close();
      throw error;
    }
  }

  /** What the client has counted. */
  get counters(): Readonly<ClientCounters> {
    return this.#core.counters;
  }

  /** Datagrams that the system refused to send or reported as undeliverable. */
  get sendErrors(): number {
    return this.#sendErrors;
  }

  /** Sizes of what it holds. */
  get load(): ClientLoad {
    return this.#core.load;
  }

  /** Local address of the control port, if there is one. */
  get control(): { readonly host: string; readonly port: number } | undefined {
    const address = this.#control?.address();
    return address === undefined ? undefined : { host: address.address, port: address.port };
  }

  /**
   * Where an address is. With `stale: true` it has expired and no server answers: use it, but don't trust it.
   * @throws NotFoundError, DeniedError, NoServerError, DirectoryError (LIMIT, TENANT_UNKNOWN, CLOSED), CodecError
   */
  async resolve(request: ResolveRequest): Promise<ResolvedMapping> {
    const { tenant, aa, source, sourceTenant = tenant, freshness = 'cached' } = request;
    const asker = source === undefined ? INFRASTRUCTURE : parseKey(sourceTenant, source);
    const outcome = this.#core.resolve(parseKey(tenant, aa), asker, freshness, performance.now());
    return this.#outcome<ResolvedMapping>(outcome, `resolve ${tenant}/${aa}`);
  }

  /** What is cached, at once: `undefined` if nothing, or if there is no such address. */
  peek(tenant: number, aa: string): ResolvedMapping | undefined {
    return this.#core.peek(parseKey(tenant, aa), performance.now());
  }

  /** The same for a key that is already parsed: the data path's way. */
  peekKey(key: MappingKey): ResolvedMapping | undefined {
    return this.#core.peek(key, performance.now());
  }

  /**
   * Makes changes; done once they are committed. They are sent in datagrams of up to 8, and committed one by one.
   * @throws DirectoryError of the first change that was refused, with the `results` of all; DeadlineError; CodecError
   */
  async update(requests: readonly ChangeRequest[]): Promise<ChangeResult[]> {
    const changes = requests.map((request) => parseChange(request, this.#options.auth?.hostId ?? 0));
    const parts = splitChanges(changes).map((part) => {
      const outcome = this.#core.update(part, performance.now());
      return this.#outcome<ChangeResult[]>(outcome, `update of ${part.length} mappings`);
    });
    const results = (await Promise.all(parts)).flat();
    const refused = results.find(({ code }) => code !== CODE.OK);
    if (refused === undefined) return results;
    const { tenant, aa } = requests[results.indexOf(refused)]!;
    throw directoryError(failureOf(refused.code), `update ${tenant}/${aa}`, results);
  }

  /** Tells the directory of a sender that used a stale entry. False if the rate limits held it back. @throws CodecError */
  reportStale({ tenant, aa, source, knownVersion = 0 }: StaleRequest): boolean {
    const use = { key: parseKey(tenant, aa), sender: parseLocator(source), knownVersion };
    const sent = this.#core.reportStale(use, performance.now());
    this.#carryOut();
    return sent;
  }

  /** Closes the sockets; what waits fails with CLOSED. */
  async close(): Promise<void> {
    this.#core.close();
    this.#carryOut();
    clearTimeout(this.#timer);
    const sockets = this.#control === undefined ? this.#sockets : [...this.#sockets, this.#control];
    await Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.close(() => resolve()))));
  }

  async #outcome<T>(outcome: Outcome, what: string): Promise<T> {
    if (outcome.state === 'failed') throw directoryError(outcome.code, what);
    this.#flushLater();
    if (outcome.state === 'resolved') return outcome.mapping as T;
    return new Promise<T>((resolve, reject) => this.#waiters.set(outcome.request, { what, resolve, reject }));
  }

  /** Questions of one turn of the event loop go out together. */
  #flushLater(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.#core.flush(performance.now());
      this.#carryOut();
    });
  }

  #carryOut(acknowledge?: (datagram: Uint8Array) => void): void {
    for (const event of this.#core.takeEvents()) this.#handle(event, acknowledge);
    const nextMs = this.#core.nextTimerMs;
    if (nextMs === this.#timerMs) return;
    clearTimeout(this.#timer);
    this.#timerMs = nextMs;
    if (nextMs === Infinity) return;
    this.#timer = setTimeout(
      () => setImmediate(() => this.#tick()),
      Math.max(0, Math.ceil(nextMs - performance.now())),
    );
  }

  /** Runs behind the sockets of its turn, so that a process that was busy reads what has come before it calls it late. */
  #tick(): void {
    this.#timerMs = Infinity;
    this.#core.tick(performance.now());
    this.#carryOut();
  }

  #handle(event: ClientEvent, acknowledge: ((datagram: Uint8Array) => void) | undefined): void {
    switch (event.type) {
      case 'send':
        return this.#send(this.#sockets[event.server]!, event.datagram);
      case 'acknowledge':
        return acknowledge?.(event.datagram);
      case 'moved':
        return this.#options.onMoved?.(event.key, event.mapping);
      case 'epochChanged':
        return this.#options.onEpochChanged?.(event.epoch);
      default: {
        const waiter = this.#waiters.get(event.request);
        this.#waiters.delete(event.request);
        if (event.type === 'resolved') waiter?.resolve(event.mapping as never);
        else if (event.type === 'updated') waiter?.resolve(event.results as never);
        else waiter?.reject(directoryError(event.code, waiter.what));
      }
    }
  }

  #send(socket: Socket, datagram: Uint8Array): void {
    // What can't be sent is lost, as on any network: the timers deal with it.
    socket.send(datagram, (error) => {
      if (error !== null) this.#sendErrors++;
    });
  }
}

/** Parts of up to 8 changes that fit into a datagram. */
function splitChanges(changes: readonly Change[]): Change[][] {
  const parts: Change[][] = [];
  let left = 0;
  for (const change of changes) {
    const length = lengthOf(change);
    const last = parts.at(-1);
    if (last === undefined || last.length === CHANGES_MAX || left < length) {
      parts.push([change]);
      left = DATAGRAM_LENGTH_MAX - HEADER_LENGTH - TAG_LENGTH - length;
    } else {
      last.push(change);
      left -= length;
    }
  }
  return parts;
}
