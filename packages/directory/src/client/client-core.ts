/**
 * The directory client without sockets: calls, datagrams and time go in, events come out. So the same client runs on UDP, in
 * a simulator, and in tests that lose, double and reorder what they like.
 *
 *     const client = new ClientCore({ servers: 3, random32, unixSeconds });
 *     client.resolve(key, source, 'cached', nowMs);   // at once, or pending
 *     client.flush(nowMs);                            // questions of one turn share a datagram
 *     for (const event of client.takeEvents()) ...    // send, resolved, failed, ...
 *     client.receive(server, datagram, nowMs);        // what came from the socket connected to that server
 *     client.tick(nowMs);                             // at nextTimerMs
 *
 * Times are milliseconds of any clock that does not go back. Memory is bounded by `maxEntries` and `maxRequests`.
 */
import type { MappingKey } from '../model.js';
import { viewName, EpochGuard, askingTenantOf, type ClientContext } from './context.js';
import type { Change } from '../old1/change.js';
import { TENANT_MAX, TYPE } from '../old1/constants.js';
import * as message from '../old1/message.js';
import { Corrections, type StaleUse } from './corrections.js';
import { ClientEnvelope } from './envelope.js';
import { ClientCounters, type ClientEvent, type Outcome, type ResolvedMapping } from './events.js';
import { Lookups } from './lookups.js';
import { MappingCache } from './mapping-cache.js';
import { type ClientOptions, type FullSettings, fillSettings } from './options.js';
import { Outstanding } from './outstanding.js';
import { type ProbeAttempt, sendProbes } from './probes.js';
import type { Freshness, LookupAttempt } from './query.js';
import { ServerPool } from './server-pool.js';
import { TimerQueue } from './timer-queue.js';
import { type UpdateAttempt, Updates } from './updates.js';

/** Sizes of what a client holds, for metrics and to prove its bounds. */
export interface ClientLoad {
  readonly entries: number;
  readonly queries: number;
  readonly outstanding: number;
  readonly timers: number;
  readonly healthyServers: number;
}

/** One client. Not shared between threads. */
export class ClientCore {
  /** What it has counted. */
  readonly counters = new ClientCounters();
  readonly #settings: FullSettings;
  readonly #context: ClientContext;
  readonly #lookups: Lookups;
  readonly #updates: Updates;
  readonly #corrections: Corrections;
  #events: ClientEvent[] = [];
  #lastRequest = 0;
  #closed = false;

