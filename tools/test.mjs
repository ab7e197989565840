// npm test [-- JEST ARGUMENTS]: from a fresh clone through the whole test suite. Ends with the counts.
import { setUp } from './setup.mjs';
import { buildPackages } from './support/build.mjs';
import { runJest } from './support/run-jest.mjs';
import { Tally } from './support/tally.mjs';

if (!setUp('test')) process.exit(1);
// Integration tests run the built command line; unit tests read the sources and would not need it.
console.error('test: building');
if (!(await buildPackages())) process.exit(1);

// First: jest takes all words that follow --selectProjects for names of projects.
const args = process.argv.slice(2);
const tally = new Tally();
tally.add((await runJest([...args, '--selectProjects', 'unit'])).counts);
// One at a time: they measure throughput, and two switches at once would disturb each other.
tally.add((await runJest([...args, '--runInBand', '--selectProjects', 'integration'])).counts);
tally.finish();
