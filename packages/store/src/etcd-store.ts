import type { Lease, ListOptions, Op, StoreBackend, StoreCapabilities, StoreEntry, StorePage } from './backend.js';
import type { GetOptions, StoreStamp, StoreTxn, TxnResult, WatchBatch, WatchOptions } from './backend.js';
import { CompactedError, StoreError } from './errors.js';
import { EtcdCompactionCheck } from './etcd-compaction-check.js';
import { EtcdConnection } from './etcd-connection.js';
import { type EtcdTls, parseEndpoint } from './etcd-endpoints.js';
import { isCompacted } from './etcd-errors.js';
import { EtcdLease } from './etcd-lease.js';
import type { RangeRequest, RangeResponse } from './etcd-messages.js';
import { compareMessage, entryOf, opResult, rangeEndOf, requestOp } from './etcd-requests.js';
import { EtcdWatch, findCompactRevision } from './etcd-watch.js';
import { copyOf, successor } from './octets.js';
import { PAGE_SIZE_MAX, checkKey, checkLeaseSeconds, checkPageSize, checkPrefix } from './requests.js';
import { checkRevision, checkTxn } from './requests.js';

/** Half of what etcd takes by default (`--max-txn-ops`). */
const OPS_MAX = 64;
const EPOCH_MAX = 0xffff_ffff;
const FIRST_KEY = Buffer.of(0);

