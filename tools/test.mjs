// npm test [-- JEST ARGUMENTS]: from a fresh clone through the whole test suite. Ends with the counts.
import { setUp } from './setup.mjs';
import { buildAll } from './support/build.mjs';
import { runJest } from './support/run-jest.mjs';
import { Tally } from './support/tally.mjs';

if (!setUp('test')) process.exit(1);
// Integration tests run the built command line; unit tests read the sources and would not need it.
console.error('test: building');
if (!(await buildAll())) process.exit(1);

const args = process.argv.slice(2);
const tally = new Tally();
tally.add((await runJest(['--selectProjects', 'unit', ...args])).counts);
// One at a time: they measure throughput, and two switches at once would disturb each other.
tally.add((await runJest(['--selectProjects', 'integration', '--runInBand', ...args])).counts);
tally.finish();
