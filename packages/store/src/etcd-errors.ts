import type { ServiceError } from '@grpc/grpc-js';
import { StoreError, StoreUnavailableError } from './errors.js';

/* Status codes of gRPC. */
const CANCELLED = 1;
const UNKNOWN = 2;
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const RESOURCE_EXHAUSTED = 8;
const FAILED_PRECONDITION = 9;
const OUT_OF_RANGE = 11;
const UNIMPLEMENTED = 12;
const INTERNAL = 13;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

/** What etcd says when it has not touched a request. Other failures of a write leave its fate open. */
const REFUSED = /no leader|too many requests|not capable|learner|No connection established|Name resolution failed/i;

/** Texts of etcd's errors, `api/v3rpc/rpctypes/error.go`. */
const TEXT = {
  compacted: 'required revision has been compacted',
  future: 'required revision is a future revision',
  leaseNotFound: 'requested lease not found',
  noSpace: 'database space exceeded',
} as const;

/** True if `error` means that revisions asked for are gone. */
export function isCompacted(error: unknown): boolean {
  return statusOf(error)?.code === OUT_OF_RANGE && String(error).includes(TEXT.compacted);
}

/** True if `error` says that a lease is not there. */
export function isLeaseNotFound(error: unknown): boolean {
  return statusOf(error)?.code === NOT_FOUND && String(error).includes(TEXT.leaseNotFound);
}

/** Failures of the way there and back, or of one member: they say nothing about the request. */
const AMBIGUOUS: ReadonlySet<number> = new Set([CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, INTERNAL, UNAVAILABLE]);

/** True if another member may answer where this one has failed. */
export function isWorthRetrying(error: unknown): boolean {
  const code = statusOf(error)?.code;
  return code !== undefined && AMBIGUOUS.has(code);
}

/** True if a failed request was certainly not executed. */
export function isRefused(error: unknown): boolean {
  const status = statusOf(error);
  return status !== undefined && (!isWorthRetrying(error) || REFUSED.test(status.details));
}

/** The error that callers get. A `StoreError` stays what it is. */
export function storeErrorOf(subject: string, error: unknown, outcome: 'notApplied' | 'unknown'): StoreError {
  if (StoreError.is(error)) return error;
  const status = statusOf(error);
  const text = status?.details ?? String(error);
  const make = (code: ConstructorParameters<typeof StoreError>[0], fact: string): StoreError =>
    new StoreError(code, subject, `${fact} (${text})`, { cause: error });
  switch (status?.code) {
    case INVALID_ARGUMENT:
      return make('E_STORE_BAD_REQUEST', 'etcd does not take the request');
    case NOT_FOUND:
      if (text.includes(TEXT.leaseNotFound))
        return make('E_STORE_LEASE_NOT_FOUND', 'the lease has ended, or never was');
      break;
    case OUT_OF_RANGE:
      if (text.includes(TEXT.future)) return make('E_STORE_FUTURE_REVISION', 'the store has not reached this revision');
      break;
    case RESOURCE_EXHAUSTED:
      if (!text.includes(TEXT.noSpace)) break;
      return make('E_STORE_DISK_FULL', "etcd's quota is used up; compact, defragment and disarm the alarm");
    case PERMISSION_DENIED:
    case UNAUTHENTICATED:
      return make('E_STORE_NO_PERMISSION', 'etcd refuses this client');
    case FAILED_PRECONDITION:
    case UNIMPLEMENTED:
      return make('E_STORE_UNSUPPORTED', 'this etcd cannot do that; 3.4 or later is needed');
  }
  const applied = status === undefined || isRefused(error) ? 'notApplied' : outcome;
  return new StoreUnavailableError(subject, `no answer from etcd (${text})`, applied, { cause: error });
}

function statusOf(error: unknown): ServiceError | undefined {
  return error instanceof Error && 'code' in error && 'details' in error ? (error as ServiceError) : undefined;
}
