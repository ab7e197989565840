import type { Database, RootDatabase, Transaction } from 'lmdb';
import type { StoreEntry } from './backend.js';
import { StoreError } from './errors.js';
import { syncDirectory } from './lmdb-file.js';
import { decodeEntry, decodeLogRecord, encodeU64, type LogRecord } from './lmdb-records.js';
import { prefixEnd } from './octets.js';

type Table = Database<Buffer, Buffer>;

/** How many tables there are, and a few to spare. */
const TABLES_MAX = 8;
const FORMAT = 1;
const FIRST_KEY = Buffer.of(0);
const EMPTY = Buffer.alloc(0);

/** Names in table `meta`. */
const META = {
  format: Buffer.from('format'),
  revision: Buffer.from('revision'),
  compacted: Buffer.from('compacted'),
  epoch: Buffer.from('epoch'),
} as const;
const WRITER = Buffer.from('writer');

/** Revisions that the file knows of. */
export interface Revisions {
  /** Of the last writing transaction; 1n in a new store. */
  readonly present: bigint;
  /** Up to here the log is gone. */
  readonly compacted: bigint;
}

/** What a commit changes. */
export interface Changes {
  /** Entries to write, as records, or to remove. */
  readonly entries: ReadonlyMap<Buffer, Buffer | undefined>;
  readonly log: readonly { readonly revision: bigint; readonly record: Buffer }[];
  /** Keys of leases: lease u64 | key, and whether they are there. */
  readonly leased: ReadonlyMap<Buffer, boolean>;
  readonly revision: bigint;
  /** The log up to here goes. */
  readonly compact?: { readonly from: bigint; readonly to: bigint };
  readonly epoch?: number;
}

/** An LMDB environment with the four tables of a store, and a fence against a second writer. */
export class LmdbTables {
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #kv: Table;
  readonly #log: Table;
  readonly #meta: Table;
  readonly #lease: Table;
  readonly #fence: Table;
  readonly #token: number;
  readonly #directory: string;

  private constructor(directory: string, root: RootDatabase<Buffer, Buffer>, token: number) {
    const table = (name: string): Table => root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' });
    this.#directory = directory;
    this.#root = root;
    this.#token = token;
    this.#kv = table('kv');
    this.#log = table('log');
    this.#meta = table('meta');
    this.#lease = table('lease');
    this.#fence = root.openDB({ name: 'fence', encoding: 'binary', keyEncoding: 'binary', useVersions: true });
  }

  /**
   * Opens or makes the file in `directory`, which must be there, and shuts out whoever wrote to it before. `token` is a
   * number that no other writer has; `epoch` is for a new file.
   */
  static async open(directory: string, token: number, epoch: number): Promise<LmdbTables> {
    const { open } = await import('lmdb');
    // Without overlapping flushes a commit is on the disk before any reader sees it: nothing seen can be lost.
    const root = open<Buffer, Buffer>({
      path: directory,
      noSubdir: false,
      maxDbs: TABLES_MAX,
      encoding: 'binary',
      keyEncoding: 'binary',
      overlappingSync: false,
      // One commit is under way at a time, and lmdb drops the failures of the batches that it makes itself.
      eventTurnBatching: false,
    });
    const tables = new LmdbTables(directory, root, token);
    try {
      await tables.#start(epoch);
    } catch (error) {
      await root.close();
      throw error;
    }
    return tables;
  }

