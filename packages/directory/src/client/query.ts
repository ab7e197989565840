import type { MappingKey, StoreStamp } from '../model.js';
import type { Answer } from '../old1/answer.js';
import type { Awaited } from './outstanding.js';
import type { ServerState } from './server-pool.js';

/** Whether an answer from the cache will do, or the server must confirm with the store. */
export type Freshness = 'cached' | 'confirmed';

/** One question in flight, and all who wait for its answer. */
export interface Query {
  /** Name in the cache. */
  readonly view: string;
  readonly key: MappingKey;
  readonly source: MappingKey;
  readonly freshness: Freshness;
  /** Requests to answer; none for a refresh in the background. */
  readonly waiters: number[];
  readonly deadlineMs: number;
  /** Rounds begun. */
  round: number;
  /** Servers asked in the last round. */
  asked: Set<number>;
  /** Attempts that may still answer in time. */
  readonly open: Set<LookupAttempt>;
  /** Times it was sent; tells the timers of a round that another has begun. */
  sends: number;
  /** True while it stands in the batch. */
  queued: boolean;
  /** True if its answer did not fit, so that the next request is padded to the full. */
  roomy: boolean;
  /** Times it was asked again at once: its reply had no room for it, or confirmed what is no longer cached. */
  putBack: number;
  /** Best "there is none" so far that was not certain enough. */
  held: { readonly answer: Answer; readonly stamp: StoreStamp } | undefined;
  done: boolean;
}

/** A query that nobody has been asked yet. */
export function makeQuery(
  view: string,
  key: MappingKey,
  source: MappingKey,
  freshness: Freshness,
  deadlineMs: number,
): Query {
  const state = { round: 0, sends: 0, queued: false, roomy: false, putBack: 0, held: undefined, done: false };
  return { view, key, source, freshness, deadlineMs, waiters: [], asked: new Set(), open: new Set(), ...state };
}

/** One datagram with questions, to one server. */
export interface LookupAttempt extends Awaited {
  readonly kind: 'lookup';
  readonly server: ServerState;
  readonly queries: readonly Query[];
  readonly sentMs: number;
  /** Times in a row that the server has answered with a challenge instead. */
  readonly challenges: number;
}
