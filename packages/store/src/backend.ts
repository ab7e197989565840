/** A transactional, watchable key-value store: what every backend promises. `./kit` holds the laws that check it. */

/** A key with its value, as one revision of the store left it. The octets are the caller's: no backend keeps them. */
export interface StoreEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Revision that created the key (anew, if it had been deleted). */
  readonly createRevision: bigint;
  /** Revision that last wrote it; `createRevision` at first. */
  readonly modRevision: bigint;
  /** The lease that the key lives by; 0n without one. */
  readonly lease: bigint;
}

/**
 * A condition of a transaction. An absent key has `modRevision`, `createRevision` and `lease` 0n, so
 * `{ target: 'createRevision', op: '=', value: 0n }` says "absent". `value` is in 0..2^63-1.
 */
export interface Compare {
  readonly key: Uint8Array;
  readonly target: 'modRevision' | 'createRevision' | 'lease';
  readonly op: '=' | '>' | '<' | '!=';
  readonly value: bigint;
}

/** Writes a key. Without `lease` the key lives until it is deleted, even if it had a lease before. */
export interface PutOp {
  readonly type: 'put';
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** Id of a living lease that the key is attached to. */
  readonly lease?: bigint;
}

/** Removes a key. Removing an absent one writes nothing. */
export interface DeleteOp {
  readonly type: 'delete';
  readonly key: Uint8Array;
}

/** Reads a key as the operations before it in the same transaction left it. */
export interface GetOp {
  readonly type: 'get';
  readonly key: Uint8Array;
}

/** One operation of a transaction. */
export type Op = PutOp | DeleteOp | GetOp;

/**
 * All `ops` if every one of `compares` holds, else all `elseOps`: at one instant, and wholly or not at all. Operations run
 * in their order. At most `capabilities.maxTxnOps` entries in each list; each list writes a key once at most.
 */
export interface StoreTxn {
  readonly compares: readonly Compare[];
  readonly ops: readonly Op[];
  readonly elseOps?: readonly Op[];
}

/** What an operation did, at its place: a `get` has the entry (`undefined` if absent), a `delete` whether there was one. */
export type OpResult =
  | { readonly type: 'put' }
  | { readonly type: 'delete'; readonly deleted: boolean }
  | { readonly type: 'get'; readonly entry: StoreEntry | undefined };

/** Outcome of a transaction. It is durable. */
export interface TxnResult {
  /** Whether all compares held, so `ops` ran; otherwise `elseOps` did. */
  readonly succeeded: boolean;
  /** Revision of the store after the transaction: the `modRevision` of what it wrote, if it wrote anything. */
  readonly revision: bigint;
  /** One for each operation that ran, in their order. */
  readonly results: readonly OpResult[];
}

/** A key was written. */
export interface PutEvent extends StoreEntry {
  readonly type: 'put';
}

/** A key was removed, by a transaction or because its lease ended. */
export interface DeleteEvent {
  readonly type: 'delete';
  readonly key: Uint8Array;
  /** Revision that removed it. */
  readonly modRevision: bigint;
}

/** A change of one key. */
export type StoreEvent = PutEvent | DeleteEvent;

/**
 * Changes under the watched prefix: those of zero, one or several whole transactions in the order of their revisions; within
 * a transaction in the order of its operations. No event comes twice, none is missing, no transaction is split.
 */
export interface WatchBatch {
  /** Everything up to this revision has now been delivered. A batch without events says just that, now and then. */
  readonly revision: bigint;
  readonly events: readonly StoreEvent[];
}

/** Part of a listing. */
export interface StorePage {
  /** The revision that all pages of this listing show. A watch from `revision + 1n` continues without gap. */
  readonly revision: bigint;
  /** Entries in ascending order of their keys, compared octet by octet. Empty only if nothing has the prefix. */
  readonly entries: readonly StoreEntry[];
}

/** Where a store stands. */
export interface StoreStamp {
  /**
   * Generation of the store, a u32. A greater one means that the past may have changed (restored from a backup, rebuilt):
   * revisions of different epochs must not be compared, and everything cached is void. See `advanceEpoch`.
   */
  readonly epoch: number;
  /** Revision of the last writing transaction. */
  readonly revision: bigint;
}

/** A promise to be alive, which the backend renews until it is revoked, the store is closed, or the process ends. */
export interface Lease {
  /** Positive; what `PutOp.lease` names. */
  readonly id: bigint;
  /** Seconds without renewal after which it ends. The store may have granted more than was asked for. */
  readonly ttlSeconds: number;
  /**
   * Aborted as soon as the lease has ended or cannot be known to live (renewals failed for `ttlSeconds`). The keys attached
   * to it are deleted, in one transaction, when it ends in the store.
   */
  readonly lost: AbortSignal;
  /** Ends the lease and deletes its keys. Resolves when that is durable, at once if the lease is lost already. */
  revoke(): Promise<void>;
}

