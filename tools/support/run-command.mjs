// Child processes: run to the end and collect, or run in the foreground.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { ROOT } from './repository.mjs';

/**
 * Runs a command and collects what it prints. Never rejects: a command that can't be started, or runs longer than
 * `timeoutMs`, has a status other than 0 and says why in `output`.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {Promise<{ status: number, stdout: string, output: string }>} `output` is standard output and error, as they came
 */
export function collect(command, args, { cwd = ROOT, env = process.env, timeoutMs } = {}) {
  return new Promise((resolve) => {
    let stdout = '';
    let output = '';
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: timeoutMs });
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', (error) => resolve({ status: 127, stdout, output: `${output}${command}: ${error.message}\n` }));
    child.on('close', (code, signal) => {
      if (signal !== null)
        output += `${command} was ended by ${signal}${timeoutMs ? ` (limit ${timeoutMs} ms)` : ''}\n`;
      resolve({ status: exitStatus(code, signal), stdout, output });
    });
  });
}

/**
 * Runs a command in the foreground: its streams are ours, or as `stdio` says; signals sent to us reach it. Resolves to
 * its exit status, 128 + n after signal n, 127 if it can't be started.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, stdio?: import('node:child_process').StdioOptions }} [options]
 * @returns {Promise<number>}
 */
export function foreground(command, args, { cwd = ROOT, env = process.env, stdio = 'inherit' } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio });
    // A terminal sends its interrupt to the whole group: passing it on would deliver it twice.
    const interrupt = () => process.stdin.isTTY || child.kill('SIGINT');
    const terminate = () => child.kill('SIGTERM');
    const hangUp = () => child.kill('SIGHUP');
    process.on('SIGINT', interrupt).on('SIGTERM', terminate).on('SIGHUP', hangUp);
    const done = (status) => {
      process.off('SIGINT', interrupt).off('SIGTERM', terminate).off('SIGHUP', hangUp);
      resolve(status);
    };
    child.on('error', (error) => {
      console.error(`${command}: ${error.message}`);
      done(127);
    });
    child.on('exit', (code, signal) => done(exitStatus(code, signal)));
  });
}

/** Runs `work` on every item, at most `limit` at once; results keep the order of the items. */
export async function inParallel(items, limit, work) {
  const results = new Array(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index], index);
    }
  };
  await Promise.all(Array.from({ length: limit }, lane));
  return results;
}

function exitStatus(code, signal) {
  return code ?? 128 + (constants.signals[signal] ?? 0);
}
