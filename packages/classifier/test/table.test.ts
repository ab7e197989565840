import { describe, it } from '@jest/globals';
import fc from 'fast-check';
import { FLOW_VOCABULARY, type RuleChange, ruleChanges } from '../src/arbitraries.js';
import { FlowMask, RuleTable, type RuleTableOptions, type Schema, matchesKey } from '../src/index.js';
import { Pair, type TableUnderTest, keyOf, tableLaws } from '../src/laws.js';
import { TOY_SCHEMA, TOY_VOCABULARY, allToyKeys } from './toy-schema.js';

const adapt = (schema: Schema, options?: RuleTableOptions): TableUnderTest & { table: RuleTable<number> } => {
  const table = new RuleTable<number>(schema, options);
  return {
    table,
    add: (rule) => table.add(rule),
    remove: (handle) => table.remove(handle),
    lookup: (key) => table.action(table.lookup(key)),
    lookupTracked: (key, mask) => table.action(table.lookupTracked(key, mask)),
  };
};

/** Ways to search, and hashes that collide: nothing of it may change an answer. */
const WORLDS: Readonly<Record<string, RuleTableOptions>> = {
  'as it comes': {},
  'by hash alone': { linearMax: 0 },
  'climbing at once': { linearMax: 0, chainMax: 1 },
  'climbing, with hashes of four bits': { linearMax: 2, chainMax: 3, hashBits: 15 },
  'with one hash for all': { linearMax: 0, chainMax: 3, hashBits: 0 },
};

/** As many runs as asked for, or a share of the default: these cases are many, and long. */
const fewer = (share: number): { numRuns: number } => ({
  numRuns: Number(process.env['FC_NUM_RUNS'] ?? Math.ceil(1000 * share)),
});

describe('the rule table keeps the laws', () => {
  for (const [world, options] of Object.entries(WORLDS)) {
    for (const law of tableLaws(() => adapt(FLOW_VOCABULARY.schema, options))) {
      it(`${law.name}, ${world}`, () => fc.assert(law.property, fewer(0.04)));
    }
    for (const law of tableLaws(() => adapt(TOY_SCHEMA, options), TOY_VOCABULARY)) {
      it(`${law.name}, ${world}, on 12 bits`, () => fc.assert(law.property, fewer(0.1)));
    }
  }

  it('with partitions by fields that some rules fix', () => {
    const partitionBy = ['in_port', 'eth_type', 'ip_proto'];
    for (const { property } of tableLaws(() => adapt(FLOW_VOCABULARY.schema, { partitionBy, linearMax: 1 }))) {
      fc.assert(property, fewer(0.1));
    }
  });

  it('exhaustively on 12 bits: all keys that agree on a mask get one answer, that of the first rule that matches', () => {
    const keys = allToyKeys();
    const property = fc.property(
      ruleChanges(TOY_VOCABULARY, 60),
      fc.constantFrom(...Object.values(WORLDS)),
      (changes, options) => {
        const { table, pair } = changed(TOY_SCHEMA, changes, options);
        const rules = table.list();
        const regions = new Map<string, number | undefined>();
        const masks = new Map<string, Int32Array>();
        const answers = keys.map((words) => rules.find(({ match }) => matchesKey(match, words))?.action);
        const mask = new FlowMask(TOY_SCHEMA);
        const key = keyOf({}, TOY_SCHEMA);
        keys.forEach((words, i) => {
          key.words.set(words);
          mask.clear();
          const action = table.action(table.lookupTracked(key, mask));
          if (action !== answers[i] || action !== table.action(table.lookup(key))) throw new Error(`wrong for ${key}`);
          masks.set(mask.words.join(), mask.words.slice());
          regions.set(`${mask.words}/${words.map((word, at) => word & mask.words[at]!)}`, action);
        });
        for (const [name, bits] of masks) {
          keys.forEach((words, i) => {
            const region = `${name}/${words.map((word, at) => word & bits[at]!)}`;
            if (regions.has(region) && regions.get(region) !== answers[i]) throw new Error(`unsound: ${region}`);
          });
        }
        return pair.oracle.size === table.size;
      },
    );
    fc.assert(property, { numRuns: 20 });
  });

  it('whose dump depends on the rules alone, not on how they are searched', () => {
    fc.assert(
      fc.property(ruleChanges(), (changes) => {
        const dumps = Object.values(WORLDS).map((options) =>
          changed(FLOW_VOCABULARY.schema, changes, options).table.dump(),
        );
        return dumps.every((dump) => dump === dumps[0]);
      }),
      fewer(0.05),
    );
  });

  it('and searches few rules as if there had never been many', () => {
    fc.assert(
      fc.property(ruleChanges(TOY_VOCABULARY, 80), (changes) => {
        const { table } = changed(TOY_SCHEMA, changes, { linearMax: 4 });
        for (const { id } of table.list()) table.remove(id);
        return table.stats().tuples === 0 && table.stats().partitions === 0;
      }),
      fewer(0.1),
    );
  });
});

function changed(schema: Schema, changes: readonly RuleChange[], options: RuleTableOptions) {
  const subject = adapt(schema, options);
  const pair = new Pair(subject, schema);
  for (const change of changes) pair.apply(change);
  return { table: subject.table, pair };
}