/** How to reach a store on etcd. */
export interface EtcdStoreOptions {
  /** One or more members: `https://host:port`, `host:port` (https), or `http://host:port` for this machine. */
  readonly endpoints: readonly string[];
  /** Certificates for https. */
  readonly tls?: EtcdTls;
  /** `anywhere` allows http to other machines, which anyone on the way can read and change. Default `loopback`. */
  readonly plaintext?: 'loopback' | 'anywhere';
  /** Longest time for a call with its repetitions, 100..600,000 ms. Default 3,000. */
  readonly timeoutMs?: number;
  /** Key that holds the epoch, as decimal text. Default `ol1/epoch`. */
  readonly epochKey?: Uint8Array;
  /** Told of settings of etcd that endanger the store. Default `process.emitWarning`. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Opens a store on an etcd cluster, 3.4 or later. A cluster without an epoch gets the clock's Unix seconds. Members fail over.
 *
 * @throws StoreError E_STORE_BAD_REQUEST, E_STORE_INSECURE, E_STORE_NO_PERMISSION, or StoreUnavailableError if no quorum answers
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<StoreBackend> {
  const { endpoints, tls = {}, plaintext = 'loopback', timeoutMs = 3000 } = options;
  const { epochKey = Buffer.from('ol1/epoch'), onWarning = (message: string) => process.emitWarning(message) } =
    options;
  if (endpoints.length === 0) throw new StoreError('E_STORE_BAD_REQUEST', 'etcd', 'no endpoint was given');
  if (!Number.isInteger(timeoutMs) || timeoutMs < 100 || timeoutMs > 600_000) {
    throw new StoreError(
      'E_STORE_BAD_REQUEST',
      'etcd',
      `timeoutMs must be an integer in 100..600,000, got ${timeoutMs}`,
    );
  }
  const parsed = endpoints.map((endpoint) => parseEndpoint(endpoint, plaintext));
  const connection = await EtcdConnection.open(parsed, tls, timeoutMs);
  const store = new EtcdStore(connection, copyOf(epochKey), onWarning);
  try {
    await store.stamp();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

class EtcdStore implements StoreBackend {
  readonly capabilities: StoreCapabilities = { distributed: true, watch: 'push', maxTxnOps: OPS_MAX };
  readonly #connection: EtcdConnection;
  readonly #subject: string;
  readonly #epochKey: Buffer;
  readonly #compactionCheck: EtcdCompactionCheck;
  readonly #leases = new Set<EtcdLease>();

  constructor(connection: EtcdConnection, epochKey: Buffer, onWarning: (message: string) => void) {
    this.#connection = connection;
    this.#subject = connection.subject;
    this.#epochKey = epochKey;
    this.#compactionCheck = new EtcdCompactionCheck(connection, onWarning);
  }

  async get(key: Uint8Array, { serializable = false }: GetOptions = {}): Promise<StoreEntry | undefined> {
    const [kv] = (await this.#range({ key: checkKey(this.#subject, key), serializable })).kvs;
    return kv && entryOf(kv);
  }

  list(prefix: Uint8Array, { atRevision, pageSize = PAGE_SIZE_MAX }: ListOptions = {}): AsyncIterable<StorePage> {
    if (atRevision !== undefined) checkRevision(this.#subject, 'atRevision', atRevision);
    return this.#pages(checkPrefix(this.#subject, prefix), checkPageSize(this.#subject, pageSize), atRevision);
  }

  async count(prefix: Uint8Array): Promise<{ count: number; revision: bigint }> {
    const checked = checkPrefix(this.#subject, prefix);
    const answer = await this.#range({ ...rangeOf(checked), countOnly: true });
    return { count: Number(answer.count), revision: revisionOf(answer) };
  }

  async txn(transaction: StoreTxn): Promise<TxnResult> {
    const { compares, ops, elseOps, writes } = checkTxn(this.#subject, transaction, OPS_MAX);
    const request = {
      compare: compares.map(compareMessage),
      success: ops.map(requestOp),
      failure: elseOps.map(requestOp),
    };
    const answer = await this.#connection.call(this.#connection.methods.txn, request, writes ? 'harmful' : 'harmless');
    const ran: readonly Op[] = answer.succeeded ? ops : elseOps;
    return {
      succeeded: answer.succeeded,
      revision: BigInt(answer.header.revision),
      results: ran.map((op, i) => opResult(op, answer.responses[i]!)),
    };
  }

  watch(prefix: Uint8Array, fromRevision: bigint, { signal }: WatchOptions = {}): AsyncIterable<WatchBatch> {
    checkRevision(this.#subject, 'fromRevision', fromRevision);
    const checked = checkPrefix(this.#subject, prefix);
    return new EtcdWatch(this.#connection, checked, fromRevision, () => this.stamp(), signal).batches();
  }

  async lease(ttlSeconds: number): Promise<Lease> {
    const lease = await EtcdLease.grant(this.#connection, checkLeaseSeconds(this.#subject, ttlSeconds));
    this.#leases.add(lease);
    lease.lost.addEventListener('abort', () => this.#leases.delete(lease));
    return lease;
  }

  async stamp(): Promise<StoreStamp> {
    const answer = await this.#range({ key: this.#epochKey });
    const text = answer.kvs[0]?.value.toString();
    const revision = revisionOf(answer);
    this.#compactionCheck.observe(revision, Date.now());
    if (text === undefined) return this.#writeEpoch(0n, 0);
    return { epoch: this.#parseEpoch(text), revision };
  }

  async advanceEpoch(): Promise<StoreStamp> {
    const entry = await this.get(this.#epochKey);
    const epoch = entry === undefined ? 0 : this.#parseEpoch(Buffer.from(entry.value).toString());
    return this.#writeEpoch(entry?.modRevision ?? 0n, epoch);
  }

  async close(): Promise<void> {
    this.#compactionCheck.stop();
    await Promise.allSettled([...this.#leases].map((lease) => lease.revoke()));
    for (const lease of this.#leases) lease.lose();
    this.#connection.close();
  }

  /** Writes an epoch after `epoch`, if its key is still at `modRevision`; if not, somebody else has just done so. */
  async #writeEpoch(modRevision: bigint, epoch: number): Promise<StoreStamp> {
    const next = Math.max(Math.floor(Date.now() / 1000), epoch + 1);
    const key = this.#epochKey;
    const { succeeded, revision } = await this.txn({
      compares: [{ key, target: 'modRevision', op: '=', value: modRevision }],
      ops: [{ type: 'put', key, value: Buffer.from(String(next)) }],
    });
    return succeeded ? { epoch: next, revision } : this.stamp();
  }

  #parseEpoch(text: string): number {
    const epoch = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
    if (epoch <= EPOCH_MAX) return epoch;
    const name = this.#epochKey.toString();
    throw new StoreError('E_STORE_CORRUPT', this.#subject, `the epoch in ${name} is no number in 0..2^32-1: ${text}`);
  }

  /** The next page is on its way while the reader is busy with this one. */
  async *#pages(prefix: Buffer, pageSize: number, atRevision: bigint | undefined): AsyncGenerator<StorePage> {
    const range: RangeRequest = { ...rangeOf(prefix), limit: pageSize };
    let revision = atRevision;
    let page: Promise<RangeResponse> | undefined = this.#range(
      revision === undefined ? range : { ...range, revision: String(revision) },
    );
    while (page !== undefined) {
      const answer: RangeResponse = await page;
      revision ??= revisionOf(answer);
      const entries = answer.kvs.map(entryOf);
      const next: RangeRequest | undefined = answer.more
        ? { ...range, key: successor(entries.at(-1)!.key), revision: String(revision) }
        : undefined;
      page = next && this.#range(next);
      // Its failure is for a reader who comes back for it.
      page?.catch(() => undefined);
      yield { revision, entries };
    }
  }

  async #range(request: RangeRequest): Promise<RangeResponse> {
    try {
      return await this.#connection.call(this.#connection.methods.range, request, 'harmless');
    } catch (error) {
      if (!StoreError.is(error) || !isCompacted(error.cause)) throw error;
      const compacted = await findCompactRevision(this.#connection);
      this.#compactionCheck.compacted(compacted, Date.now());
      throw new CompactedError(this.#subject, BigInt(request.revision ?? 0), compacted);
    }
  }
}

function rangeOf(prefix: Buffer): RangeRequest {
  return { key: prefix.length === 0 ? FIRST_KEY : prefix, rangeEnd: rangeEndOf(prefix) };
}

function revisionOf({ header }: RangeResponse): bigint {
  return BigInt(header!.revision);
}