/** How a read may be served. */
export interface GetOptions {
  /** True: whatever the nearest member has, perhaps old. Default false: linearizable. */
  readonly serializable?: boolean;
}

/** What to list. */
export interface ListOptions {
  /** A past revision to show. Default: the present one when the first page is read. */
  readonly atRevision?: bigint;
  /**
   * Most entries per page, 1..10,000. Default: what suits the backend, 1,000 on LMDB and 10,000 on etcd, where each page costs
   * a pass over all keys that are yet to come.
   */
  readonly pageSize?: number;
}

/** How a watch ends. */
export interface WatchOptions {
  /** Ends the iteration without an error. Leaving a `for await` loop does so as well. */
  readonly signal?: AbortSignal;
}

/**
 * A store. Contract, the same for every backend:
 *
 * - `txn` and the default `get` are linearizable: each takes effect at one instant between call and result.
 * - A result is given only when it is durable: what a resolved promise said is not lost by any crash.
 * - The revision grows by exactly one with each transaction that puts a key or deletes a present one, and with nothing else
 *   (the end of a lease that has keys is such a transaction).
 * - `watch` delivers every event once, in order, and no part of a transaction; `list` is a snapshot.
 *
 * Keys have 1..1,024 octets; a transaction at most 1 MiB of keys and values. An empty prefix means all keys. Caller's octets
 * are copied before a call returns. Every method throws `StoreError`: E_STORE_CLOSED after `close`, E_STORE_BAD_REQUEST and
 * E_STORE_TOO_LARGE for requests that break these limits, `StoreUnavailableError` while the store can't answer.
 */
export interface StoreBackend {
  readonly capabilities: StoreCapabilities;

  /** The entry of `key`, or `undefined`. */
  get(key: Uint8Array, options?: GetOptions): Promise<StoreEntry | undefined>;

  /**
   * All entries whose keys start with `prefix`, page by page at one revision; at least one page.
   * @throws CompactedError while iterating, if that revision is no longer kept
   * @throws StoreError E_STORE_FUTURE_REVISION if `atRevision` is not there yet
   */
  list(prefix: Uint8Array, options?: ListOptions): AsyncIterable<StorePage>;

  /** How many keys start with `prefix`, and at which revision. O(n), but cheaper than `list`. */
  count(prefix: Uint8Array): Promise<{ readonly count: number; readonly revision: bigint }>;

  /**
   * Runs a transaction.
   * @throws StoreError E_STORE_LEASE_NOT_FOUND if a `put` that would run names a lease that has ended; nothing was done
   * @throws StoreUnavailableError whose `outcome` says whether the transaction may have been done all the same
   */
  txn(transaction: StoreTxn): Promise<TxnResult>;

  /**
   * Changes under `prefix` from revision `fromRevision` (1n or more; it may lie in the future) on, without end. Survives
   * reconnections without gap or repetition. A consumer that falls behind costs memory up to a bound, then makes the store wait
   * for it or ends the watch with `CompactedError`; never a gap.
   * @throws CompactedError while iterating, if events from `fromRevision` on are no longer kept: list again, then watch
   * @throws StoreError E_STORE_REWOUND while iterating, if the store was restored from a backup meanwhile: ask for the stamp,
   * list again, then watch
   */
  watch(prefix: Uint8Array, fromRevision: bigint, options?: WatchOptions): AsyncIterable<WatchBatch>;

  /** A new lease, renewed by the backend. @throws StoreError E_STORE_BAD_REQUEST unless `ttlSeconds` is in 1..86,400 */
  lease(ttlSeconds: number): Promise<Lease>;

  /** Epoch and present revision, linearizable. */
  stamp(): Promise<StoreStamp>;

  /**
   * Declares a new generation, to be called after a restore from a backup and before anyone is served. The new epoch is the
   * clock's Unix seconds or the old epoch + 1, whichever is more. Whether it takes a revision is the backend's affair.
   */
  advanceEpoch(): Promise<StoreStamp>;

  /** Revokes leases where possible, ends watches, releases files and connections. Idempotent; never throws. */
  close(): Promise<void>;
}

/** What a backend can do. */
export interface StoreCapabilities {
  /** True if other processes and machines see the same store. */
  readonly distributed: boolean;
  readonly watch: 'push';
  /** Most compares, `ops` or `elseOps` in a transaction. */
  readonly maxTxnOps: number;
}
