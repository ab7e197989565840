import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { OutcomeError } from '../exit.js';
import type { FiguresAnswer, HeapAnswer, Request, RoundAnswer, VersionAnswer, WarmAnswer } from './protocol.js';
import type { Figure } from './suite.js';

/** Longest wait for an answer. The slowest is the first of DPDK's with 64,000 rules, half a minute. */
const ANSWER_TIMEOUT_MS = 180_000;

interface Waiting {
  readonly answered: (line: string) => void;
  readonly failed: (error: Error) => void;
}

/** A measured program that runs and waits for questions. Ask one at a time. */
export class Contestant {
  /** For messages, such as `scapy`. */
  readonly name: string;
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<void>;
  #waiting: Waiting | undefined;
  #failure: OutcomeError | undefined;
  #complaint = '';

  /** Starts `command` with `args`. The caller must `close` it. */
  constructor(name: string, command: string, args: readonly string[]) {
    this.name = name;
    this.#process = spawn(command, args, { stdio: 'pipe' });
    createInterface({ input: this.#process.stdout }).on('line', (line) => this.#waiting?.answered(line));
    this.#process.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-2000);
    });
    // Writing to a program that has ended is an error too; what matters is told by its end.
    this.#process.stdin.on('error', () => undefined);
    this.#ended = new Promise((done) => {
      this.#process.once('error', (error) => {
        this.#fail(error.message);
        done();
      });
      this.#process.once('close', (status, signal) => {
        this.#fail(this.#complaint.trim().split('\n').at(-1) || `ended with ${signal ?? `status ${status}`}`);
        done();
      });
    });
  }

  /** Sets `operation` up and warms it. @throws OutcomeError if the program has failed, as all questions do */
  warm(operation: string, ms: number): Promise<WarmAnswer> {
    return this.#ask<WarmAnswer>({ do: 'warm', operation, ms });
  }

  /** Times `iterations` calls; returns nanoseconds per call. */
  async round(operation: string, iterations: number): Promise<number> {
    return (await this.#ask<RoundAnswer>({ do: 'round', operation, iterations })).nsPerOp;
  }

  /** Octets that a call leaves on the heap. */
  async heap(operation: string): Promise<number> {
    return (await this.#ask<HeapAnswer>({ do: 'heap', operation })).heapPerOp;
  }

  /** Takes the figures of that name. */
  async figures(operation: string, effort: number): Promise<readonly Figure[]> {
    return (await this.#ask<FiguresAnswer>({ do: 'figures', operation, effort })).figures;
  }

  /** Version of the library it measures. */
  async version(): Promise<string> {
    return (await this.#ask<VersionAnswer>({ do: 'version' })).version;
  }

  /** Ends the program and waits until it has ended. */
  async close(): Promise<void> {
    // Some libraries put off the politer signals, and there is nothing to tidy up.
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  #ask<Answer>(request: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) {
        reject(this.#failure);
        return;
      }
      const timer = setTimeout(() => {
        this.#fail(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`);
        this.#process.kill('SIGKILL');
      }, ANSWER_TIMEOUT_MS);
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
      };
      this.#waiting = {
        answered: (line) => {
          settle();
          resolve(JSON.parse(line) as Answer);
        },
        failed: (error) => {
          settle();
          reject(error);
        },
      };
      this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    });
  }

  #fail(why: string): void {
    this.#failure ??= new OutcomeError(`bench: ${this.name}: ${why}`);
    this.#waiting?.failed(this.#failure);
  }
}
