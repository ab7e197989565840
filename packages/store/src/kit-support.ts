import { randomBytes } from 'node:crypto';
import type { Compare, DeleteOp, GetOp, PutOp, StoreBackend, StoreEntry, TxnResult, WatchBatch } from './backend.js';
import { StoreError, type StoreErrorCode } from './errors.js';
import { hasPrefix } from './octets.js';

/** A promise of `StoreBackend`. */
export interface StoreLaw {
  readonly name: string;
  /** @throws LawBroken if the backend breaks it */
  run(store: StoreBackend): Promise<void>;
}

/** Says which promise was broken, and how. */
export class LawBroken extends Error {
  override readonly name = 'LawBroken';
}

/** A law on a corner of a store that nobody else uses. */
export function law(name: string, check: (corner: Corner) => Promise<void>): StoreLaw {
  return { name, run: async (store) => check(new Corner(store)) };
}

/** A prefix of its own in a store, and short ways to use it. */
export class Corner {
  readonly store: StoreBackend;
  readonly prefix = Buffer.from(`kit/${randomBytes(8).toString('hex')}/`);

  constructor(store: StoreBackend) {
    this.store = store;
  }

  key(name: string): Buffer {
    return Buffer.concat([this.prefix, Buffer.from(name)]);
  }

  put(name: string, value: string | number, lease?: bigint): PutOp {
    const op = { type: 'put', key: this.key(name), value: Buffer.from(String(value)) } as const;
    return lease === undefined ? op : { ...op, lease };
  }

  delete(name: string): DeleteOp {
    return { type: 'delete', key: this.key(name) };
  }

  read(name: string): GetOp {
    return { type: 'get', key: this.key(name) };
  }

  compare(name: string, target: Compare['target'], op: Compare['op'], value: bigint): Compare {
    return { key: this.key(name), target, op, value };
  }

  async write(...ops: (PutOp | DeleteOp | GetOp)[]): Promise<TxnResult> {
    return this.store.txn({ compares: [], ops });
  }

  async get(name: string): Promise<StoreEntry | undefined> {
    return this.store.get(this.key(name));
  }

  async text(name: string): Promise<string | undefined> {
    return textOf(await this.get(name));
  }

  /** All entries, as `name -> value`, and the revision that they show. */
  async contents(options: { atRevision?: bigint; pageSize?: number } = {}): Promise<Contents> {
    const entries = new Map<string, string>();
    const revisions = new Set<bigint>();
    for await (const page of this.store.list(this.prefix, options)) {
      revisions.add(page.revision);
      for (const entry of page.entries) {
        holds(hasPrefix(entry.key, this.prefix), 'a listing has a key without the prefix');
        entries.set(this.name(entry.key), textOf(entry)!);
      }
    }
    equal(revisions.size, 1, 'number of revisions in one listing');
    return { entries, revision: [...revisions][0]! };
  }

  name(key: Uint8Array): string {
    return Buffer.from(key.subarray(this.prefix.length)).toString();
  }

  /** Batches of a watch from `fromRevision`, until one reaches `toRevision`. */
  async watched(fromRevision: bigint, toRevision: bigint): Promise<WatchBatch[]> {
    const batches: WatchBatch[] = [];
    for await (const batch of this.store.watch(this.prefix, fromRevision)) {
      batches.push(batch);
      if (batch.revision >= toRevision) break;
    }
    return batches;
  }
}

/** What a listing found. */
export interface Contents {
  readonly entries: ReadonlyMap<string, string>;
  readonly revision: bigint;
}

/** The value of an entry as text. */
export function textOf(entry: StoreEntry | undefined): string | undefined {
  return entry && Buffer.from(entry.value).toString();
}

/** @throws LawBroken unless `condition` */
export function holds(condition: boolean, broken: string): asserts condition {
  if (!condition) throw new LawBroken(broken);
}

/** @throws LawBroken unless both are the same, compared by value for maps and lists */
export function equal(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [show(actual), show(expected)];
  if (left !== right) throw new LawBroken(`${what}: ${left}, expected ${right}`);
}

/** @throws LawBroken unless `action` fails with `code` */
export async function refused(action: () => unknown, code: StoreErrorCode, what: string): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (StoreError.is(error) && error.code === code) return;
    throw new LawBroken(`${what}: refused with ${show(error)}, expected ${code}`, { cause: error });
  }
  throw new LawBroken(`${what}: accepted, expected ${code}`);
}

function show(value: unknown): string {
  if (value instanceof Error) return String(value);
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`;
    if (part instanceof Map) return [...part].sort();
    return part === undefined ? 'undefined' : part;
  });
}
