import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { type Interface, createInterface } from 'node:readline';
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

/** Whether a switch's process counts its garbage collections. */
export type CollectionCount = 'uncounted' | 'counted';

/** What V8 prints of a collection. */
const COLLECTION = /Scavenge|Mark-Compact/;

/** The real `overlane switch`, in a process of its own inside a network namespace. */
export class SwitchProcess {
  /** Settles when its devices are there. Rejects if it ends before, with what it said. */
  readonly ready: Promise<void>;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #lines: Interface;
  readonly #ended: Promise<never>;
  readonly #stopped: Promise<SwitchSnapshot>;
  #collections = 0;

  /** Starts it with the configuration in the file `config`. */
  constructor(namespace: string, config: string, collections: CollectionCount = 'uncounted') {
    const node = [process.execPath, ...commandLine('switch', '--config', config, '--log-level', 'error')];
    // V8 writes by the C library, which would keep the lines for itself.
    if (collections === 'counted') node.splice(0, 1, 'stdbuf', '-oL', process.execPath, '--trace-gc');
    const child = spawn('ip', ['netns', 'exec', namespace, ...node], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    this.#ended = new Promise<never>((_, reject) => {
      child.once('error', (error) =>
        reject(new OutcomeError(`can't start the switch of ${namespace}: ${error.message}`)),
      );
      child.once('close', (status) =>
        reject(new OutcomeError(`the switch of ${namespace} ended with status ${status}: ${stderr.trim()}`)),
      );
    });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
    this.#lines.on('line', (line) => {
      if (!line.startsWith('{') && COLLECTION.test(line)) this.#collections++;
    });
    this.ready = this.#event<unknown>('ready').then(() => undefined);
    this.#stopped = this.#event<SwitchSnapshot>('stopped');
    // These reject if the process dies; whoever waits for them gets the error.
    for (const promise of [this.#ended, this.ready, this.#stopped]) promise.catch(() => undefined);
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid!;
  }

  /** Garbage collections so far, in all its threads; 0 if they are not counted. */
  get collections(): number {
    return this.#collections;
  }

  /** Counters now. @throws OutcomeError if it has ended */
  snapshot(): Promise<SwitchSnapshot> {
    const counters = this.#event<SwitchSnapshot>('counters');
    this.#child.kill('SIGUSR1');
    return counters;
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

  /** The next event of a name that it prints. */
  #event<Event>(name: string): Promise<Event> {
    const printed = new Promise<Event>((resolve) => {
      const read = (line: string): void => {
        if (!line.startsWith('{')) return;
        const parsed = JSON.parse(line) as Event & { event: string };
        if (parsed.event !== name) return;
        this.#lines.off('line', read);
        resolve(parsed);
      };
      this.#lines.on('line', read);
    });
    return Promise.race([printed, this.#ended]);
  }
}
