import { type SpawnOptions, spawn } from 'node:child_process';
import { OutcomeError } from '../exit.js';

/** How a program ended. */
export interface ProgramResult {
  /** Exit status; `null` if a signal ended it. */
  readonly status: number | null;
  /** What it wrote. */
  readonly stdout: string;
  /** What it wrote to standard error. */
  readonly stderr: string;
}

/** Runs a program to its end with `input` on its standard input. Any exit status is a result. @throws OutcomeError if it can't be started */
export function tryProgram(file: string, args: readonly string[], input = ''): Promise<ProgramResult> {
  // The C locale, because some outputs are read here.
  const options: SpawnOptions = { stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' } };
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, options);
    let stdout = '';
    let stderr = '';
    child.stdout!.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    // A program may end without having read its input.
    child.stdin!.on('error', () => undefined);
    child.stdin!.end(input);
    child.once('error', (error) => reject(new OutcomeError(`can't run ${file}: ${error.message}`)));
    child.once('close', (status) => resolve({ status, stdout, stderr }));
  });
}

/** The same, and returns what it wrote. @throws OutcomeError also if it fails, with what it said */
export async function runProgram(file: string, args: readonly string[], input = ''): Promise<string> {
  const { status, stdout, stderr } = await tryProgram(file, args, input);
  if (status === 0) return stdout;
  throw new OutcomeError(`${[file, ...args].join(' ')} failed: ${stderr.trim() || `status ${status}`}`);
}
