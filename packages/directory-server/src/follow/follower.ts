/**
 * Keeps a table equal to the store: lists everything at one revision, watches from the next, and every half minute checks
 * that nothing was missed, because watches have lost events (etcd-io/etcd#18089, #19179).
 *
 * All three write through the table's rule that versions only grow, so they may overlap, repeat and overtake each other.
 */
import { CompactedError, type StoreBackend, type StoreEntry, type StoreEvent } from '@overlane/store';
import { type Clock, sleep } from '../clock.js';
import { KEY_BLOCK_LENGTH, NO_RECORD } from '../table/key-index.js';
import type { MappingTable } from '../table/mapping-table.js';
import type { FollowerEvent, FollowerTimes } from './follower-types.js';
import { MAPPING_PREFIX, checkStoreEntry, checkStoreKey, readStoreKey } from './store-layout.js';

/** What a follower works with. */
export interface FollowerParts {
  readonly store: StoreBackend;
  readonly table: MappingTable;
  readonly clock: Clock;
  /** Uniform in 0..1. */
  readonly random: () => number;
  readonly times: FollowerTimes;
  readonly tell: (event: FollowerEvent) => void;
}

/** Entries that are applied before others get their turn. */
const SLICE = 256;
const RETRY_MS = 100;
const RETRY_MAX_MS = 5_000;
/** Tries to see an equal number of mappings on both sides before everything is compared. */
const COUNT_TRIES = 3;
const COUNT_AGAIN_MS = 1_000;
const SCANS = 255;

/** The follower. `run` works until it is stopped. */
export class Follower {
  readonly #parts: FollowerParts;
  readonly #block = new Uint8Array(KEY_BLOCK_LENGTH);
  readonly #stop = new AbortController();
  #watchEnd = new AbortController();
  #last: Promise<unknown> = Promise.resolve();
  #epoch: number | undefined;
  #revision = 0;
  #isSynced = false;
  #heardMs: number;
  #scan = 0;
  #lastScanMs = 0;

  /** A follower that has not begun. */
  constructor(parts: FollowerParts) {
    this.#parts = parts;
    this.#heardMs = parts.clock.monotonicMs();
  }

  /** False until the table has been whole once in this epoch. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Generation of the store, 0 before it is known. */
  get epoch(): number {
    return this.#epoch ?? 0;
  }

  /** Revision up to which the table shows the store. */
  get revision(): number {
    return this.#revision;
  }

  /** Milliseconds since the store was last heard of. */
  silenceMs(nowMs: number): number {
    return nowMs - this.#heardMs;
  }

