/** The command line as a library: `createProgram().parseAsync(argv)`. */
export { EXIT, OutcomeError, UsageError } from './exit.js';
export { createProgram } from './program.js';
export { VERSION } from './version.js';