  /** Runs `read` on one snapshot of all tables. Views of what it reads are its own. */
  snapshot<T>(read: (snapshot: Snapshot) => T): T {
    this.#root.resetReadTxn();
    const transaction = this.#root.useReadTransaction();
    try {
      return read(new Snapshot(this.#kv, this.#log, this.#meta, this.#lease, transaction));
    } finally {
      transaction.done();
    }
  }

  /** Applies `changes` wholly or not at all. Resolves when they are on the disk. */
  async commit(changes: Changes): Promise<void> {
    const done = this.#fence.ifVersion(WRITER, this.#token, () => this.#write(changes));
    if (!(await done)) {
      throw new StoreError(
        'E_STORE_LOCKED',
        this.#directory,
        'another process has taken this store over; stop one of them',
      );
    }
    await this.#root.flushed;
  }

  /** Closes the file; commits under way are waited for. */
  async close(): Promise<void> {
    await this.#root.close();
  }

  #write(changes: Changes): void {
    const written = new Handled();
    for (const [key, record] of changes.entries) {
      written.add(record === undefined ? this.#kv.remove(key) : this.#kv.put(key, record));
    }
    for (const { revision, record } of changes.log) written.add(this.#log.put(encodeU64(revision), record));
    for (const [key, present] of changes.leased) {
      written.add(present ? this.#lease.put(key, EMPTY) : this.#lease.remove(key));
    }
    written.add(this.#meta.put(META.revision, encodeU64(changes.revision)));
    if (changes.epoch !== undefined) written.add(this.#meta.put(META.epoch, encodeU64(BigInt(changes.epoch))));
    if (changes.compact === undefined) return;
    const { from, to } = changes.compact;
    for (let revision = from; revision <= to; revision++) written.add(this.#log.remove(encodeU64(revision)));
    written.add(this.#meta.put(META.compacted, encodeU64(to)));
  }

  async #start(epoch: number): Promise<void> {
    const format = this.#meta.get(META.format);
    if (format !== undefined && format.readBigUInt64BE() !== BigInt(FORMAT)) {
      throw new StoreError(
        'E_STORE_UNSUPPORTED',
        this.#directory,
        `the file has format ${format.readBigUInt64BE()}, this version knows ${FORMAT}`,
      );
    }
    await this.#root.transaction(() => {
      if (format === undefined) {
        void this.#meta.put(META.format, encodeU64(BigInt(FORMAT)));
        void this.#meta.put(META.revision, encodeU64(1n));
        void this.#meta.put(META.compacted, encodeU64(0n));
        void this.#meta.put(META.epoch, encodeU64(BigInt(epoch)));
      }
      void this.#fence.put(WRITER, EMPTY, this.#token);
    });
    await this.#root.flushed;
    syncDirectory(this.#directory);
  }
}

/** One state of all tables. Valid only inside {@link LmdbTables.snapshot}. */
export class Snapshot {
  readonly #kv: Table;
  readonly #log: Table;
  readonly #meta: Table;
  readonly #lease: Table;
  readonly #options: { readonly transaction: Transaction };

  constructor(kv: Table, log: Table, meta: Table, lease: Table, transaction: Transaction) {
    this.#kv = kv;
    this.#log = log;
    this.#meta = meta;
    this.#lease = lease;
    this.#options = { transaction };
  }

  /** Present and compacted revision. */
  revisions(): Revisions {
    return { present: this.#number(META.revision), compacted: this.#number(META.compacted) };
  }

  /** Epoch of the store. */
  epoch(): number {
    return Number(this.#number(META.epoch));
  }

  /** The entry of `key`. */
  get(key: Buffer): StoreEntry | undefined {
    const record = this.#kv.get(key, this.#options);
    return record === undefined ? undefined : decodeEntry(key, record);
  }

  /** Entries from key `start` on that have `prefix`, at most `limit`. */
  *range(prefix: Buffer, start: Buffer, limit: number): Generator<StoreEntry> {
    for (const { key, value } of this.#kv.getRange({ ...this.#options, ...bounds(prefix, start), limit })) {
      yield decodeEntry(key, value);
    }
  }

  /** How many entries have `prefix`. */
  count(prefix: Buffer): number {
    return this.#kv.getKeysCount({ ...this.#options, ...bounds(prefix, prefix) });
  }

  /** Records of the log from revision `from` to `to`, in order. */
  *log(from: bigint, to: bigint): Generator<LogRecord> {
    const range = { start: encodeU64(from), end: encodeU64(to + 1n) };
    for (const { key, value } of this.#log.getRange({ ...this.#options, ...range })) {
      yield decodeLogRecord(key.readBigUInt64BE(), value);
    }
  }

  /** When `revision`, which the log must have, was written. The first revision of a store has no record to forget: never. */
  timeMs(revision: bigint): number {
    return this.#log.get(encodeU64(revision), this.#options)?.readDoubleBE(0) ?? Infinity;
  }

  /** Keys that live by `lease`, or by any lease. */
  leasedKeys(lease?: bigint): Buffer[] {
    const prefix = lease === undefined ? EMPTY : encodeU64(lease);
    const keys = this.#lease.getKeys({ ...this.#options, ...bounds(prefix, prefix) });
    return [...keys].map((key) => Buffer.from(key.subarray(8)));
  }

  #number(name: Buffer): bigint {
    return this.#meta.get(name, this.#options)!.readBigUInt64BE();
  }
}

/** Promises of single writes, whose failures the commit reports. lmdb gives the same one again and again. */
class Handled {
  #last: Promise<unknown> | undefined;

  add(promise: Promise<unknown>): void {
    if (promise === this.#last) return;
    this.#last = promise;
    promise.catch(() => undefined);
  }
}

function bounds(prefix: Buffer, start: Buffer): { start: Buffer; end?: Buffer } {
  const end = prefixEnd(prefix);
  return { start: start.length === 0 ? FIRST_KEY : start, ...(end === undefined ? {} : { end }) };
}