  /** Follows until `stop`. Never rejects. */
  async run(): Promise<void> {
    const { clock, tell, random } = this.#parts;
    const checks = this.#checkNowAndThen();
    for (let failures = 0; !this.#stop.signal.aborted;) {
      try {
        await this.#alone(() => this.#load());
        failures = 0;
        await this.#watch();
      } catch (error) {
        if (this.#stop.signal.aborted) break;
        if (CompactedError.is(error)) tell({ event: 'relist', reason: error.message });
        else {
          tell({ event: 'unavailable', reason: (error as Error).message });
          const delayMs = Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** failures++);
          await sleep(clock, delayMs * (0.5 + random()), this.#stop.signal);
        }
      }
    }
    await checks;
  }

  /** Ends `run`. */
  stop(): void {
    this.#stop.abort();
    this.#watchEnd.abort();
  }

  /**
   * Takes an entry that was read or written outside of the watch, so that it is known at once; `undefined` for a key that
   * was absent at `revision`. Ignored unless it was asked for in the present epoch.
   */
  learn(
    epoch: number,
    key: Uint8Array,
    entry: Pick<StoreEntry, 'value' | 'modRevision'> | undefined,
    revision: bigint,
  ): void {
    if (epoch !== this.#epoch) return;
    if (entry !== undefined) this.#put(key, entry.value, Number(entry.modRevision));
    else this.#remove(key, Number(revision));
  }

  /** One after the other: two comparisons at once would take each other's marks for missing entries. */
  #alone<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#last.then(task);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** A new generation makes all that is known void. */
  async #refreshEpoch(): Promise<void> {
    const { epoch } = await this.#parts.store.stamp();
    this.#hear();
    if (this.#epoch === epoch) return;
    const isFirst = this.#epoch === undefined;
    this.#epoch = epoch;
    if (isFirst) return;
    this.#parts.table.clear();
    this.#isSynced = false;
    this.#revision = 0;
    this.#parts.tell({ event: 'newEpoch', epoch });
  }

  async #load(): Promise<void> {
    const { clock, table, tell } = this.#parts;
    await this.#refreshEpoch();
    const beganMs = clock.monotonicMs();
    const isFirst = !this.#isSynced;
    const { repaired } = await this.#compare();
    this.#isSynced = true;
    if (isFirst) {
      const tookMs = clock.monotonicMs() - beganMs;
      tell({ event: 'synced', mappings: table.size, revision: this.#revision, tookMs });
    } else if (repaired > 0) tell({ event: 'repaired', count: repaired });
  }

  /** Lists everything at one revision and mends what differs. */
  async #compare(): Promise<{ readonly repaired: number }> {
    const { store, table, clock } = this.#parts;
    const scan = (this.#scan = (this.#scan % SCANS) + 1);
    let revision = 0;
    let repaired = 0;
    for await (const page of store.list(MAPPING_PREFIX)) {
      this.#hear();
      revision = Number(page.revision);
      for (const [i, { key, value, modRevision }] of page.entries.entries()) {
        if (this.#put(key, value, Number(modRevision))) repaired++;
        if (checkStoreKey(key) === undefined) {
          readStoreKey(key, this.#block);
          const record = table.find(this.#block, 0);
          if (record !== NO_RECORD) table.mark(record, scan);
        }
        if (i % SLICE === SLICE - 1) await clock.yield();
      }
      if (this.#stop.signal.aborted) throw new Error('stopped');
    }
    let looked = 0;
    for (const record of table.records()) {
      if (table.isLive(record) && table.markOf(record) !== scan && table.versionOf(record) <= revision) {
        table.remove(table.chunkOf(record), table.offsetOf(record), revision, this.#holdUntilS());
        repaired++;
      }
      if (++looked % SLICE === 0) await clock.yield();
    }
    this.#revision = Math.max(this.#revision, revision);
    this.#lastScanMs = clock.monotonicMs();
    return { repaired };
  }

  async #watch(): Promise<void> {
    this.#watchEnd = new AbortController();
    if (this.#stop.signal.aborted) return;
    const { signal } = this.#watchEnd;
    const from = BigInt(this.#revision + 1);
    for await (const { revision, events } of this.#parts.store.watch(MAPPING_PREFIX, from, { signal })) {
      this.#hear();
      for (const [i, event] of events.entries()) {
        this.#apply(event);
        if (i % SLICE === SLICE - 1) await this.#parts.clock.yield();
      }
      this.#revision = Math.max(this.#revision, Number(revision));
      if (events.length > 0) this.#parts.tell({ event: 'applied', count: events.length });
      if (signal.aborted) return;
    }
  }

  async #checkNowAndThen(): Promise<void> {
    const { clock, random, times, tell } = this.#parts;
    const { signal } = this.#stop;
    for (;;) {
      await sleep(clock, times.antiEntropyMs * (0.9 + 0.2 * random()), signal);
      if (signal.aborted) return;
      if (!this.#isSynced) continue;
      try {
        const reason = await this.#alone(() => this.#check());
        if (reason === undefined) continue;
        tell({ event: 'relist', reason });
        this.#watchEnd.abort();
      } catch (error) {
        if (!signal.aborted) tell({ event: 'unavailable', reason: (error as Error).message });
      }
    }
  }

  /** One check. Returns why the watch should begin anew, if it should. */
  async #check(): Promise<string | undefined> {
    const { store, table, clock, times, tell } = this.#parts;
    const { epoch } = await store.stamp();
    this.#hear();
    if (epoch !== this.#epoch) return 'the store has a new epoch';
    const isDue = clock.monotonicMs() - this.#lastScanMs >= times.fullScanMs;
    if (!isDue && table.size > times.scanEachTime && (await this.#hasEqualCount())) return undefined;
    const { repaired } = await this.#compare();
    if (repaired === 0) return undefined;
    tell({ event: 'repaired', count: repaired });
    return 'the watch had lost events';
  }

  /** Whether both sides have as many mappings. While they change, one look may see two different moments. */
  async #hasEqualCount(): Promise<boolean> {
    const { store, table, clock } = this.#parts;
    for (let i = 0; i < COUNT_TRIES; i++) {
      const { count } = await store.count(MAPPING_PREFIX);
      if (count === table.size) return true;
      await sleep(clock, COUNT_AGAIN_MS, this.#stop.signal);
    }
    return false;
  }

  #apply(event: StoreEvent): void {
    if (event.type === 'put') this.#put(event.key, event.value, Number(event.modRevision));
    else this.#remove(event.key, Number(event.modRevision));
  }

  /** True if that was news. */
  #put(key: Uint8Array, value: Uint8Array, version: number): boolean {
    const fault = checkStoreEntry(key, value);
    if (fault !== undefined) {
      this.#parts.tell({ event: 'badEntry', fault });
      return false;
    }
    const applied = this.#parts.table.put(value, 0, version);
    if (applied === 'full') this.#parts.tell({ event: 'tableFull' });
    return applied === 'applied';
  }

  #remove(key: Uint8Array, version: number): void {
    if (checkStoreKey(key) !== undefined) return this.#parts.tell({ event: 'badEntry', fault: 'E_STORE_KEY' });
    readStoreKey(key, this.#block);
    const applied = this.#parts.table.remove(this.#block, 0, version, this.#holdUntilS());
    if (applied === 'full') this.#parts.tell({ event: 'tableFull' });
  }

  #holdUntilS(): number {
    return Math.ceil((this.#parts.clock.monotonicMs() + this.#parts.times.tombstoneHoldMs) / 1000);
  }

  #hear(): void {
    this.#heardMs = this.#parts.clock.monotonicMs();
  }
}
