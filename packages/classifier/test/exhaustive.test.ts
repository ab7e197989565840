import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { ruleChanges } from '../src/arbitraries.js';
import { FlowKey, FlowMask, RuleTable } from '../src/index.js';
import { Pair } from '../src/laws.js';
import { TOY_SCHEMA, TOY_VOCABULARY, allToyKeys } from './toy-schema.js';

const KEYS = allToyKeys();
const regionOf = (words: Int32Array, mask: Int32Array): string => words.map((word, i) => word & mask[i]!).join();

describe('a table over keys of 12 bits', () => {
  it('is right for every key, and for every key that agrees on the bits looked at', () => {
    fc.assert(
      fc.property(ruleChanges(TOY_VOCABULARY, 30), fc.constantFrom(0, 16), (steps, linearMax) => {
        const table = new RuleTable<number>(TOY_SCHEMA, { linearMax, chainMax: 2 });
        const pair = new Pair(table, TOY_SCHEMA);
        for (const step of steps) pair.apply(step);
        const right = KEYS.map((words) => pair.oracle.classify(words));
        // For each mask that occurs, what its regions are answered with.
        const masks = new Map<
          string,
          { readonly mask: Int32Array; readonly answers: Map<string, number | undefined> }
        >();
        const key = new FlowKey(TOY_SCHEMA);
        const mask = new FlowMask(TOY_SCHEMA);
        KEYS.forEach((words, i) => {
          key.words.set(words);
          mask.clear();
          const action = table.action(table.lookupTracked(key, mask));
          if (action !== right[i]) throw new Error(`key ${words.join()}: ${action}, the oracle says ${right[i]}`);
          const name = mask.words.join();
          if (!masks.has(name)) masks.set(name, { mask: mask.words.slice(), answers: new Map() });
          masks.get(name)!.answers.set(regionOf(words, mask.words), action);
        });
        for (const { mask: looked, answers } of masks.values()) {
          KEYS.forEach((words, i) => {
            const region = regionOf(words, looked);
            if (answers.has(region) && answers.get(region) !== right[i]) {
              throw new Error(
                `key ${words.join()} is in a region of ${answers.get(region)}, the oracle says ${right[i]}`,
              );
            }
          });
        }
      }),
      // Each run looks up all 4,096 keys.
      { numRuns: 15 },
    );
  });
});
