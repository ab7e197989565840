import { CodecError } from '@overlane/wire';

/** The error that `run` refuses its input with. @throws Error if it doesn't */
export function refusal(run: () => unknown): CodecError {
  try {
    run();
  } catch (error) {
    if (CodecError.is(error)) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
