// Type-checks the tests of each package, which jest only strips of their types.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bin, readWorkspaces } from './support/repository.mjs';
import { collect, inParallel } from './support/run-command.mjs';
import { Tally } from './support/tally.mjs';

const packages = readWorkspaces().filter(({ folder }) => existsSync(join(folder, 'tsconfig.test.json')));
const tally = new Tally();
await inParallel(packages, 2, async ({ name, folder }) => {
  const { status, output } = await collect(bin('tsc'), ['-p', join(folder, 'tsconfig.test.json')]);
  if (status === 0) tally.pass(`types of tests: ${name}`);
  else tally.fail(`types of tests: ${name}`, output);
});
tally.finish();
