// FC_NUM_RUNS and FC_SEED rule every property: CI and a night of fuzzing differ only by environment.
const fc = require('fast-check');

const numRuns = Number(process.env.FC_NUM_RUNS ?? 1000);
const seed = process.env.FC_SEED === undefined ? {} : { seed: Number(process.env.FC_SEED) };
fc.configureGlobal({ numRuns, ...seed });
