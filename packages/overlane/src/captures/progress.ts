/** A progress bar for files that take their time. */
import cliProgress from 'cli-progress';

/** A run shorter than this shows no bar. */
export const PROGRESS_DELAY_MS = 2000;

const MIB = 1024 * 1024;

/** Draws a bar on a terminal, from two seconds on; on anything else it does nothing. */
export class Progress {
  readonly #total: number;
  readonly #stream: NodeJS.WriteStream;
  readonly #now: () => number;
  readonly #start: number;
  #bar: cliProgress.SingleBar | undefined;

  /** A bar for `total` octets; 0 if the size is unknown, then none is drawn. `now` is a clock in milliseconds. */
  constructor(total: number, stream: NodeJS.WriteStream = process.stderr, now: () => number = Date.now) {
    this.#total = total;
    this.#stream = stream;
    this.#now = now;
    this.#start = now();
  }

  /** Says that `done` octets of the file have been read. */
  update(done: number): void {
    if (!this.#stream.isTTY || this.#total === 0) return;
    if (this.#bar === undefined) {
      if (this.#now() - this.#start < PROGRESS_DELAY_MS) return;
      this.#bar = this.#open();
    }
    this.#bar.update(Math.floor(done / MIB));
  }

  /** Removes the bar. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #open(): cliProgress.SingleBar {
    const bar = new cliProgress.SingleBar({
      stream: this.#stream,
      format: '{bar} {percentage} % | {value} of {total} MiB | {eta_formatted} left',
      clearOnComplete: true,
      hideCursor: true,
    });
    bar.start(Math.ceil(this.#total / MIB), 0);
    return bar;
  }
}
