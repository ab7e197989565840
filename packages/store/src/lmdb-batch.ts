import type { Compare, Op, OpResult, StoreEntry, TxnResult } from './backend.js';
import { type Change, encodeEntry, encodeLogRecord, encodeU64 } from './lmdb-records.js';
import type { Changes, Snapshot } from './lmdb-tables.js';
import { keyName, keyOf } from './octets.js';
import { type CheckedTxn, compareHolds } from './requests.js';

/**
 * Transactions on their way to one commit: they are evaluated one after the other on a snapshot and on what those before
 * them did, and reach the file together. Each keeps its own revision.
 */
export class Batch {
  readonly #snapshot: Snapshot;
  readonly #timeMs: number;
  readonly #entries = new Map<string, StoreEntry | undefined>();
  readonly #leased = new Map<string, boolean>();
  readonly #log: { revision: bigint; record: Buffer }[] = [];
  #revision: bigint;
  #compact: Changes['compact'];
  #epoch: number | undefined;

  constructor(snapshot: Snapshot, timeMs: number) {
    this.#snapshot = snapshot;
    this.#timeMs = timeMs;
    this.#revision = snapshot.revisions().present;
  }

  /** Revision after all transactions so far. */
  get revision(): bigint {
    return this.#revision;
  }

  /** True if there is something to commit. */
  get isDirty(): boolean {
    return this.#log.length > 0 || this.#compact !== undefined || this.#epoch !== undefined;
  }

  /** The entry of `key` after all transactions so far. */
  get(key: Uint8Array): StoreEntry | undefined {
    const name = keyName(key);
    return this.#entries.has(name) ? this.#entries.get(name) : this.#snapshot.get(Buffer.from(key));
  }

  /** Which side of a transaction runs now. */
  choose(transaction: CheckedTxn): { readonly succeeded: boolean; readonly ops: readonly Op[] } {
    const succeeded = transaction.compares.every((compare) => this.#holds(compare));
    return { succeeded, ops: succeeded ? transaction.ops : transaction.elseOps };
  }

  /** Runs operations as one transaction. */
  run(ops: readonly Op[]): Omit<TxnResult, 'succeeded'> {
    const revision = this.#revision + 1n;
    const changes: Change[] = [];
    const results = ops.map((op): OpResult => {
      const before = this.get(op.key);
      if (op.type === 'get') return { type: 'get', entry: before };
      if (op.type === 'delete') {
        if (before !== undefined) this.#change(changes, op.key, undefined, before);
        return { type: 'delete', deleted: before !== undefined };
      }
      const { key, value, lease = 0n } = op;
      const createRevision = before?.createRevision ?? revision;
      this.#change(changes, key, { key, value, createRevision, modRevision: revision, lease }, before);
      return { type: 'put' };
    });
    if (changes.length > 0) {
      this.#revision = revision;
      this.#log.push({ revision, record: encodeLogRecord(this.#timeMs, changes) });
    }
    return { revision: this.#revision, results };
  }

  /** Keys that live by `lease`, or by any lease, after all transactions so far. */
  leasedKeys(lease?: bigint): Buffer[] {
    const names = new Set(this.#snapshot.leasedKeys(lease).map(keyName));
    for (const name of this.#entries.keys()) names.add(name);
    return [...names].map(keyOf).filter((key) => {
      const held = this.get(key)?.lease ?? 0n;
      return lease === undefined ? held !== 0n : held === lease;
    });
  }

  /** Forgets a stretch of the log. */
  compact(from: bigint, to: bigint): void {
    this.#compact = { from, to };
  }

  /** Starts a new generation, greater than the last. Returns its epoch. */
  advanceEpoch(seconds: number): number {
    this.#epoch = Math.max(seconds, (this.#epoch ?? this.#snapshot.epoch()) + 1) >>> 0;
    return this.#epoch;
  }

  /** What must reach the file. */
  changes(): Changes {
    const entries = new Map<Buffer, Buffer | undefined>();
    for (const [name, entry] of this.#entries) entries.set(keyOf(name), entry && encodeEntry(entry));
    const leased = new Map([...this.#leased].map(([name, present]) => [keyOf(name), present]));
    return {
      entries,
      leased,
      log: this.#log,
      revision: this.#revision,
      ...(this.#compact && { compact: this.#compact }),
      ...(this.#epoch !== undefined && { epoch: this.#epoch }),
    };
  }

  #change(changes: Change[], key: Uint8Array, after: StoreEntry | undefined, before: StoreEntry | undefined): void {
    changes.push({ key, after, before });
    this.#entries.set(keyName(key), after);
    if (before !== undefined && before.lease !== 0n) this.#leased.set(leasedName(before.lease, key), false);
    if (after !== undefined && after.lease !== 0n) this.#leased.set(leasedName(after.lease, key), true);
  }

  #holds({ key, target, op, value }: Compare): boolean {
    return compareHolds(this.get(key)?.[target] ?? 0n, op, value);
  }
}

function leasedName(lease: bigint, key: Uint8Array): string {
  return keyName(encodeU64(lease)) + keyName(key);
}
