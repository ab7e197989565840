import { type Outcome, failureOf } from './events.js';
import type { CacheEntry } from './mapping-cache.js';

/** What a resolution gets from an entry that is fresh. */
export function outcomeOf(entry: CacheEntry): Outcome {
  if (entry.mapping !== undefined) return { state: 'resolved', mapping: entry.mapping };
  return { state: 'failed', code: failureOf(entry.code) };
}

/** The entry as it may be used when nobody answers, or `undefined` if it is too old. */
export function staleOf(entry: CacheEntry, maxStaleMs: number, nowMs: number): Outcome | undefined {
  if (entry.mapping === undefined || nowMs >= entry.freshUntilMs + maxStaleMs) return undefined;
  const stale = nowMs >= entry.freshUntilMs;
  return { state: 'resolved', mapping: stale ? { ...entry.mapping, stale } : entry.mapping };
}
