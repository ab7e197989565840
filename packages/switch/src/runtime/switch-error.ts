/** A switch could not be started, or its worker died. `code` is the cause's, such as `E_NETIO_NO_PERMISSION` or `E_CONFIG`. */
export class SwitchError extends Error {
  override readonly name = 'SwitchError';
  /** Name of the cause. */
  readonly code: string;

  /** An error with the code and message of its cause. */
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
