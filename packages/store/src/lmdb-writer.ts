import { statfsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError, StoreUnavailableError } from './errors.js';
import { Batch } from './lmdb-batch.js';
import type { LmdbTables } from './lmdb-tables.js';

/** Most jobs, and about as many octets, that one commit takes. */
const BATCH_JOBS_MAX = 4096;
const BATCH_LENGTH_MAX = 4 * 1_048_576;
/** Most octets that may wait. */
const WAITING_LENGTH_MAX = 64 * 1_048_576;
/** What a job takes besides its octets. */
const JOB_LENGTH = 256;
/** With less than a commit may take, an I/O error is put down to a full disk. */
const FREE_MIN = 2 * BATCH_LENGTH_MAX;
/** How long lmdb may take to say why a commit failed. */
const REASON_MS = 1000;

interface Job {
  readonly length: number;
  /** Evaluates the job. What it returns settles it when the commit is on the disk. @throws StoreError to refuse only this */
  run(batch: Batch): () => void;
  reject(error: unknown): void;
}

/**
 * The one writer of an embedded store. A commit takes all that has gathered while the one before it was on its way to the
 * disk, so a single transaction waits for nothing and many share the cost of a flush.
 */
export class LmdbWriter {
  readonly #subject: string;
  readonly #tables: LmdbTables;
  readonly #onCommit: (revision: bigint) => void;
  readonly #nowMs: () => number;
  #jobs: Job[] = [];
  #waitingLength = 0;
  #running: Promise<void> | undefined;
  #closed = false;

  /** `onCommit` hears of each revision that has reached the disk, before the transactions' own promises are settled. */
  constructor(subject: string, tables: LmdbTables, nowMs: () => number, onCommit: (revision: bigint) => void) {
    this.#subject = subject;
    this.#tables = tables;
    this.#nowMs = nowMs;
    this.#onCommit = onCommit;
  }

  /** Evaluates `work` in the next commit. Resolves with its result when that is on the disk. `length` in octets. */
  async submit<T>(length: number, work: (batch: Batch) => T): Promise<T> {
    if (this.#closed) throw new StoreError('E_STORE_CLOSED', this.#subject, 'the store is closed');
    if (this.#waitingLength > WAITING_LENGTH_MAX) {
      throw new StoreUnavailableError(this.#subject, 'too many transactions wait for the disk', 'notApplied');
    }
    return new Promise<T>((resolve, reject) => {
      const run = (batch: Batch): (() => void) => {
        const result = work(batch);
        return () => resolve(result);
      };
      this.#jobs.push({ length: length + JOB_LENGTH, run, reject });
      this.#waitingLength += length + JOB_LENGTH;
      this.#running ??= this.#drain();
    });
  }

  /** Takes no more work, and waits for what it has. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #drain(): Promise<void> {
    // The rest of this turn of the event loop may bring more.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#jobs.length > 0) await this.#commit(this.#take());
    this.#running = undefined;
  }

  #take(): Job[] {
    let length = 0;
    let count = 0;
    while (count < this.#jobs.length && count < BATCH_JOBS_MAX && length < BATCH_LENGTH_MAX) {
      length += this.#jobs[count++]!.length;
    }
    this.#waitingLength -= length;
    return this.#jobs.splice(0, count);
  }

  async #commit(jobs: readonly Job[]): Promise<void> {
    const settled: (() => void)[] = [];
    try {
      const batch = this.#tables.snapshot((snapshot) => {
        const evaluated = new Batch(snapshot, this.#nowMs());
        for (const job of jobs) {
          const settle = runJob(job, evaluated);
          if (settle !== undefined) settled.push(settle);
        }
        return evaluated;
      });
      if (batch.isDirty) {
        await this.#write(batch);
        this.#onCommit(batch.revision);
      }
    } catch (error) {
      for (const job of jobs) job.reject(error);
      return;
    }
    for (const settle of settled) settle();
  }

  async #write(batch: Batch): Promise<void> {
    const changes = batch.changes();
    try {
      await this.#tables.commit(changes);
    } catch (error) {
      if (StoreError.is(error)) throw error;
      throw await commitError(this.#subject, error);
    }
  }
}

function runJob(job: Job, batch: Batch): (() => void) | undefined {
  try {
    return job.run(batch);
  } catch (error) {
    job.reject(error);
    return undefined;
  }
}

/** What a failed commit means. LMDB drops a failed transaction whole, but a failed flush leaves its fate to the disk. */
async function commitError(subject: string, error: unknown): Promise<StoreError> {
  const cause = await rootCause(error);
  const text = cause instanceof Error ? cause.message : String(cause);
  // The last write that still fits in part is reported as an I/O error.
  if (/no space left|ENOSPC|MDB_MAP_FULL|disk quota/i.test(text) || freeOctets(subject) < FREE_MIN) {
    return new StoreError('E_STORE_DISK_FULL', subject, `no room for the transaction (${text}); free some space`, {
      cause,
    });
  }
  return new StoreUnavailableError(subject, `the disk failed (${text})`, 'unknown', { cause });
}

function freeOctets(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** lmdb gives the reason in a second promise, which is to be rejected. */
async function rootCause(error: unknown): Promise<unknown> {
  if (typeof error !== 'object' || error === null || !('commitError' in error)) return error;
  const reason = (error.commitError as Promise<never>).catch((why: unknown) => why);
  return Promise.race([reason, sleep(REASON_MS, error, { ref: false })]);
}
