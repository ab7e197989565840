/** Processes for tests of the directory: lookup servers and their clients, on this machine. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { COMMAND } from './private-world.js';

/** A lookup server at work. */
export interface Serving {
  readonly child: ChildProcess;
  /** `host:port`. */
  readonly endpoint: string;
  readonly ended: Promise<number | null>;
}

/** Runs `overlane directory` to its end. */
export function directory(...words: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [COMMAND, 'directory', ...words], { encoding: 'utf8' });
}

/** Starts `overlane directory serve` and waits until it has loaded everything. */
export async function serve(store: string, ...more: readonly string[]): Promise<Serving> {
  const words = ['directory', 'serve', '--store', store, '--listen', '127.0.0.1:0', '--log-level', 'warn', ...more];
  const child = spawn(process.execPath, [COMMAND, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { event: string; listen: string };
    if (event.event !== 'ready') continue;
    child.stdout.resume();
    return { child, endpoint: event.listen, ended };
  }
  throw new Error(`the server has ended: ${said}`);
}
