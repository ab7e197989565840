/**
 * A program of its own: measures operations of one suite in a fresh process, so that the compiler has seen nothing else.
 *
 *   node child.js SUITE < REQUESTS
 */
import { createInterface } from 'node:readline';
import { createAnswerer } from './answer.js';
import type { Request } from './protocol.js';
import { SUITES } from './suites.js';

async function main(suiteName: string | undefined): Promise<void> {
  const suite = SUITES.find(({ name }) => name === suiteName);
  if (suite === undefined) throw new Error(`no suite '${suiteName}'`);
  const answer = createAnswerer(suite, () => performance.now() * 1e6);
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Request))}\n`);
  }
}

main(process.argv[2]).catch((error: Error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
