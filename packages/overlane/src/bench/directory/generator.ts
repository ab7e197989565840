/** The load generator: a program in C, compiled here, in a process of its own. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OutcomeError } from '../../exit.js';
import { peerFile } from '../peers/commands.js';
import type { RequestFile } from './datagrams.js';

/** What the generator found out. Times are in microseconds. */
export interface LoadResult {
  readonly sent: number;
  readonly received: number;
  readonly failed: number;
  readonly lost: number;
  readonly seconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  /** Share of a core. */
  readonly cpu: number;
}

/** How to load. */
export interface Load {
  readonly requests: RequestFile;
  readonly servers: readonly string[];
  readonly seconds: number;
  readonly warmUpS: number;
  /** Requests under way at once. */
  readonly window: number;
  /** Requests per second; 0: as many as the replies allow. */
  readonly rate: number;
  /** Whether datagrams may be sent again when all were. */
  readonly reuse: 'again and again' | 'once';
}

const run = promisify(execFile);

/** Compiles the generator into `folder`. @throws OutcomeError without a C compiler */
export async function buildGenerator(folder: string): Promise<(load: Load) => Promise<LoadResult>> {
  const program = join(folder, 'load');
  await run('gcc', ['-O2', '-o', program, peerFile('directory/load.c')]).catch((error: Error) => {
    throw new OutcomeError(`bench directory needs gcc for its load generator: ${error.message.split('\n')[0]}`);
  });
  return async ({ requests, servers, seconds, warmUpS, window, rate, reuse }) => {
    const numbers = [requests.length, seconds, warmUpS, window, rate, reuse === 'once' ? 1 : 0].map(String);
    const { stdout } = await run(program, [requests.path, ...numbers, ...servers]);
    return JSON.parse(stdout) as LoadResult;
  };
}
