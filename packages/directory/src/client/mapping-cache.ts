/**
 * What a client remembers, and the rule that it never goes back.
 *
 * An answer is judged by two numbers: the version of the mapping in it, and the revision that its server had reached. Within
 * an epoch both only grow at the store, so an answer with a lower version than the one known is old, whoever sends it; and
 * "there is none" is old if its server has not yet seen the version known. That holds for entries that were evicted, too:
 * the newest version that left is remembered for each of 1,024 groups of keys. A key shares that bound with its group, which
 * errs on the safe side: an answer may be refused for a neighbour's sake, until its server has caught up.
 */
import type { MappingKey, StoreStamp } from '../model.js';
import type { Answer } from '../old1/answer.js';
import { CODE } from '../old1/constants.js';
import type { ResolvedMapping } from './events.js';

/** What the cache holds for a key. */
export interface CacheEntry {
  readonly key: MappingKey;
  /** The mapping, or `undefined` for "there is none". */
  mapping: ResolvedMapping | undefined;
  /** Code of the answer if there is none: NOT_FOUND or DENIED. */
  code: number;
  /** Newest version seen, that of a delete included. */
  version: number;
  /** Newest revision at which a server said so. */
  asOf: number;
  /** When the entry expires, in ms. */
  freshUntilMs: number;
  /** From when on a hit asks for news in the background, in ms. */
  refreshFromMs: number;
}

/** What became of an answer: `taken` changed or renewed the entry, `outdated` did not. */
export type Judgement = 'taken' | 'outdated';

const GROUPS = 1024;
/** Share of its life after which an entry is refreshed. */
const REFRESH_FROM = 0.8;

/** Bounds and times of a cache. */
export interface MappingCacheOptions {
  readonly maxEntries: number;
  readonly negativeTtlMs: number;
  /** Random numbers, 0..2^32-1, for the jitter of TTLs. */
  readonly random32: () => number;
  /** Called when an entry has to go. */
  readonly onEvicted: () => void;
}

/** The cache. Entries are found by a name that the caller makes of key and asker. */
export class MappingCache {
  readonly #options: MappingCacheOptions;
  /** In the order of use, so that the first is the one to evict. */
  readonly #entries = new Map<string, CacheEntry>();
  readonly #evicted = new Float64Array(GROUPS);

  /** An empty cache. */
  constructor(options: MappingCacheOptions) {
    this.#options = options;
  }

  /** Number of entries. */
  get size(): number {
    return this.#entries.size;
  }

  /** The entry, without counting as use. */
  peek(name: string): CacheEntry | undefined {
    return this.#entries.get(name);
  }

  /** The entry, which is now the most recently used. */
  use(name: string): CacheEntry | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return entry;
  }

  /** Forgets everything, the versions of what was evicted included: a new epoch counts anew. */
  clear(): void {
    this.#entries.clear();
    this.#evicted.fill(0);
  }

  /** True if the answer says less than what is known. */
  isOutdated(name: string, answer: Answer, stamp: StoreStamp): boolean {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      const evicted = this.#evicted[groupOf(name)]!;
      return answer.code === CODE.NOT_MODIFIED || (answer.version < evicted && stamp.revision < evicted);
    }
    switch (answer.code) {
      case CODE.NOT_MODIFIED:
        return entry.mapping === undefined || entry.version !== answer.version;
      case CODE.OK:
        if (answer.version < entry.version) return true;
        // Known to be gone at a revision that this server has not reached: it tells of the time before.
        return entry.mapping === undefined && answer.version <= entry.asOf && stamp.revision < entry.asOf;
      default:
        if (answer.version > 0 && answer.version <= entry.version)
          return entry.mapping !== undefined || answer.version < entry.version;
        return answer.version === 0 && stamp.revision < Math.max(entry.version, entry.asOf);
    }
  }

  /** Takes over what the answer says, unless it is outdated. The entry becomes the most recently used. */
  offer(name: string, answer: Answer, stamp: StoreStamp, nowMs: number): Judgement {
    if (this.isOutdated(name, answer, stamp)) return 'outdated';
    const entry = this.use(name) ?? this.#insert(name, answer.key);
    entry.version = Math.max(entry.version, answer.version);
    entry.asOf = Math.max(entry.asOf, stamp.revision);
    if (answer.code === CODE.OK) {
      const { key, locators, mac, ttl, flags, version } = answer;
      entry.mapping = { key, locators, mac, ttl, flags, version, stale: false };
      this.#setLife(entry, ttl * 1000, nowMs);
    } else if (answer.code === CODE.NOT_MODIFIED) this.#setLife(entry, answer.ttl * 1000, nowMs);
    else {
      entry.mapping = undefined;
      entry.code = answer.code;
      entry.freshUntilMs = entry.refreshFromMs = nowMs + this.#options.negativeTtlMs;
    }
    return 'taken';
  }

  /** From now on nothing older than `version` is taken for the key, and what is cached has expired: for own writes. */
  raise(name: string, key: MappingKey, version: number, nowMs: number): void {
    const entry = this.use(name) ?? this.#insert(name, key);
    if (version <= entry.version) return;
    entry.mapping = undefined;
    entry.code = CODE.NOT_FOUND;
    entry.version = version;
    entry.freshUntilMs = entry.refreshFromMs = nowMs;
  }

  #setLife(entry: CacheEntry, lifeMs: number, nowMs: number): void {
    // Ten percent either way, so that entries made together do not expire together.
    const jittered = lifeMs * (0.9 + (0.2 * this.#options.random32()) / 2 ** 32);
    entry.freshUntilMs = nowMs + jittered;
    entry.refreshFromMs = nowMs + jittered * REFRESH_FROM;
  }

  #insert(name: string, key: MappingKey): CacheEntry {
    if (this.#entries.size >= this.#options.maxEntries) this.#evictFirst();
    const entry = { key, mapping: undefined, code: 0, version: 0, asOf: 0, freshUntilMs: 0, refreshFromMs: 0 };
    this.#entries.set(name, entry);
    return entry;
  }

  #evictFirst(): void {
    for (const [name, entry] of this.#entries) {
      const group = groupOf(name);
      this.#evicted[group] = Math.max(this.#evicted[group]!, entry.version);
      this.#entries.delete(name);
      this.#options.onEvicted();
      return;
    }
  }
}

/** FNV-1a over the characters: which of the groups a name belongs to. */
function groupOf(name: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x0100_0193);
  return (hash ^ (hash >>> 16)) & (GROUPS - 1);
}
