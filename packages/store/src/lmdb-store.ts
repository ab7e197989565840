import { randomBytes, randomInt } from 'node:crypto';
import { resolve as resolvePath } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Lease, StoreBackend, StoreCapabilities, StoreEntry, StoreStamp, StoreTxn, TxnResult } from './backend.js';
import type { ListOptions, StorePage, WatchBatch, WatchOptions } from './backend.js';
import { DirectoryLock } from './directory-lock.js';
import { StoreError } from './errors.js';
import type { Batch } from './lmdb-batch.js';
import { LmdbCompactor } from './lmdb-compactor.js';
import { LmdbListing } from './lmdb-listing.js';
import { openError, requireDirectory, requireSoundFile } from './lmdb-file.js';
import { LmdbTables } from './lmdb-tables.js';
import { LmdbWatch } from './lmdb-watch.js';
import { LmdbWriter } from './lmdb-writer.js';
import { type CheckedTxn, checkKey, checkLeaseSeconds, checkPageSize, checkPrefix } from './requests.js';
import { checkRevision, checkTxn } from './requests.js';
import { Waker } from './waker.js';

const OPS_MAX = 1024;
const TOKEN_MAX = 2 ** 47;
/** Entries of a page. Ten times as many cost no fewer milliseconds each, but leave 85 MB of garbage, which the process keeps. */
const PAGE_SIZE = 1000;
/** A watch without events says at least this often how far it is. */
const PROGRESS_MS = 1000;

/** How to open an embedded store. */
export interface LmdbStoreOptions {
  /** Directory for its files, which must exist; on a local disk, not a network file system. One process may have it open. */
  readonly directory: string;
  /** Revisions that watches and listings can go back, 1..10,000,000. Default 1,000,000. */
  readonly keepRevisions?: number;
  /** How long they can go back at most, in seconds. Default 3,600. */
  readonly keepSeconds?: number;
  /** The clock, in Unix milliseconds. Default `Date.now`. It dates revisions, for `keepSeconds`, and new epochs. */
  readonly nowMs?: () => number;
}

/**
 * Opens the store in `directory`, or makes it there; a new one has the clock's Unix seconds as epoch, so one that is rebuilt is
 * newer than what it replaces. Keys of leases that the last process left behind are deleted.
 *
 * @throws StoreError E_STORE_NO_DIRECTORY, E_STORE_NO_PERMISSION, E_STORE_LOCKED, E_STORE_DISK_FULL, E_STORE_CORRUPT,
 * E_STORE_UNSUPPORTED, E_STORE_BAD_REQUEST
 */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<StoreBackend> {
  const directory = resolvePath(options.directory);
  const { keepRevisions = 1_000_000, keepSeconds = 3600, nowMs = Date.now } = options;
  requireRange(directory, 'keepRevisions', keepRevisions, 10_000_000);
  requireRange(directory, 'keepSeconds', keepSeconds, 86_400 * 365);
  requireDirectory(directory);
  const lock = await DirectoryLock.take(directory);
  try {
    const epoch = Math.floor(nowMs() / 1000);
    requireSoundFile(directory);
    const tables = await LmdbTables.open(directory, randomInt(1, TOKEN_MAX), epoch);
    const retention = { revisions: BigInt(keepRevisions), timeMs: keepSeconds * 1000 };
    const store = new LmdbStore(directory, tables, lock, retention, nowMs);
    await store.start();
    return store;
  } catch (error) {
    lock.release();
    throw openError(directory, error);
  }
}

class LmdbStore implements StoreBackend {
  readonly capabilities: StoreCapabilities = { distributed: false, watch: 'push', maxTxnOps: OPS_MAX };
  readonly #subject: string;
  readonly #tables: LmdbTables;
  readonly #lock: DirectoryLock;
  readonly #writer: LmdbWriter;
  readonly #compactor: LmdbCompactor;
  readonly #nowMs: () => number;
  readonly #commits = new Waker();
  readonly #leases = new Map<bigint, LmdbLease>();
  #closing: Promise<void> | undefined;

