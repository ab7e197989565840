import {
  CompactedError,
  type Compare,
  type Lease,
  type ListOptions,
  type Op,
  type OpResult,
  type StoreBackend,
  type StoreCapabilities,
  type StoreEntry,
  type StoreEvent,
  type StorePage,
  type StoreStamp,
  type StoreTxn,
  StoreUnavailableError,
  type TxnResult,
  type WatchBatch,
  type WatchOptions,
} from '@overlane/store';
import type { VirtualClock } from './clock.js';

interface Item {
  readonly value: Uint8Array;
  readonly createRevision: bigint;
  readonly modRevision: bigint;
}

interface LogEntry {
  readonly revision: bigint;
  readonly events: readonly StoreEvent[];
}

/** What a watch does to the events it should deliver: `lose` and `repeat` are chances in 0..1. */
export interface WatchFaults {
  lose: number;
  repeat: number;
  delayMaxMs: number;
}

/** The truth, shared by all connections: a map, and a log of what changed it. */
export class SimulatedStore {
  readonly items = new Map<string, Item>();
  readonly log: LogEntry[] = [];
  readonly faults: WatchFaults = { lose: 0, repeat: 0, delayMaxMs: 0 };
  epoch = 1;
  revision = 0n;
  compactedTo = 0n;
  readonly clock: VirtualClock;
  readonly random: () => number;
  readonly #waiters = new Set<() => void>();

  constructor(clock: VirtualClock, random: () => number) {
    this.clock = clock;
    this.random = () => random() / 2 ** 32;
  }

  /** A connection of one process. */
  connect(): SimulatedConnection {
    return new SimulatedConnection(this);
  }

  /** As if restored from a backup that had lost everything. */
  rebuild(): void {
    this.items.clear();
    this.log.length = 0;
    this.revision = 0n;
    this.compactedTo = 0n;
    this.epoch++;
  }

  compact(): void {
    this.compactedTo = this.revision;
    this.log.length = 0;
    this.wake();
  }

  apply({ compares, ops, elseOps = [] }: StoreTxn): TxnResult {
    const succeeded = compares.every((compare) => this.#holds(compare));
    const events: StoreEvent[] = [];
    const results = (succeeded ? ops : elseOps).map((op) => this.#do(op, this.revision + 1n, events));
    if (events.length > 0) {
      this.revision++;
      this.log.push({ revision: this.revision, events });
      this.wake();
    }
    return { succeeded, revision: this.revision, results };
  }

  entry(name: string, key: Uint8Array): StoreEntry | undefined {
    const item = this.items.get(name);
    return item === undefined ? undefined : { key, ...item, lease: 0n };
  }

  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiters.add(resolve));
  }

  wake(): void {
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }

  #holds({ key, target, op, value }: Compare): boolean {
    const item = this.items.get(nameOf(key));
    const actual = item === undefined || target === 'lease' ? 0n : item[target];
    if (op === '=') return actual === value;
    if (op === '!=') return actual !== value;
    return op === '>' ? actual > value : actual < value;
  }

  #do(op: Op, revision: bigint, events: StoreEvent[]): OpResult {
    const name = nameOf(op.key);
    if (op.type === 'get') return { type: 'get', entry: this.entry(name, op.key) };
    const before = this.items.get(name);
    if (op.type === 'delete') {
      if (before === undefined) return { type: 'delete', deleted: false };
      this.items.delete(name);
      events.push({ type: 'delete', key: op.key, modRevision: revision });
      return { type: 'delete', deleted: true };
    }
    const createRevision = before?.createRevision ?? revision;
    this.items.set(name, { value: op.value, createRevision, modRevision: revision });
    events.push({ type: 'put', key: op.key, value: op.value, createRevision, modRevision: revision, lease: 0n });
    return { type: 'put' };
  }
}

