import { type ChildProcess, spawn } from 'node:child_process';
import { type Interface, createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { OutcomeError } from '../exit.js';

/** What came of a series of echo requests. */
export interface PingSeries {
  /** Requests sent. */
  readonly sent: number;
  /** Requests answered, each counted once. */
  readonly answered: number;
  /** Whether the last request was answered. */
  readonly endedWell: boolean;
  /** The longest time without an answer, in milliseconds. */
  readonly longestGapMs: number;
}

const ANSWER = /^\[(\d+\.\d+)\].* icmp_seq=(\d+) /;
const SUMMARY = /(\d+) packets transmitted, (\d+) received/;

/** `ping` in a network namespace, watched while it runs. */
export class TimedPing {
  /** What came of it, once it has ended. @throws OutcomeError if it did not run */
  readonly ended: Promise<PingSeries>;
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #answers: { readonly ms: number; readonly sequence: number }[] = [];

  /** Starts `count` requests to `address`, one every `intervalMs`. */
  constructor(namespace: string, address: string, count: number, intervalMs: number) {
    const ping = ['ping', '-D', '-n', '-c', String(count), '-i', String(intervalMs / 1000), '-W', '1', address];
    const child = spawn('ip', ['netns', 'exec', namespace, ...ping], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout as Readable });
    let text = '';
    this.#lines.on('line', (line) => {
      const [, seconds, sequence] = ANSWER.exec(line) ?? [];
      if (seconds === undefined) text += `${line}\n`;
      else this.#answers.push({ ms: Number(seconds) * 1000, sequence: Number(sequence) });
    });
    child.stderr!.on('data', (chunk: Buffer) => (text += chunk.toString()));
    this.ended = new Promise((resolve, reject) => {
      child.once('error', (error) => reject(new OutcomeError(`can't run ping: ${error.message}`)));
      child.once('close', () => {
        const summary = SUMMARY.exec(text);
        if (summary === null) reject(new OutcomeError(`ping in ${namespace} did not run: ${text.trim()}`));
        else resolve(seriesOf(Number(summary[1]), this.#answers));
      });
    });
    this.ended.catch(() => undefined);
  }

  /** Settles when `count` requests were answered, or no more will be. */
  async answered(count: number): Promise<void> {
    const enough = new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.#answers.length >= count) resolve();
      };
      this.#lines.on('line', look);
      look();
    });
    await Promise.race([enough, this.ended]);
  }

  /** Ends it at once, if it has not ended. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }
}

/** Sums up answers in the order of their coming. */
export function seriesOf(
  sent: number,
  answers: readonly { readonly ms: number; readonly sequence: number }[],
): PingSeries {
  const sequences = new Set(answers.map(({ sequence }) => sequence));
  const gaps = answers.slice(1).map(({ ms }, i) => ms - answers[i]!.ms);
  return {
    sent,
    answered: sequences.size,
    endedWell: sequences.has(sent),
    longestGapMs: Math.max(0, ...gaps),
  };
}
