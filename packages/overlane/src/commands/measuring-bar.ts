import cliProgress from 'cli-progress';
import type { Progress } from '../bench/run.js';

/** The progress bar of a bench, on standard error. */
export class MeasuringBar {
  readonly #bar = new cliProgress.SingleBar({
    stream: process.stderr,
    format: '{bar} {value}/{total} {what}',
    clearOnComplete: true,
    // The report follows on standard output, and may share the screen.
    hideCursor: true,
  });
  #started = false;

  /** Shows how far it is. */
  readonly progress: Progress = (done, total, what) => {
    if (this.#started) this.#bar.update(done, { what });
    else this.#bar.start(total, done, { what });
    this.#started = true;
  };

  /** Takes the bar away. Harmless when repeated. */
  stop(): void {
    this.#bar.stop();
  }
}
