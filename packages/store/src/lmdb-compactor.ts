import type { LmdbTables, Snapshot } from './lmdb-tables.js';
import type { LmdbWriter } from './lmdb-writer.js';

/** How often the log is looked at for what has become too old. */
const INTERVAL_MS = 10_000;
/** Most revisions that one commit forgets, so that none waits long. */
const STRETCH_MAX = 4096n;
/** How far the log may outgrow its limit between looks. */
const SLACK = 1024n;

/** How much of the past a store keeps: what is older in both number and time than either bound allows goes. */
export interface Retention {
  readonly revisions: bigint;
  readonly timeMs: number;
}

/** Forgets the log's oldest revisions, in commits of their own. */
export class LmdbCompactor {
  readonly #tables: LmdbTables;
  readonly #writer: LmdbWriter;
  readonly #retention: Retention;
  readonly #nowMs: () => number;
  readonly #timer: NodeJS.Timeout;
  #compacted: bigint;
  #running = false;

  constructor(tables: LmdbTables, writer: LmdbWriter, retention: Retention, nowMs: () => number) {
    this.#tables = tables;
    this.#writer = writer;
    this.#retention = retention;
    this.#nowMs = nowMs;
    this.#compacted = tables.snapshot((snapshot) => snapshot.revisions().compacted);
    this.#timer = setInterval(() => this.run(), INTERVAL_MS).unref();
  }

  /** To be told of commits: starts when the log is too long. */
  onCommit(revision: bigint): void {
    if (revision - this.#compacted > this.#retention.revisions + SLACK) this.run();
  }

  /** Forgets what is too old now, in the background. A failure leaves it to the next time. */
  run(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#forget().finally(() => (this.#running = false));
  }

  /** Starts nothing more. */
  stop(): void {
    clearInterval(this.#timer);
  }

  async #forget(): Promise<void> {
    try {
      for (;;) {
        const { from, to } = this.#tables.snapshot((snapshot) => this.#outdated(snapshot));
        if (to < from) return;
        await this.#writer.submit(0, (batch) => batch.compact(from, to));
        this.#compacted = to;
      }
    } catch {
      // The disk is full or the store is closing; transactions report it to their callers.
    }
  }

  #outdated(snapshot: Snapshot): { from: bigint; to: bigint } {
    const { present, compacted } = snapshot.revisions();
    const byNumber = present - this.#retention.revisions;
    const byTime = lastBefore(snapshot, compacted, present, this.#nowMs() - this.#retention.timeMs);
    const outdated = byNumber > byTime ? byNumber : byTime;
    const furthest = compacted + STRETCH_MAX;
    return { from: compacted + 1n, to: outdated < furthest ? outdated : furthest };
  }
}

/** The last revision in `(low, high]` written before `timeMs`; `low` if there is none. The times never fall. */
function lastBefore(snapshot: Snapshot, low: bigint, high: bigint, timeMs: number): bigint {
  let known = low;
  let above = high + 1n;
  while (above - known > 1n) {
    const middle = (known + above) / 2n;
    if (snapshot.timeMs(middle) < timeMs) known = middle;
    else above = middle;
  }
  return known;
}
