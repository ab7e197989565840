/**
 * A lookup server without a socket: datagrams in, datagrams out, a store, a clock and random bits as arguments. It answers
 * from memory alone; the store is asked for updates, for lookups that want to be sure, and to stay equal to it.
 */
import { CODE, DATAGRAM_LENGTH_MAX, FLAG, QUESTION_FLAG, TYPE, header, message, question } from '@overlane/directory';
import type { StoreEntry } from '@overlane/store';
import { LoadShedder } from '../admit/load-shedder.js';
import { Policy } from '../admit/policy.js';
import { TokenBuckets } from '../admit/token-buckets.js';
import { sleep } from '../clock.js';
import { Follower } from '../follow/follower.js';
import { storeKeyOf } from '../follow/store-layout.js';
import { Answerer, type HostId } from '../lookup/answer-lookup.js';
import { Counters } from '../lookup/counters.js';
import { Gate } from '../lookup/gate.js';
import { MappingTable } from '../table/mapping-table.js';
import { CONTROLLER } from '../update/hosts.js';
import { Challenger } from './challenger.js';
import type { Peer, ServerEvent, ServerParts } from './options.js';
import { writeBadVersion, writePong, writeRefusal } from './replies.js';
import { StaleReports } from './stale-reports.js';
import { UpdateDriver } from './update-driver.js';

const TICK_MS = 100;
/** Places of the table that each tick looks at for tombstones to free. */
const SWEEP_PER_TICK = 4096;

/** The server. Call `run`, give it datagrams, and `stop` it. */
export class LookupServer {
  /** What it has counted. */
  readonly counters = new Counters();
  /** All mappings. */
  readonly table: MappingTable;
  readonly #parts: ServerParts;
  readonly #follower: Follower;
  readonly #gate: Gate;
  readonly #answerer: Answerer;
  readonly #updates: UpdateDriver;
  readonly #reports: StaleReports;
  readonly #challenger: Challenger;
  readonly #freshRate: TokenBuckets;
  readonly #shedder: LoadShedder;
  readonly #out = new Uint8Array(DATAGRAM_LENGTH_MAX);
  readonly #stop = new AbortController();
  #isDraining = false;
  #load = 0;

