import type { StoreEntry, StorePage } from './backend.js';
import { CompactedError, StoreError } from './errors.js';
import type { LmdbTables, Snapshot } from './lmdb-tables.js';
import { hasPrefix, keyName, keyOf, successor } from './octets.js';

/**
 * A listing at one revision, whatever is written meanwhile. Each page is read from the present, and what later revisions did
 * is taken back with the help of the log; so no old state is pinned in the file, however slow the reader. Memory: the
 * entries that have changed since the revision.
 */
export class LmdbListing {
  readonly #subject: string;
  readonly #tables: LmdbTables;
  readonly #prefix: Buffer;
  readonly #pageSize: number;
  /** What keys not yet listed had at the revision, if they have changed since. */
  readonly #changed = new Map<string, StoreEntry | undefined>();
  #revision: bigint | undefined;
  /** Up to here the log is in `#changed`. */
  #undone = 0n;
  #next: Buffer;

  constructor(subject: string, tables: LmdbTables, prefix: Buffer, pageSize: number, revision: bigint | undefined) {
    this.#subject = subject;
    this.#tables = tables;
    this.#prefix = prefix;
    this.#pageSize = pageSize;
    this.#revision = revision;
    this.#next = prefix;
  }

  /** The next page, and whether it is the last. @throws CompactedError, StoreError E_STORE_FUTURE_REVISION */
  page(): { readonly page: StorePage; readonly last: boolean } {
    return this.#tables.snapshot((snapshot) => {
      const revision = this.#settle(snapshot);
      const entries = this.#merge(snapshot);
      const page = { revision, entries: entries.slice(0, this.#pageSize) };
      const last = entries.length <= this.#pageSize;
      if (!last) this.#next = successor(page.entries.at(-1)!.key);
      return { page, last };
    });
  }

  #settle(snapshot: Snapshot): bigint {
    const { present, compacted } = snapshot.revisions();
    this.#revision ??= present;
    const revision = this.#revision;
    if (revision > present) {
      throw new StoreError(
        'E_STORE_FUTURE_REVISION',
        this.#subject,
        `revision ${revision} asked, the store is at ${present}`,
      );
    }
    const from = this.#undone === 0n ? revision : this.#undone;
    if (from < compacted) throw new CompactedError(this.#subject, revision, compacted);
    for (const { changes } of snapshot.log(from + 1n, present)) {
      for (const { key, before } of changes) {
        const name = keyName(key);
        // Only the first change after the revision tells what was there.
        if (hasPrefix(key, this.#prefix) && !this.#changed.has(name)) this.#changed.set(name, before);
      }
    }
    this.#undone = present;
    return revision;
  }

  /** One entry more than a page holds, if there are so many. */
  #merge(snapshot: Snapshot): StoreEntry[] {
    const next = keyName(this.#next);
    const earlier = [...this.#changed.keys()].filter((name) => name >= next).sort();
    const entries: StoreEntry[] = [];
    const wanted = this.#pageSize + 1;
    let at = 0;
    const takeBack = (before: string | undefined): void => {
      while (at < earlier.length && entries.length < wanted && (before === undefined || earlier[at]! < before)) {
        const entry = this.#changed.get(earlier[at++]!);
        if (entry !== undefined) entries.push(owned(entry));
      }
    };
    for (const entry of snapshot.range(this.#prefix, this.#next, Number.MAX_SAFE_INTEGER)) {
      const name = keyName(entry.key);
      takeBack(name);
      if (entries.length >= wanted) break;
      if (!this.#changed.has(name)) entries.push(entry);
    }
    takeBack(undefined);
    return entries;
  }
}

/** A copy: what the log holds is a view of a whole record. */
function owned(entry: StoreEntry): StoreEntry {
  return { ...entry, key: keyOf(keyName(entry.key)), value: Buffer.from(entry.value) };
}
