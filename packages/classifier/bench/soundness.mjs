// Runs one law of the rule table (by default `sound`) many times, on the built package and without a test runner, which takes
// three times as long:
//   node packages/classifier/bench/soundness.mjs [--runs 1000000] [--law sound] [--seed N] [--world tuples]
// Each world searches the same rules in another way; a counterexample ends it, with what fast-check says of it.
import { parseArgs } from 'node:util';
import { FLOW_SCHEMA, RuleTable } from '@overlane/classifier';
import { tableLaws } from '@overlane/classifier/laws';
import fc from 'fast-check';

/** Runs after which it says how far it came. */
const SLICE = 10_000;
const WORLDS = {
  lists: {},
  tuples: { linearMax: 0 },
  climbing: { linearMax: 0, chainMax: 1 },
  'hashes-of-4-bits': { linearMax: 2, chainMax: 3, hashBits: 15 },
  'one-hash': { linearMax: 0, chainMax: 3, hashBits: 0 },
};

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000000' },
    law: { type: 'string', default: 'sound' },
    seed: { type: 'string', default: '1' },
    world: { type: 'string', default: Object.keys(WORLDS).join() },
  },
});
const runs = Number(values.runs);

for (const world of values.world.split(',')) {
  const law = tableLaws(() => adapt(new RuleTable(FLOW_SCHEMA, WORLDS[world]))).find(({ name }) => name === values.law);
  for (let done = 0; done < runs;) {
    const numRuns = Math.min(SLICE, runs - done);
    fc.assert(law.property, { numRuns, seed: Number(values.seed) + done });
    done += numRuns;
    const seconds = (process.cpuUsage().user / 1e6).toFixed(0);
    console.log(`${law.name}, ${world}: ${done} of ${runs} runs hold, ${seconds} s of processor in all`);
  }
}

function adapt(table) {
  return {
    add: (rule) => table.add(rule),
    remove: (handle) => table.remove(handle),
    lookup: (key) => table.action(table.lookup(key)),
    lookupTracked: (key, mask) => table.action(table.lookupTracked(key, mask)),
  };
}
