import cliProgress from 'cli-progress';
import type { Progress } from '../bench/run.js';

/** Where there is no screen, a line comes at most this often. */
const LINE_INTERVAL_MS = 10_000;

/** The progress bar of a bench, on standard error; lines where that is no terminal. */
export class MeasuringBar {
  readonly #bar = new cliProgress.SingleBar({
    stream: process.stderr,
    format: '{bar} {value}/{total} {what}',
    clearOnComplete: true,
    // The report follows on standard output, and may share the screen.
    hideCursor: true,
  });
  #started = false;
  #lineMs = performance.now();

  /** Shows how far it is. */
  readonly progress: Progress = (done, total, what) => {
    if (!process.stderr.isTTY) {
      this.#print(`overlane: measuring, ${done} of ${total}: ${what}\n`);
      return;
    }
    if (this.#started) this.#bar.update(done, { what });
    else this.#bar.start(total, done, { what });
    this.#started = true;
  };

  #print(line: string): void {
    if (performance.now() - this.#lineMs < LINE_INTERVAL_MS) return;
    this.#lineMs = performance.now();
    process.stderr.write(line);
  }

  /** Takes the bar away. Harmless when repeated. */
  stop(): void {
    this.#bar.stop();
  }
}
