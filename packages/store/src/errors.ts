/** What can go wrong with a store. Stable API. */
export type StoreErrorCode =
  | 'E_STORE_BAD_REQUEST'
  | 'E_STORE_CLOSED'
  | 'E_STORE_COMPACTED'
  | 'E_STORE_CORRUPT'
  | 'E_STORE_DISK_FULL'
  | 'E_STORE_FUTURE_REVISION'
  | 'E_STORE_INSECURE'
  | 'E_STORE_LEASE_NOT_FOUND'
  | 'E_STORE_LOCKED'
  | 'E_STORE_NO_DIRECTORY'
  | 'E_STORE_NO_PERMISSION'
  | 'E_STORE_REWOUND'
  | 'E_STORE_TOO_LARGE'
  | 'E_STORE_UNAVAILABLE'
  | 'E_STORE_UNSUPPORTED';

const BRAND = Symbol.for('@overlane/store.StoreError');

/**
 * Every error of this package: `subject: fact`, with a remedy where there is one. Test with {@link StoreError.is} and the
 * `code`: the ESM and CJS builds hold different copies of the class, so `instanceof` can lie.
 */
export class StoreError extends Error {
  override readonly name: string = 'StoreError';
  /** Stable name of the failure. */
  readonly code: StoreErrorCode;
  /** The directory, endpoint or option that it is about. */
  readonly subject: string;
  /** Brand shared by every copy of this class in the process. */
  readonly [BRAND] = true;

  /** Builds the message `subject: fact`. */
  constructor(code: StoreErrorCode, subject: string, fact: string, options?: ErrorOptions) {
    super(`${subject}: ${fact}`, options);
    this.code = code;
    this.subject = subject;
  }

  /** True if `error` is a `StoreError` of any copy of this package. */
  static is(error: unknown): error is StoreError {
    return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[BRAND] === true;
  }
}

/** The revisions asked for are no longer kept. List anew, then watch from there. */
export class CompactedError extends StoreError {
  override readonly name = 'CompactedError';
  /** A listing at this revision, and a watch from the next one, are still possible (as far as is known). */
  readonly compactRevision: bigint;

  /** `asked` is the revision that was wanted. */
  constructor(subject: string, asked: bigint, compactRevision: bigint) {
    super(
      'E_STORE_COMPACTED',
      subject,
      `revision ${asked} is no longer kept, the past ends at ${compactRevision}; list again, then watch from there`,
    );
    this.compactRevision = compactRevision;
  }

  /** True if `error` is a `CompactedError` of any copy of this package. */
  static override is(error: unknown): error is CompactedError {
    return StoreError.is(error) && error.code === 'E_STORE_COMPACTED';
  }
}

/** The store can't answer now (no quorum, no connection, a deadline passed, the disk failed). Trying again may help. */
export class StoreUnavailableError extends StoreError {
  override readonly name = 'StoreUnavailableError';
  /** `unknown`: the transaction may have been applied, or may yet be; make its repetition harmless by compares. */
  readonly outcome: 'notApplied' | 'unknown';

  /** Builds the message `subject: fact`. */
  constructor(subject: string, fact: string, outcome: 'notApplied' | 'unknown', options?: ErrorOptions) {
    super('E_STORE_UNAVAILABLE', subject, fact, options);
    this.outcome = outcome;
  }

  /** True if `error` is a `StoreUnavailableError` of any copy of this package. */
  static override is(error: unknown): error is StoreUnavailableError {
    return StoreError.is(error) && error.code === 'E_STORE_UNAVAILABLE';
  }
}
