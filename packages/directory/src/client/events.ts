import type { Mapping, MappingKey } from '../model.js';
import type { ChangeResult } from '../old1/result.js';
import { CODE } from '../old1/constants.js';

/** A mapping as the client knows it. The owner is not told in answers. */
export interface ResolvedMapping extends Omit<Mapping, 'owner'> {
  /** True if it has expired, and is used because no server answers. */
  readonly stale: boolean;
}

/** Why something failed: a code of the wire, or one of the client's own. */
export type FailureCode = Exclude<keyof typeof CODE, 'OK' | 'NOT_MODIFIED'> | 'NO_SERVER' | 'DEADLINE' | 'CLOSED';

/** What became of a call right away. */
export type Outcome =
  | { readonly state: 'resolved'; readonly mapping: ResolvedMapping }
  | { readonly state: 'failed'; readonly code: FailureCode }
  /** An event with this number will follow, exactly once. */
  | { readonly state: 'pending'; readonly request: number };

/** What the client wants its surroundings to do or to know. Octets belong to whoever takes the event. */
export type ClientEvent =
  /** Send this to the server of that number. */
  | { readonly type: 'send'; readonly server: number; readonly datagram: Uint8Array }
  /** Send this to where the correction came from. */
  | { readonly type: 'acknowledge'; readonly datagram: Uint8Array }
  | { readonly type: 'resolved'; readonly request: number; readonly mapping: ResolvedMapping }
  | { readonly type: 'failed'; readonly request: number; readonly code: FailureCode }
  /** An update was answered: one result per change, in their order. */
  | { readonly type: 'updated'; readonly request: number; readonly results: readonly ChangeResult[] }
  /** A cached entry turned out to be stale; `mapping` is what holds, `undefined` after a delete. */
  | { readonly type: 'moved'; readonly key: MappingKey; readonly mapping: ResolvedMapping | undefined }
  /** The store was restored or rebuilt: the cache is empty. */
  | { readonly type: 'epochChanged'; readonly epoch: number };

const NAMES = new Map<number, string>(Object.entries(CODE).map(([name, code]) => [code, name]));

/** The name of a wire code other than OK. */
export function failureOf(code: number): FailureCode {
  return (NAMES.get(code) ?? 'MALFORMED') as FailureCode;
}

/** What the client has counted since it was made. */
export class ClientCounters {
  /** Resolutions answered from the cache. */
  hits = 0;
  /** Resolutions that joined a query in flight. */
  joined = 0;
  /** Queries sent, batches counted by their questions. */
  queries = 0;
  /** Queries asked again because nobody usable answered in time. */
  retries = 0;
  /** Replies that improved the cache after the query was answered. */
  repairs = 0;
  /** Resolutions answered with an expired entry. */
  stale = 0;
  /** Datagrams that are no OLD/1. */
  malformed = 0;
  /** Datagrams whose tag is missing or wrong. */
  unauthenticated = 0;
  /** Replies that nobody waits for: late, doubled, forged, or from the wrong server. */
  unexpected = 0;
  /** Replies whose answers are not those to the questions. */
  mismatched = 0;
  /** Answers older than what is known. */
  outdated = 0;
  /** Corrections taken. */
  corrections = 0;
  /** Stale reports sent. */
  reports = 0;
  /** Stale reports held back by the rate limits. */
  reportsHeld = 0;
  /** Entries that made room for others. */
  evictions = 0;
}
