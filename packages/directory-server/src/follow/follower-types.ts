/** What a follower is told and what it tells. */
import type { StoreFault } from './store-layout.js';

/** Times and sizes of following. */
export interface FollowerTimes {
  /** Between two checks against the store, each a tenth more or less. Default 30,000 ms. */
  readonly antiEntropyMs: number;
  /** Between two comparisons of everything, where a table is too large for one at each check. Default 600,000 ms. */
  readonly fullScanMs: number;
  /** Tables up to this size are compared as a whole at each check. Default 100,000. */
  readonly scanEachTime: number;
  /** How long deletions are remembered. Default 600,000 ms: twice the longest default life of an answer. */
  readonly tombstoneHoldMs: number;
}

/** Defaults of {@link FollowerTimes}. */
export const FOLLOWER_TIMES: FollowerTimes = {
  antiEntropyMs: 30_000,
  fullScanMs: 600_000,
  scanEachTime: 100_000,
  tombstoneHoldMs: 600_000,
};

/** What a follower tells, for logs and counters. */
export type FollowerEvent =
  | { readonly event: 'synced'; readonly mappings: number; readonly revision: number; readonly tookMs: number }
  | { readonly event: 'newEpoch'; readonly epoch: number }
  /** The watch ended and everything is listed again. */
  | { readonly event: 'relist'; readonly reason: string }
  /** What anti-entropy had to mend: events were lost. */
  | { readonly event: 'repaired'; readonly count: number }
  | { readonly event: 'unavailable'; readonly reason: string }
  | { readonly event: 'badEntry'; readonly fault: StoreFault }
  | { readonly event: 'tableFull' }
  /** Time from a write until its event was applied here is unknown; this is how many events came at once. */
  | { readonly event: 'applied'; readonly count: number };
