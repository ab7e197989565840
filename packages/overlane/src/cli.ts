import { type Command, CommanderError } from 'commander';
import { EXIT, UsageError } from './exit.js';

/** Runs the command line and returns the exit status. Every error is one message on standard error, never a trace. */
async function main(argv: readonly string[]): Promise<number> {
  try {
    const program = await loadProgram(argv[2]);
    await program.parseAsync(argv);
    return process.exitCode === undefined ? EXIT.DONE : Number(process.exitCode);
  } catch (error) {
    // Commander has printed its own message; its help and version requests are errors with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.DONE : EXIT.USAGE;
    process.stderr.write(`overlane: ${(error as Error).message}\n`);
    if (process.env['OVERLANE_DEBUG'] !== undefined) process.stderr.write(`${(error as Error).stack}\n`);
    const isUsage = error instanceof UsageError || (error as { readonly code?: string }).code === 'E_CONFIG';
    return isUsage ? EXIT.USAGE : EXIT.BAD;
  }
}

/**
 * The command line as far as it is needed. A switch runs for long, so it loads its own command only: a fifth of the
 * time to load, and a third of the heap to keep.
 */
async function loadProgram(command: string | undefined): Promise<Command> {
  if (command !== 'switch') return (await import('./program.js')).createProgram();
  const [{ createProgramOf }, { addSwitchCommand }] = await Promise.all([
    import('./program-frame.js'),
    import('./commands/switch.js'),
  ]);
  return createProgramOf([addSwitchCommand]);
}

// A closed pipe, as in `overlane dissect FILE | head`, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT.DONE);
  throw error;
});

void main(process.argv).then((status) => {
  process.exitCode = status;
});
