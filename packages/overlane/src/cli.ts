import { ConfigError } from '@overlane/switch';
import { CommanderError } from 'commander';
import { EXIT, UsageError } from './exit.js';
import { createProgram } from './program.js';

/** Runs the command line and returns the exit status. Every error is one message on standard error, never a trace. */
async function main(argv: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(argv);
    return process.exitCode === undefined ? EXIT.DONE : Number(process.exitCode);
  } catch (error) {
    // Commander has printed its own message; its help and version requests are errors with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.DONE : EXIT.USAGE;
    process.stderr.write(`overlane: ${(error as Error).message}\n`);
    if (process.env['OVERLANE_DEBUG'] !== undefined) process.stderr.write(`${(error as Error).stack}\n`);
    return error instanceof UsageError || error instanceof ConfigError ? EXIT.USAGE : EXIT.BAD;
  }
}

// A closed pipe, as in `overlane dissect FILE | head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.DONE);
  throw error;
});

void main(process.argv).then((status) => {
  process.exitCode = status;
});
