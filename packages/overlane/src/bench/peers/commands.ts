import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Runs a program to its end. */
export const run = promisify(execFile);

/** Whether the program can be run and says that all is well. */
export function answers(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}

/** Output of a program as words, such as the flags that `pkg-config` knows. */
export async function wordsOf(command: string, args: readonly string[]): Promise<string[]> {
  const { stdout } = await run(command, args);
  return stdout.split(/\s+/).filter((word) => word !== '');
}

/** The programs stand in `peers/` of this package, three folders above this module in `src` and in `dist`. */
export function peerFile(name: string): string {
  return fileURLToPath(new URL(`../../../peers/${name}`, import.meta.url));
}