/** A connection that can be cut, is slow, and whose watch has the store's faults. */
export class SimulatedConnection implements StoreBackend {
  readonly capabilities: StoreCapabilities = { distributed: true, watch: 'push', maxTxnOps: 64 };
  isCut = false;
  latencyMs = 1;
  /** Chance that a transaction is done but its result is lost. */
  loseResult = 0;
  readonly #store: SimulatedStore;

  constructor(store: SimulatedStore) {
    this.#store = store;
  }

  async txn(transaction: StoreTxn): Promise<TxnResult> {
    if (transaction.compares.length > 64 || transaction.ops.length > 64) throw new Error('transaction too large');
    const written = transaction.ops.filter(({ type }) => type !== 'get').map(({ key }) => nameOf(key));
    if (new Set(written).size !== written.length) throw new Error('a key is written twice');
    await this.#travel();
    const result = this.#store.apply(transaction);
    await this.#travel();
    if (this.#store.random() < this.loseResult) throw new StoreUnavailableError('simulation', 'result lost', 'unknown');
    return result;
  }

  async get(key: Uint8Array): Promise<StoreEntry | undefined> {
    await this.#travel();
    return this.#store.entry(nameOf(key), key);
  }

  async *list(prefix: Uint8Array, { pageSize = 10_000 }: ListOptions = {}): AsyncIterable<StorePage> {
    await this.#travel();
    const { revision, items } = this.#store;
    const entries = [...items]
      .filter(([name]) => name.startsWith(nameOf(prefix)))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]): StoreEntry => ({ key: octetsOf(name), ...item, lease: 0n }));
    for (let i = 0; i === 0 || i < entries.length; i += pageSize) {
      yield { revision, entries: entries.slice(i, i + pageSize) };
      await this.#travel();
    }
  }

  async count(prefix: Uint8Array): Promise<{ count: number; revision: bigint }> {
    await this.#travel();
    const names = [...this.#store.items.keys()].filter((name) => name.startsWith(nameOf(prefix)));
    return { count: names.length, revision: this.#store.revision };
  }

  async *watch(prefix: Uint8Array, from: bigint, { signal }: WatchOptions = {}): AsyncIterable<WatchBatch> {
    const store = this.#store;
    let next = from;
    let ended = false;
    const aborted = new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
    signal?.addEventListener('abort', () => (ended = true));
    while (!ended) {
      if (next <= store.compactedTo) throw new CompactedError('simulation', next, store.compactedTo);
      const found = this.isCut ? undefined : store.log.find(({ revision }) => revision >= next);
      if (found === undefined) {
        await Promise.race([store.changed(), store.clock.after(500), aborted]);
        continue;
      }
      await store.clock.after(store.random() * store.faults.delayMaxMs);
      next = found.revision + 1n;
      const ours = found.events.filter(({ key }) => nameOf(key).startsWith(nameOf(prefix)));
      const events = ours.filter(() => store.random() >= store.faults.lose);
      yield { revision: found.revision, events };
      if (store.random() < store.faults.repeat) yield { revision: found.revision, events };
    }
  }

  async stamp(): Promise<StoreStamp> {
    await this.#travel();
    return { epoch: this.#store.epoch, revision: this.#store.revision };
  }

  lease(): Promise<Lease> {
    throw new Error('nobody needs leases here');
  }

  advanceEpoch(): Promise<StoreStamp> {
    throw new Error('nobody advances the epoch here');
  }

  async close(): Promise<void> {
    this.isCut = true;
  }

  async #travel(): Promise<void> {
    await this.#store.clock.after(this.#store.random() * this.latencyMs);
    if (this.isCut) {
      await this.#store.clock.after(200);
      throw new StoreUnavailableError('simulation', 'cut off', 'notApplied');
    }
  }
}

/** Octets as text, for maps; it sorts as the octets do. */
export function nameOf(octets: Uint8Array): string {
  return String.fromCharCode(...octets);
}

function octetsOf(name: string): Uint8Array {
  return Uint8Array.from(name, (letter) => letter.charCodeAt(0));
}
