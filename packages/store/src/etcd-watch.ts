import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreEvent, StoreStamp, WatchBatch } from './backend.js';
import { CompactedError, StoreError } from './errors.js';
import type { EtcdConnection } from './etcd-connection.js';
import { storeErrorOf } from './etcd-errors.js';
import type { EventMessage, KeyValue, WatchResponse } from './etcd-messages.js';
import { entryOf, rangeEndOf } from './etcd-requests.js';

const RETRY_FIRST_MS = 25;
const RETRY_LAST_MS = 1000;
const DELETE = 1;

/** Events from a revision on, over as many connections as it takes. */
export class EtcdWatch {
  readonly #connection: EtcdConnection;
  readonly #prefix: Buffer;
  readonly #stamp: () => Promise<StoreStamp>;
  readonly #signal: AbortSignal;
  #next: bigint;
  /** Epoch at the first connection. */
  #epoch: number | undefined;
  #reached: bigint | undefined;

  constructor(
    connection: EtcdConnection,
    prefix: Buffer,
    fromRevision: bigint,
    stamp: () => Promise<StoreStamp>,
    signal: AbortSignal | undefined,
  ) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#next = fromRevision;
    this.#stamp = stamp;
    this.#signal = signal === undefined ? connection.closed : AbortSignal.any([signal, connection.closed]);
  }

  /** All batches. @throws CompactedError, StoreError E_STORE_REWOUND, E_STORE_NO_PERMISSION, E_STORE_UNSUPPORTED */
  async *batches(): AsyncGenerator<WatchBatch> {
    let pauseMs = RETRY_FIRST_MS;
    while (!this.#signal.aborted) {
      try {
        await this.#checkPast();
        for await (const batch of this.#connect()) {
          pauseMs = RETRY_FIRST_MS;
          yield batch;
        }
      } catch (error) {
        if (this.#signal.aborted) return;
        const failure = storeErrorOf(this.#connection.subject, error, 'notApplied');
        if (failure.code !== 'E_STORE_UNAVAILABLE') throw failure;
      }
      await pause(pauseMs, this.#signal);
      pauseMs = Math.min(2 * pauseMs, RETRY_LAST_MS);
    }
  }

  /** A store restored from a backup may lack what we have seen, and go on with other events under the same revisions. */
  async #checkPast(): Promise<void> {
    const { epoch, revision } = await this.#stamp();
    this.#epoch ??= epoch;
    if (epoch === this.#epoch && revision >= (this.#reached ?? 0n)) return;
    throw new StoreError(
      'E_STORE_REWOUND',
      this.#connection.subject,
      `the store was at revision ${this.#reached} of epoch ${this.#epoch}, and is at ${revision} of epoch ${epoch}; list again`,
    );
  }

  async *#connect(): AsyncGenerator<WatchBatch> {
    const stream = await this.#connection.stream(this.#connection.methods.watch);
    const cancel = (): void => stream.cancel();
    this.#signal.addEventListener('abort', cancel);
    try {
      stream.write({
        createRequest: {
          key: this.#prefix.length === 0 ? Buffer.of(0) : this.#prefix,
          rangeEnd: rangeEndOf(this.#prefix),
          startRevision: String(this.#next),
          progressNotify: true,
          fragment: true,
        },
      });
      if (this.#signal.aborted) cancel();
      // A response too long for one message comes in parts; only together are they whole transactions.
      let parts: EventMessage[] = [];
      for await (const response of stream as AsyncIterable<WatchResponse>) {
        if (response.canceled) throw this.#cancelled(response);
        if (response.created) continue;
        parts.push(...response.events);
        if (response.fragment) continue;
        const batch = this.#batchOf(parts, BigInt(response.header.revision));
        parts = [];
        if (batch !== undefined) yield batch;
      }
    } finally {
      this.#signal.removeEventListener('abort', cancel);
      cancel();
    }
  }

  #batchOf(messages: readonly EventMessage[], headerRevision: bigint): WatchBatch | undefined {
    const events = messages.map(eventOf).filter(({ modRevision }) => modRevision >= this.#next);
    // With events, the header may be ahead of what has been sent; without, it is a report that all has been.
    const revision = messages.length > 0 ? events.at(-1)?.modRevision : headerRevision;
    if (revision === undefined || revision < this.#next) return undefined;
    this.#next = revision + 1n;
    this.#reached = revision;
    return { revision, events };
  }

  #cancelled({ compactRevision, cancelReason }: WatchResponse): Error {
    if (compactRevision !== '0') {
      return new CompactedError(this.#connection.subject, this.#next, BigInt(compactRevision));
    }
    if (/permission denied|PermissionDenied/i.test(cancelReason)) {
      return new StoreError(
        'E_STORE_NO_PERMISSION',
        this.#connection.subject,
        `etcd refuses the watch (${cancelReason})`,
      );
    }
    return new Error(`etcd ended the watch (${cancelReason})`);
  }
}

/** The revision up to which the past is gone, as etcd tells only watchers; 0n if nothing is. */
export async function findCompactRevision(connection: EtcdConnection): Promise<bigint> {
  const stream = await connection.stream(connection.methods.watch);
  try {
    const key = Buffer.of(0);
    stream.write({ createRequest: { key, rangeEnd: key, startRevision: '1', progressNotify: false, fragment: false } });
    for await (const response of stream as AsyncIterable<WatchResponse>) {
      if (response.canceled) return BigInt(response.compactRevision);
      if (!response.created) return 0n;
    }
    return 0n;
  } finally {
    stream.cancel();
  }
}

function eventOf({ type, kv }: EventMessage): StoreEvent {
  if (type === DELETE) return { type: 'delete', key: kv.key, modRevision: BigInt(kv.modRevision) };
  return { type: 'put', ...entryOf(kv satisfies KeyValue) };
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  // Aborted is as good as over: the loop looks itself.
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
