import type { EtcdConnection } from './etcd-connection.js';
import { isCompacted } from './etcd-errors.js';
import { StoreError } from './errors.js';

const INTERVAL_MS = 60_000;
const HOUR_MS = 3_600_000;

/**
 * Warns, once, if etcd forgets revisions younger than an hour. etcd does not tell its setting, so this remembers revisions
 * and looks whether they are still there.
 */
export class EtcdCompactionCheck {
  readonly #connection: EtcdConnection;
  readonly #warn: (message: string) => void;
  readonly #timer: NodeJS.Timeout;
  #seen: { readonly timeMs: number; readonly revision: bigint }[] = [];

  constructor(connection: EtcdConnection, warn: (message: string) => void) {
    this.#connection = connection;
    this.#warn = warn;
    this.#timer = setInterval(() => void this.#run(), INTERVAL_MS).unref();
  }

  /** Remembers that the store was at `revision` now. */
  observe(revision: bigint, nowMs: number): void {
    const last = this.#seen.at(-1);
    if (last !== undefined && (nowMs - last.timeMs < INTERVAL_MS || last.revision >= revision)) return;
    this.#seen = this.#seen.filter(({ timeMs }) => nowMs - timeMs < HOUR_MS);
    this.#seen.push({ timeMs: nowMs, revision });
  }

  /** To be told of the revision where the past ends. */
  compacted(compactRevision: bigint, nowMs: number): void {
    const young = this.#seen.find(({ timeMs, revision }) => nowMs - timeMs < HOUR_MS && revision < compactRevision);
    if (young === undefined) return;
    this.stop();
    const minutes = Math.ceil((nowMs - young.timeMs) / 60_000);
    this.#warn(
      `${this.#connection.subject}: etcd has forgotten a revision that is ${minutes} min old; run it with ` +
        '--auto-compaction-mode=periodic --auto-compaction-retention=1h or more, or slow watchers must list everything again',
    );
  }

  /** Looks no more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#seen = [];
  }

  async #run(): Promise<void> {
    const oldest = this.#seen.find(({ timeMs }) => Date.now() - timeMs < HOUR_MS);
    if (oldest === undefined) return;
    const request = { key: Buffer.of(0), revision: String(oldest.revision) };
    try {
      await this.#connection.call(this.#connection.methods.range, request, 'harmless');
    } catch (error) {
      if (StoreError.is(error) && isCompacted(error.cause)) this.compacted(oldest.revision + 1n, Date.now());
    }
  }
}
