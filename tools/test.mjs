// npm test [-- JEST ARGUMENTS]: from a fresh clone through the whole test suite. Ends with the counts.
import { setUp } from './setup.mjs';
import { buildPackages } from './support/build.mjs';
import { runJest } from './support/run-jest.mjs';
import { Tally } from './support/tally.mjs';

const tally = new Tally();
if (!setUp('test')) {
  tally.fail('set-up', 'npm packages are missing, see above');
} else if (!(await build())) {
  tally.fail('build', 'integration tests run the built command line, see above');
} else {
  // First: jest takes all words that follow --selectProjects for names of projects.
  const args = process.argv.slice(2);
  tally.add((await runJest([...args, '--selectProjects', 'unit'])).counts);
  // One at a time: they measure throughput, and two switches at once would disturb each other.
  tally.add((await runJest([...args, '--runInBand', '--selectProjects', 'integration'])).counts);
}
tally.finish();

function build() {
  console.error('test: building');
  return buildPackages();
}
