import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { SwitchSnapshot } from '@overlane/switch';
import { OutcomeError } from '../exit.js';

/** The built command line, which runs `overlane switch`. */
const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));

/** Arguments for Node that run this command line with `args`. */
export function commandLine(...args: readonly string[]): string[] {
  return [...process.execArgv, CLI, ...args];
}

/** The real `overlane switch`, in a process of its own inside a network namespace. */
export class SwitchProcess {
  /** Settles when its devices are there. Rejects if it ends before, with what it said. */
  readonly ready: Promise<void>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #stopped: Promise<SwitchSnapshot>;

  /** Starts it with the configuration in the file `config`. */
  constructor(namespace: string, config: string) {
    const args = ['netns', 'exec', namespace, process.execPath];
    const child = spawn('ip', [...args, ...commandLine('switch', '--config', config, '--log-level', 'error')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = new Promise<never>((_, reject) => {
      child.once('error', (error) =>
        reject(new OutcomeError(`can't start the switch of ${namespace}: ${error.message}`)),
      );
      child.once('close', (status) =>
        reject(new OutcomeError(`the switch of ${namespace} ended with status ${status}: ${stderr.trim()}`)),
      );
    });
    const lines = createInterface({ input: child.stdout });
    const event = <Event>(name: string): Promise<Event> =>
      new Promise((resolve) => {
        lines.on('line', (line) => {
          const parsed = JSON.parse(line) as Event & { event: string };
          if (parsed.event === name) resolve(parsed);
        });
      });
    this.#child = child;
    this.ready = Promise.race([event<unknown>('ready'), ended]).then(() => undefined);
    this.#stopped = Promise.race([event<SwitchSnapshot>('stopped'), ended]);
    // Both reject if the process dies; whoever waits for them gets the error.
    this.ready.catch(() => undefined);
    this.#stopped.catch(() => undefined);
  }

  /** Ends it in order, and returns its last counters. */
  stop(): Promise<SwitchSnapshot> {
    this.#child.kill('SIGTERM');
    return this.#stopped;
  }

  /** Ends it at once, if it has not ended. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