  /** A server that has not begun. @throws PolicyError, RangeError for settings that can't be */
  constructor(parts: ServerParts) {
    this.#parts = parts;
    const { settings, store, clock, random32, mode } = parts;
    const seed = [random32() | 0, random32() | 0] as const;
    const { counters } = this;
    this.table = new MappingTable({ seed, maxMappings: settings.maxMappings });
    this.#follower = new Follower({
      store,
      table: this.table,
      clock,
      random: () => random32() / 2 ** 32,
      times: settings.follower,
      tell: (event) => this.#tell(event),
    });
    this.#gate = new Gate(parts);
    this.#answerer = new Answerer({
      table: this.table,
      policy: new Policy(parts.policy, seed),
      progress: this.#follower,
      counters,
      attest: mode === 'mutual',
      trustHosts: settings.trustHosts,
    });
    const shared = { ...parts, table: this.table, follower: this.#follower, counters, gate: this.#gate };
    this.#updates = new UpdateDriver(shared, (event) => this.#tell(event));
    this.#reports = new StaleReports(
      shared,
      (keys) => this.#confirm(keys),
      (event) => this.#tell(event),
    );
    this.#challenger = new Challenger(shared);
    this.#freshRate = new TokenBuckets({ perSecond: settings.freshRate });
    this.#shedder = new LoadShedder(settings.shedAfterMs);
  }

  /** True once everything is loaded and until it is drained: worth to be asked. */
  get isReady(): boolean {
    return this.#follower.isSynced && !this.#isDraining;
  }

  /** Generation and revision of the store that the table shows. */
  get stamp(): { readonly epoch: number; readonly revision: number } {
    return { epoch: this.#follower.epoch, revision: this.#follower.revision };
  }

  /** Milliseconds since the store was last heard of. */
  get lagMs(): number {
    return this.#follower.silenceMs(this.#parts.clock.monotonicMs());
  }

  /** Updates that are not over. */
  get pendingUpdates(): number {
    return this.#updates.length;
  }

  /** Tells how busy the process is, in permille; PONG says so. */
  set loadPermille(load: number) {
    this.#load = load;
  }

  /** Works until `stop`. Never rejects. */
  async run(): Promise<void> {
    const { clock } = this.#parts;
    const all = [this.#follower.run(), this.#updates.run()];
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await sleep(clock, TICK_MS, signal);
      this.#updates.pump();
      this.table.sweep(Math.floor(clock.monotonicMs() / 1000), SWEEP_PER_TICK);
    }
    await Promise.all(all);
  }

  /**
   * Takes no more updates, says so to those who ask whether it is ready, and resolves when all that came before are over, or
   * after `deadlineMs`.
   */
  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    const { clock } = this.#parts;
    const untilMs = clock.monotonicMs() + deadlineMs;
    while (this.#updates.length > 0 && clock.monotonicMs() < untilMs) await sleep(clock, 5, this.#stop.signal);
    this.#tell({ event: 'drained' });
  }

  /** Ends `run`. Updates under way are not waited for: `drain` first. */
  stop(): void {
    this.#stop.abort();
    this.#follower.stop();
    this.#updates.stop();
    this.#reports.stop();
  }

  /** True if datagrams seem to wait in the socket: time to count them, and call `measureQueue`. */
  get isQueueStanding(): boolean {
    return this.#shedder.isStanding;
  }

  /** Tells that `waiting` datagrams are in the queue of the socket, some times a second; 0 if it is not standing. */
  measureQueue(waiting: number): void {
    this.#shedder.measure(waiting, this.#parts.clock.monotonicMs());
  }

  /** The datagrams of one turn of the event loop have all been given to `receive`. */
  endTurn(): void {
    this.#shedder.endTurn();
  }

  /** Takes the datagram `bytes[0..end)`, which stays the caller's; replies are sent before this returns, or later. */
  receive(bytes: Uint8Array, end: number, peer: Peer): void {
    const { clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    const isLate = this.#shedder.read();
    this.counters.datagrams++;
    const fault = message.check(bytes, 0, end);
    if (fault !== undefined) {
      this.counters.fault(fault);
      if (fault === 'E_OLD_BAD_VERSION') this.#refuseVersion(bytes, end, peer);
      return;
    }
    const type = header.readType(bytes, 0);
    if (isLate && type === TYPE.LOOKUP) {
      this.counters.shed++;
      return;
    }
    const admission = this.#gate.admit(bytes, end);
    if (admission === 'E_OLD_UNAUTHENTICATED') return this.counters.fault(admission);
    const hostId = this.#gate.hostOf(bytes, admission);
    switch (type) {
      case TYPE.LOOKUP:
        return this.#lookup(bytes, end, peer, hostId, nowMs);
      case TYPE.PING:
        return this.#send(this.#out, writePong(this.#out, bytes, this.#state(), clock.unixS()), peer);
      case TYPE.UPDATE:
        if (this.#isDraining) return this.#send(this.#out, this.#refusal(bytes, CODE.OVERLOADED), peer);
        return this.#updates.receive(bytes, end, peer, hostId ?? CONTROLLER);
      case TYPE.STALE_REPORT:
        return this.#reports.receive(bytes, end, hostId);
      case TYPE.CORRECT_ACK:
        return this.#reports.acknowledge(bytes, hostId);
      default:
        return this.counters.fault('E_OLD_UNEXPECTED_TYPE');
    }
  }

  #lookup(bytes: Uint8Array, end: number, peer: Peer, hostId: HostId, nowMs: number): void {
    const { settings, mode } = this.#parts;
    if (hostId === undefined && mode !== 'none' && this.#challenger.challenges(bytes, end, peer, nowMs)) return;
    // Without authentication nobody is told apart, so in a lab all share one rate.
    const isTrusted = hostId !== undefined || mode === 'none';
    if (isTrusted && wantsFresh(bytes)) {
      if (settings.freshRate > 0 && this.#freshRate.take(hostId ?? 0, nowMs)) {
        void this.#answerFresh(bytes.slice(0, end), peer, hostId);
      } else this.#send(this.#out, this.#refusal(bytes, CODE.OVERLOADED), peer);
      return;
    }
    this.#answer(bytes, end, peer, hostId);
  }

  #answer(bytes: Uint8Array, end: number, peer: Peer, hostId: HostId): void {
    const isSealed = (header.readFlags(bytes, 0) & FLAG.AUTH) !== 0;
    const unixS = this.#parts.clock.unixS();
    const length = this.#answerer.answer(bytes, end, this.#out, hostId, isSealed, this.#flags(), unixS);
    if (length > 0) this.#send(this.#out, length, peer);
  }

  async #answerFresh(bytes: Uint8Array, peer: Peer, hostId: HostId): Promise<void> {
    this.counters.fresh++;
    const keys = Array.from({ length: header.readCount(bytes, 0) }, (_, i) =>
      storeKeyOf(bytes, message.QUESTIONS_OFFSET + i * question.LENGTH),
    );
    if (await this.#confirm(keys)) this.#answer(bytes, bytes.length, peer, hostId);
    else this.#send(this.#out, this.#refusal(bytes, CODE.STORE_UNAVAILABLE), peer);
  }

  /** Reads keys from the store and learns what it has. False if the store does not answer. */
  async #confirm(keys: readonly Uint8Array[]): Promise<boolean> {
    const { epoch } = this.#follower;
    const distinct = [...new Map(keys.map((key) => [String.fromCharCode(...key), key])).values()];
    try {
      const ops = distinct.map((key) => ({ type: 'get' as const, key }));
      const { results, revision } = await this.#parts.store.txn({ compares: [], ops });
      results.forEach((result, i) => {
        const entry: StoreEntry | undefined = result.type === 'get' ? result.entry : undefined;
        this.#follower.learn(epoch, distinct[i]!, entry, revision);
      });
      return true;
    } catch {
      this.counters.storeFailures++;
      return false;
    }
  }

  #refusal(request: Uint8Array, code: number): number {
    return writeRefusal(this.#out, request, code, this.stamp, this.#flags(), this.#parts.clock.unixS());
  }

  #refuseVersion(bytes: Uint8Array, end: number, peer: Peer): void {
    const length = writeBadVersion(this.#out, bytes, end, this.#gate, this.stamp, this.#parts.clock.unixS());
    if (length > 0) this.#send(this.#out, length, peer);
  }

  /** `length` is that without the tag. */
  #send(bytes: Uint8Array, length: number, peer: Peer): void {
    this.#parts.send(bytes, this.#gate.seal(bytes, length), peer);
  }

  #flags(): number {
    const stale = this.lagMs > this.#parts.settings.maxLagMs ? FLAG.STALE : 0;
    return this.#follower.isSynced ? stale : stale | FLAG.SYNCING;
  }

  #state(): { stamp: LookupServer['stamp']; flags: number; lagMs: number; loadPermille: number } {
    return { stamp: this.stamp, flags: this.#flags(), lagMs: this.lagMs, loadPermille: this.#load };
  }

  #tell(event: ServerEvent): void {
    if (event.event === 'repaired') this.counters.repairs += event.count;
    if (event.event === 'relist') this.counters.relists++;
    if (event.event === 'unavailable') this.counters.storeFailures++;
    if (event.event === 'badEntry') this.counters.fault(event.fault);
    if (event.event === 'ownerAlarm') this.counters.ownerAlarms++;
    this.#parts.tell(event);
  }
}

function wantsFresh(bytes: Uint8Array): boolean {
  const count = header.readCount(bytes, 0);
  for (let i = 0; i < count; i++) {
    const flags = question.readFlags(bytes, message.QUESTIONS_OFFSET + i * question.LENGTH);
    if ((flags & QUESTION_FLAG.FRESH) !== 0) return true;
  }
  return false;
}
