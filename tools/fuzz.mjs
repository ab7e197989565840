// npm run fuzz [-- --runs N] [--packages vxlan,wire] [--law total] [--workers N] [--seed N]
//
// Runs one law of every codec and parser (by default `total`: any octets give a value or a named fault, never a crash)
// with many cases. The cases are shared out: each worker runs all tests with its part of the runs and a seed of its
// own, so that one slow parser keeps all processors busy.
import { availableParallelism } from 'node:os';
import { join, relative, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { readWorkspaces, ROOT } from './support/repository.mjs';
import { runJest } from './support/run-jest.mjs';
import { Tally } from './support/tally.mjs';

const USAGE = `usage: npm run fuzz -- [--runs N] [--packages NAME,NAME] [--law NAME] [--workers N] [--seed N]
  --runs      cases for every property, shared among the workers (default 1000000)
  --packages  folders under packages/ (default: all)
  --law       which law: a word of the test's name (default: total)
  --workers   processes (default: 2, or 1 on a single processor)
  --seed      a whole number, to repeat an earlier run (default: from the clock)`;

const options = readOptions();
const share = Math.ceil(options.runs / options.workers);
console.log(`law ${options.law}, ${share * options.workers} runs for each property, seed ${options.seed}`);
const workers = await Promise.all(Array.from({ length: options.workers }, (_, index) => fuzz(options.seed + index)));

const tally = new Tally();
for (const [name, { titles, failures, timeMs }] of mergeByPackage(workers)) {
  const what = `${name}: ${titles.size} properties x ${share * options.workers} runs, ${(timeMs / 1000).toFixed(1)} s of processor`;
  if (failures.length === 0) tally.pass(what);
  else tally.fail(what, failures.join('\n\n'));
}
if (workers.some(({ report, counts }) => report === undefined && counts.failed > 0))
  tally.fail('jest', 'died, see above');
if (tally.passed + tally.failed === 0) tally.fail(`law ${options.law}`, 'no test of that name in these packages');
tally.finish();

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        runs: { type: 'string', default: '1000000' },
        packages: { type: 'string', default: '' },
        law: { type: 'string', default: 'total' },
        workers: { type: 'string', default: String(Math.min(2, availableParallelism())) },
        seed: { type: 'string', default: String(Date.now() & 0x7fff_ffff) },
      },
    });
    const packages = values.packages.split(',').filter((name) => name !== '');
    const known = readWorkspaces().map(({ directory }) => directory);
    for (const name of packages) if (!known.includes(name)) throw new Error(`no package ${name}; there are ${known}`);
    if (!/^\w+$/.test(values.law)) throw new Error(`--law takes one word, got ${values.law}`);
    return {
      law: values.law,
      packages: packages.length === 0 ? known : packages,
      runs: positive(values, 'runs'),
      workers: positive(values, 'workers'),
      seed: positive(values, 'seed'),
    };
  } catch (error) {
    console.error(`fuzz: ${error.message}\n${USAGE}`);
    process.exit(2);
  }
}

function positive(values, name) {
  const value = Number(values[name]);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${name} takes a whole number above 0, got ${values[name]}`);
  return value;
}

/** One process with its own seed. Its output is kept quiet: failures are in its report. */
function fuzz(seed) {
  const env = { ...process.env, FC_NUM_RUNS: String(share), FC_SEED: String(seed) };
  const paths = options.packages.map((name) => join('packages', name) + sep);
  const args = ['--selectProjects', 'unit', '--runInBand', '--testTimeout', '7200000'];
  return runJest([...args, '--testNamePattern', `\\b${options.law}\\b`, ...paths], {
    env,
    stdio: ['ignore', 'ignore', 'ignore'],
  });
}

/** What the workers say about each package: which properties ran, how long in all, and what failed. */
function mergeByPackage(results) {
  const packages = new Map();
  for (const suite of results.flatMap(({ report }) => report?.testResults ?? [])) {
    const tests = suite.assertionResults.filter(({ status }) => status === 'passed' || status === 'failed');
    if (tests.length === 0 && suite.status !== 'failed') continue;
    const name = relative(join(ROOT, 'packages'), suite.name).split(sep)[0];
    if (!packages.has(name)) packages.set(name, { titles: new Set(), failures: [], timeMs: 0 });
    const entry = packages.get(name);
    if (tests.length === 0) entry.failures.push(suite.message);
    for (const test of tests) {
      entry.titles.add(`${suite.name} ${test.fullName}`);
      entry.timeMs += test.duration ?? 0;
      entry.failures.push(...test.failureMessages.map((message) => `${test.fullName}\n${message}`));
    }
  }
  return packages;
}
