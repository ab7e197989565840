/** What a directory call can fail with. Bad octets are `CodecError` of `@overlane/wire`. */
import type { FailureCode } from './client/events.js';
import { CODE } from './old1/constants.js';
import type { ChangeResult } from './old1/result.js';

const BRAND = Symbol.for('@overlane/directory.DirectoryError');

/** A call that failed. Test `code`, or with `DirectoryError.is`: the ESM and CJS builds hold different copies of the class. */
export class DirectoryError extends Error {
  override readonly name: string = 'DirectoryError';
  /** Why; stable API. */
  readonly code: FailureCode;
  /** Of an update that was answered: what became of each change, in their order. */
  readonly results: readonly ChangeResult[];
  /** Brand shared by every copy of this class in the process. */
  readonly [BRAND] = true;

  /** An error that says `what` failed, and why. */
  constructor(code: FailureCode, what: string, results: readonly ChangeResult[] = []) {
    super(`directory: ${what}: ${code}`);
    this.code = code;
    this.results = results;
  }

  /** True if `error` is a `DirectoryError` of any copy of this package. */
  static is(error: unknown): error is DirectoryError {
    return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[BRAND] === true;
  }
}

/** No server gave an acceptable answer in time, and nothing usable is cached. */
export class NoServerError extends DirectoryError {
  override readonly name = 'NoServerError';
}

/** No server confirmed the update in time. Whether it was made is not known: look, or repeat it conditionally. */
export class DeadlineError extends DirectoryError {
  override readonly name = 'DeadlineError';
}

/** There is no such address, or this host may not know of it. */
export class NotFoundError extends DirectoryError {
  override readonly name = 'NotFoundError';
}

/** The policy forbids it, and the server was told to say so. */
export class DeniedError extends DirectoryError {
  override readonly name = 'DeniedError';
}

/** A conditional change met another version. */
export class VersionMismatchError extends DirectoryError {
  override readonly name = 'VersionMismatchError';

  /** Version that is there, 0 if there is none. */
  get current(): number {
    return this.results.find(({ code }) => code === CODE.VERSION_MISMATCH)?.version ?? 0;
  }
}

/** The mapping belongs to another host. */
export class NotOwnerError extends DirectoryError {
  override readonly name = 'NotOwnerError';
}

/** The servers can't reach their store. Lookups go on. */
export class StoreUnavailableError extends DirectoryError {
  override readonly name = 'StoreUnavailableError';
}

const CLASSES: Partial<Record<FailureCode, typeof DirectoryError>> = {
  NO_SERVER: NoServerError,
  DEADLINE: DeadlineError,
  NOT_FOUND: NotFoundError,
  DENIED: DeniedError,
  VERSION_MISMATCH: VersionMismatchError,
  NOT_OWNER: NotOwnerError,
  STORE_UNAVAILABLE: StoreUnavailableError,
};

/** The error of the right class for a code. */
export function directoryError(code: FailureCode, what: string, results: readonly ChangeResult[] = []): DirectoryError {
  return new (CLASSES[code] ?? DirectoryError)(code, what, results);
}
