/** How the command ends: 0 done, 1 the input or the outcome is bad, 2 wrong use. */

/** Exit statuses, as scripts rely on them. */
export const EXIT = { DONE: 0, BAD: 1, USAGE: 2 } as const;

/** The command was used wrongly: an option or a configuration. Ends with status 2 and this message. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The input or the outcome is bad. Ends with status 1 and this message. */
export class OutcomeError extends Error {
  override readonly name = 'OutcomeError';
}
