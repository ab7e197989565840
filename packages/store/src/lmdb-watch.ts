import type { StoreEvent, WatchBatch } from './backend.js';
import { CompactedError } from './errors.js';
import { eventOf } from './lmdb-records.js';
import type { LmdbTables } from './lmdb-tables.js';
import { hasPrefix } from './octets.js';

/** Most revisions and, about, most octets that one batch covers. */
const REVISIONS_MAX = 1024;
const LENGTH_MAX = 1_048_576;

/**
 * A reader of the log, which sets its own pace: it holds nothing but the revision it has reached. It falls out of the log
 * (`CompactedError`) if it is slower than compaction.
 */
export class LmdbWatch {
  readonly #subject: string;
  readonly #tables: LmdbTables;
  readonly #prefix: Buffer;
  #next: bigint;

  constructor(subject: string, tables: LmdbTables, prefix: Buffer, fromRevision: bigint) {
    this.#subject = subject;
    this.#tables = tables;
    this.#prefix = prefix;
    this.#next = fromRevision;
  }

  /** What the log has beyond the last batch, or `undefined` if nothing. @throws CompactedError */
  read(): WatchBatch | undefined {
    return this.#tables.snapshot((snapshot) => {
      const { present, compacted } = snapshot.revisions();
      if (this.#next <= compacted) throw new CompactedError(this.#subject, this.#next, compacted);
      if (this.#next > present) return undefined;
      const events: StoreEvent[] = [];
      const last = this.#next + BigInt(REVISIONS_MAX - 1);
      let reached = last < present ? last : present;
      let length = 0;
      for (const { revision, changes } of snapshot.log(this.#next, reached)) {
        for (const change of changes) {
          if (!hasPrefix(change.key, this.#prefix)) continue;
          events.push(eventOf(change, revision));
          length += change.key.length + (change.after?.value.length ?? 0);
        }
        if (length < LENGTH_MAX) continue;
        reached = revision;
        break;
      }
      this.#next = reached + 1n;
      return { revision: reached, events };
    });
  }
}
