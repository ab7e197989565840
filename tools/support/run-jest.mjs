// Runs jest with its usual output and reads its own count of the results.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './repository.mjs';
import { foreground } from './run-command.mjs';

/** jest's command-line module, for use with any Node binary. */
export const JEST = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');

/**
 * Runs jest in the foreground. A suite that can't even load counts as one failure, and so does a jest that dies.
 *
 * @param {readonly string[]} args
 * @param {{ node?: string, env?: NodeJS.ProcessEnv, stdio?: import('node:child_process').StdioOptions }} [options] `node`: the binary to run it with
 * @returns {Promise<{ counts: import('./tally.mjs').Counts, report: any }>} `report`: jest's JSON, `undefined` without a test run
 */
export async function runJest(args, { node = process.execPath, env = process.env, stdio = 'inherit' } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'overlane-jest-'));
  const file = join(folder, 'report.json');
  try {
    const jestArgs = [JEST, '--passWithNoTests', '--json', `--outputFile=${file}`, ...args];
    const status = await foreground(node, jestArgs, { env, stdio });
    if (existsSync(file)) {
      const report = JSON.parse(readFileSync(file, 'utf8'));
      return { counts: countsOf(report), report };
    }
    // No project of the wanted kind is no failure; a jest that died is one.
    if (status !== 0) console.error(`jest ended with status ${status} and without a report`);
    return { counts: { passed: 0, failed: status === 0 ? 0 : 1, skipped: 0 }, report: undefined };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function countsOf(report) {
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}