  constructor(
    subject: string,
    tables: LmdbTables,
    lock: DirectoryLock,
    retention: { revisions: bigint; timeMs: number },
    nowMs: () => number,
  ) {
    this.#subject = subject;
    this.#tables = tables;
    this.#lock = lock;
    this.#nowMs = nowMs;
    this.#writer = new LmdbWriter(subject, tables, nowMs, (revision) => {
      this.#commits.wake();
      this.#compactor.onCommit(revision);
    });
    this.#compactor = new LmdbCompactor(tables, this.#writer, retention, nowMs);
  }

  /** Deletes the keys of all leases, whose holders cannot be alive, and what of the log has become too old. */
  async start(): Promise<void> {
    await this.#writer.submit(0, (batch) => deleteAll(batch, batch.leasedKeys()));
    this.#compactor.run();
  }

  async get(key: Uint8Array): Promise<StoreEntry | undefined> {
    const wanted = checkKey(this.#subject, key);
    this.#requireOpen();
    return this.#tables.snapshot((snapshot) => snapshot.get(wanted));
  }

  list(prefix: Uint8Array, { atRevision, pageSize = PAGE_SIZE }: ListOptions = {}): AsyncIterable<StorePage> {
    if (atRevision !== undefined) checkRevision(this.#subject, 'atRevision', atRevision);
    const size = checkPageSize(this.#subject, pageSize);
    const copy = checkPrefix(this.#subject, prefix);
    return this.#pages(new LmdbListing(this.#subject, this.#tables, copy, size, atRevision));
  }

  async count(prefix: Uint8Array): Promise<{ count: number; revision: bigint }> {
    const copy = checkPrefix(this.#subject, prefix);
    this.#requireOpen();
    return this.#tables.snapshot((snapshot) => ({
      count: snapshot.count(copy),
      revision: snapshot.revisions().present,
    }));
  }

  async txn(transaction: StoreTxn): Promise<TxnResult> {
    const checked = checkTxn(this.#subject, transaction, OPS_MAX);
    return this.#writer.submit(checked.length, (batch) => this.#run(batch, checked));
  }

  watch(prefix: Uint8Array, fromRevision: bigint, { signal }: WatchOptions = {}): AsyncIterable<WatchBatch> {
    checkRevision(this.#subject, 'fromRevision', fromRevision);
    const copy = checkPrefix(this.#subject, prefix);
    return this.#batches(new LmdbWatch(this.#subject, this.#tables, copy, fromRevision), signal);
  }

  async lease(ttlSeconds: number): Promise<Lease> {
    checkLeaseSeconds(this.#subject, ttlSeconds);
    this.#requireOpen();
    const id = (randomBytes(8).readBigUInt64BE() >> 2n) + 1n;
    const lease = new LmdbLease(id, ttlSeconds, () => this.#endLease(id));
    this.#leases.set(id, lease);
    return lease;
  }

  async stamp(): Promise<StoreStamp> {
    this.#requireOpen();
    return this.#tables.snapshot((snapshot) => ({ epoch: snapshot.epoch(), revision: snapshot.revisions().present }));
  }

  async advanceEpoch(): Promise<StoreStamp> {
    const seconds = Math.floor(this.#nowMs() / 1000);
    return this.#writer.submit(0, (batch) => ({ epoch: batch.advanceEpoch(seconds), revision: batch.revision }));
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #close(): Promise<void> {
    this.#compactor.stop();
    await Promise.allSettled([...this.#leases.values()].map((lease) => lease.revoke()));
    await this.#writer.close();
    for (const lease of this.#leases.values()) lease.lose();
    this.#commits.wake();
    await this.#tables.close();
    this.#lock.release();
  }

  #run(batch: Batch, transaction: CheckedTxn): TxnResult {
    const { succeeded, ops } = batch.choose(transaction);
    for (const op of ops) {
      if (op.type !== 'put' || op.lease === undefined || this.#leases.has(op.lease)) continue;
      throw new StoreError('E_STORE_LEASE_NOT_FOUND', this.#subject, `lease ${op.lease} has ended, or never was`);
    }
    return { succeeded, ...batch.run(ops) };
  }

  async #endLease(id: bigint): Promise<void> {
    const lease = this.#leases.get(id);
    if (lease === undefined) return;
    try {
      await this.#writer.submit(0, (batch) => {
        this.#leases.delete(id);
        deleteAll(batch, batch.leasedKeys(id));
      });
    } catch (error) {
      this.#leases.set(id, lease);
      throw error;
    }
    lease.lose();
  }

  async *#pages(listing: LmdbListing): AsyncGenerator<StorePage> {
    for (let last = false; !last;) {
      await turn();
      this.#requireOpen();
      const read = listing.page();
      yield read.page;
      last = read.last;
    }
  }

  async *#batches(watch: LmdbWatch, signal: AbortSignal | undefined): AsyncGenerator<WatchBatch> {
    this.#requireOpen();
    let silent: { batch: WatchBatch; dueMs: number } | undefined;
    while (!signal?.aborted && this.#closing === undefined) {
      const batch = watch.read();
      if (batch !== undefined) await turn();
      if (batch !== undefined && batch.events.length > 0) {
        silent = undefined;
        yield batch;
      } else if (batch !== undefined) {
        silent = { batch, dueMs: silent?.dueMs ?? performance.now() + PROGRESS_MS };
      } else if (silent !== undefined && performance.now() >= silent.dueMs) {
        yield silent.batch;
        silent = undefined;
      } else {
        await this.#commits.sleep(signal, silent && silent.dueMs - performance.now());
      }
    }
  }

  #requireOpen(): void {
    if (this.#closing !== undefined) throw new StoreError('E_STORE_CLOSED', this.#subject, 'the store is closed');
  }
}

/** Alive as long as the store is open: nobody but this process could see it end any other way. */
class LmdbLease implements Lease {
  readonly id: bigint;
  readonly ttlSeconds: number;
  readonly #end: () => Promise<void>;
  readonly #lost = new AbortController();

  constructor(id: bigint, ttlSeconds: number, end: () => Promise<void>) {
    this.id = id;
    this.ttlSeconds = ttlSeconds;
    this.#end = end;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  revoke(): Promise<void> {
    return this.#end();
  }

  /** Says that it has ended. */
  lose(): void {
    this.#lost.abort();
  }
}

function deleteAll(batch: Batch, keys: readonly Buffer[]): void {
  batch.run(keys.map((key) => ({ type: 'delete', key })));
}

function requireRange(subject: string, option: string, value: number, maximum: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= maximum) return;
  throw new StoreError('E_STORE_BAD_REQUEST', subject, `${option} must be an integer in 1..${maximum}, got ${value}`);
}
