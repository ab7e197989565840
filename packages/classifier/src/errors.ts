/** Names of what is wrong with a rule, a match or a set of options. Thrown when rules change, never per packet. */
export type ClassifierErrorCode =
  | 'E_UNKNOWN_FIELD'
  | 'E_FIELD_WIDTH'
  | 'E_VALUE_OUTSIDE_MASK'
  | 'E_NOT_MASKABLE'
  | 'E_PREREQ'
  | 'E_RANGE_EMPTY'
  | 'E_RANGE_TOO_WIDE'
  | 'E_DUP_FIELD'
  | 'E_BAD_PRIORITY'
  | 'E_BAD_OPTION'
  | 'E_BAD_TEXT'
  | 'E_OVERLAP'
  | 'E_TABLE_FULL'
  | 'E_STALE_RULE'
  | 'E_NO_RULE'
  | 'E_TX_NESTED'
  | 'E_TX_CLOSED';

/** A rule, a match or an option that cannot be taken. Nothing has changed when this is thrown. */
export class ClassifierError extends Error {
  override readonly name = 'ClassifierError';
  /** What is wrong. */
  readonly code: ClassifierErrorCode;
  /** Where: the name of the field or option, such as `l4_dst`. */
  readonly path: string;

  /** An error about `path`; `detail` says what was found and what is allowed. */
  constructor(code: ClassifierErrorCode, path: string, detail: string) {
    super(`${path}: ${detail} (${code})`);
    this.code = code;
    this.path = path;
  }
}
