/**
 * Counts what a script did and prints the one line that ends every check here: `N passed, N failed, N skipped`.
 *
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 */

/** Formats counts as the closing line. @param {Counts} counts */
export const countsLine = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`;

/** Reads the last closing line of some output, or returns `undefined`. @returns {Counts | undefined} */
export function readCountsLine(text) {
  const found = [...text.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1);
  return found && { passed: Number(found[1]), failed: Number(found[2]), skipped: Number(found[3]) };
}

/** A running count. Each `pass` and `fail` prints a line of its own; `finish` prints the closing line. */
export class Tally {
  passed = 0;
  failed = 0;
  skipped = 0;

  /** Counts one success. */
  pass(what) {
    this.passed++;
    console.log(`ok    ${what}`);
  }

  /** Counts one failure and prints the reason, indented. */
  fail(what, reason) {
    this.failed++;
    console.log(`FAIL  ${what}`);
    const text = String(reason).trim();
    if (text !== '') console.log(text.replace(/^/gm, '      '));
  }

  /** Adds the counts of something that already printed its own lines. @param {Counts} counts */
  add(counts) {
    this.passed += counts.passed;
    this.failed += counts.failed;
    this.skipped += counts.skipped;
  }

  /** Prints the closing line and sets the exit status: 1 after a failure, or if nothing was counted. */
  finish() {
    if (this.failed > 0 || this.passed === 0) process.exitCode = 1;
    console.log(countsLine(this));
  }
}