  /** A client of `options.servers` servers. @throws RangeError for a setting that makes no sense */
  constructor(options: ClientOptions) {
    this.#settings = fillSettings(options);
    const { random32 } = options;
    const cache = new MappingCache({ ...this.#settings, random32, onEvicted: () => this.counters.evictions++ });
    this.#context = {
      settings: this.#settings,
      envelope: new ClientEnvelope(options.auth, options.unixSeconds),
      pool: new ServerPool(options.servers, random32),
      cache,
      timers: new TimerQueue(),
      outstanding: new Outstanding(random32),
      counters: this.counters,
      epoch: new EpochGuard((epoch) => this.#onEpoch(epoch)),
      emit: (event) => this.#events.push(event),
    };
    this.#lookups = new Lookups(this.#context);
    this.#updates = new Updates(this.#context);
    this.#corrections = new Corrections(this.#context, this.#lookups);
  }

  /** When `tick` is due next, in ms; Infinity if nothing waits. */
  get nextTimerMs(): number {
    if (this.#closed) return Infinity;
    return this.#context.pool.servers.reduce(
      (next, { healthy, probeAtMs }) => (healthy ? next : Math.min(next, probeAtMs)),
      this.#context.timers.nextMs,
    );
  }

  /** Sizes of what it holds. */
  get load(): ClientLoad {
    return {
      entries: this.#context.cache.size,
      queries: this.#lookups.inFlight,
      outstanding: this.#context.outstanding.size,
      timers: this.#context.timers.size,
      healthyServers: this.#context.pool.servers.filter(({ healthy }) => healthy).length,
    };
  }

  /**
   * Where is `key`, as seen by `source`? From the cache at once, or by a query; `confirmed` passes by the cache and has the
   * server ask the store. Send the question with `flush` at the end of the turn.
   */
  resolve(key: MappingKey, source: MappingKey, freshness: Freshness, nowMs: number): Outcome {
    if (this.#closed) return { state: 'failed', code: 'CLOSED' };
    if (!this.#isAllowed(key.tenant) || !this.#isAllowed(source.tenant))
      return { state: 'failed', code: 'TENANT_UNKNOWN' };
    if (!this.#corrections.noteAsker(askingTenantOf(source, key), key)) return { state: 'failed', code: 'LIMIT' };
    return this.#lookups.resolve(key, source, freshness, ++this.#lastRequest, nowMs);
  }

  /** What is cached for `key` in its own tenant, be it expired; `undefined` if nothing or "there is none". No side effects. */
  peek(key: MappingKey, nowMs: number): ResolvedMapping | undefined {
    const entry = this.#context.cache.peek(viewName(key, key.tenant));
    if (entry?.mapping === undefined || nowMs >= entry.freshUntilMs + this.#settings.maxStaleMs) return undefined;
    return nowMs < entry.freshUntilMs ? entry.mapping : { ...entry.mapping, stale: true };
  }

  /** Makes 1..8 changes, each committed or refused on its own. @throws CodecError if they can't be encoded */
  update(changes: readonly Change[], nowMs: number): Outcome {
    if (this.#closed) return { state: 'failed', code: 'CLOSED' };
    if (changes.some(({ key }) => !this.#isAllowed(key.tenant))) return { state: 'failed', code: 'TENANT_UNKNOWN' };
    if (this.#updates.waiting >= this.#settings.maxRequests) return { state: 'failed', code: 'LIMIT' };
    const request = ++this.#lastRequest;
    this.#updates.begin(changes, request, nowMs);
    return { state: 'pending', request };
  }

  /** Reports a sender that used a stale entry. False if the rate limits held it back. @throws CodecError as `update` */
  reportStale(use: StaleUse, nowMs: number): boolean {
    return !this.#closed && this.#corrections.report(use, nowMs);
  }

  /** Sends the questions raised since the last time. */
  flush(nowMs: number): void {
    this.#lookups.flush(nowMs);
  }

  /** Takes a datagram from the socket that is connected to `server`. Hostile octets are counted and dropped. */
  receive(server: number, datagram: Uint8Array, nowMs: number): void {
    const value = this.#open(datagram);
    if (value === undefined) return;
    if (value.type === TYPE.CORRECT) this.#corrections.onCorrect(value, nowMs);
    else this.#onReply(server, value, nowMs);
    this.#lookups.flush(nowMs);
  }

  /** Takes a datagram from the control port, where servers send corrections. Acknowledge to where it came from. */
  receiveControl(datagram: Uint8Array, nowMs: number): void {
    const value = this.#open(datagram);
    if (value?.type === TYPE.CORRECT) this.#corrections.onCorrect(value, nowMs);
    else if (value !== undefined) this.counters.unexpected++;
  }

  /** Does what is due. */
  tick(nowMs: number): void {
    if (this.#closed) return;
    this.#context.timers.run(nowMs);
    sendProbes(this.#context, nowMs);
    this.#lookups.flush(nowMs);
  }

  /** The events since the last time, in their order; the caller owns them. */
  takeEvents(): ClientEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /** Fails what waits with CLOSED, and takes no more. */
  close(): void {
    this.#closed = true;
    this.#lookups.close();
    this.#updates.close();
  }

  #open(datagram: Uint8Array): message.Message | undefined {
    if (this.#closed) return undefined;
    if (message.check(datagram) !== undefined) this.counters.malformed++;
    else if (!this.#context.envelope.isGenuine(datagram)) this.counters.unauthenticated++;
    else return message.decode(datagram);
    return undefined;
  }

  #onReply(server: number, value: message.Message, nowMs: number): void {
    const awaited = this.#context.outstanding.find(value.txidHi, value.txidLo, server);
    if (awaited?.kind === 'lookup' && value.type === TYPE.LOOKUP_REPLY) {
      const isCurrent = this.#context.epoch.note(value.stamp);
      this.#lookups.onReply(awaited as LookupAttempt, value, isCurrent, nowMs);
    } else if (awaited?.kind === 'lookup' && value.type === TYPE.CHALLENGE) {
      this.#lookups.onChallenge(awaited as LookupAttempt, value, nowMs);
    } else if (awaited?.kind === 'update' && value.type === TYPE.UPDATE_REPLY) {
      this.#updates.onReply(awaited as UpdateAttempt, server, value, nowMs);
    } else if (awaited?.kind === 'probe' && value.type === TYPE.PONG) {
      const { server: state, sentMs } = awaited as ProbeAttempt;
      this.#context.outstanding.remove(awaited);
      state.answered(nowMs - sentMs);
      this.#context.epoch.note(value.state.stamp);
    } else this.counters.unexpected++;
  }

  #onEpoch(epoch: number): void {
    this.#context.cache.clear();
    this.#lookups.forgetHeld();
    this.#events.push({ type: 'epochChanged', epoch });
  }

  #isAllowed(tenant: number): boolean {
    return tenant <= TENANT_MAX || this.#settings.wideTenant;
  }
}
