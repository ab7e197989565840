/** Tells what `encap` and `decap` did: one line if all went well, the faults by name if not. */
import { OutcomeError } from '../exit.js';
import { STANDARD_STREAM } from './capture-input.js';
import type { RewriteOutcome, RewriteSummary } from './rewrite-capture.js';

/** Where the account goes, and in which form. */
export interface ReportOptions {
  /** What was done, as in "12 packets, 10 wrapped". */
  readonly verb: 'wrapped' | 'unwrapped';
  /** Whether a line of JSON is asked for. */
  readonly format: 'json' | 'text';
  /** Path of the output: if that is standard output, JSON goes to standard error. */
  readonly outputPath: string;
}

/**
 * Prints the account. @throws OutcomeError if a packet was refused, a frame stayed incomplete, or the input ended
 * early: the exit status is 1
 */
export function reportRewrite({ summary, inputError }: RewriteOutcome, options: ReportOptions): void {
  const lines = describe(summary, options.verb);
  if (options.format === 'json') {
    const stream = options.outputPath === STANDARD_STREAM ? process.stderr : process.stdout;
    stream.write(`${JSON.stringify(toJson(summary, options.verb))}\n`);
  }
  if (inputError !== undefined) throw new OutcomeError([inputError.message, ...lines].join('\n'));
  if (summary.faults.size > 0 || summary.incompleteFrames > 0) throw new OutcomeError(lines.join('\n'));
  if (options.format === 'text') process.stderr.write(`${lines.join('\n')}\n`);
}

function toJson(summary: RewriteSummary, verb: ReportOptions['verb']): object {
  const { packets, written, skipped, incompleteFrames, faults } = summary;
  const unwrapped = verb === 'unwrapped' ? { skipped, incompleteFrames } : {};
  return { packets, written, ...unwrapped, faults: Object.fromEntries(faults) };
}

/** `12 packets, 10 wrapped, 2 refused:` and a line per fault, the most frequent first. */
function describe(summary: RewriteSummary, verb: ReportOptions['verb']): string[] {
  const { packets, written, skipped, cut, incompleteFrames, faults } = summary;
  const refused = [...faults.values()].reduce((sum, count) => sum + count, 0);
  const counts = [
    `${packets} ${packets === 1 ? 'packet' : 'packets'}`,
    `${written} ${verb}`,
    ...(verb === 'unwrapped' ? [`${skipped} skipped (no tunnel)`] : []),
    ...(refused > 0 ? [`${refused} refused:`] : []),
  ];
  const width = Math.max(0, ...[...faults.keys()].map((name) => name.length));
  const table = [...faults]
    .sort(([a, m], [b, n]) => n - m || a.localeCompare(b))
    .map(([name, count]) => `  ${name.padEnd(width)}  ${count}`);
  const notes = [
    ...(cut > 0 ? [`cut short in the capture, ${verb} as they stand: ${cut}`] : []),
    ...(incompleteFrames > 0 ? [`frames that never became complete: ${incompleteFrames}`] : []),
  ];
  return [counts.join(', '), ...table, ...notes];
}
