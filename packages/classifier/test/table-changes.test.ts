import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type RuleChange, ruleChanges } from '../src/arbitraries.js';
import {
  ClassifierError,
  type ClassifierErrorCode,
  FLOW_SCHEMA,
  FlowKey,
  type RuleInput,
  RuleTable,
  type RuleTransaction,
  buildMatch,
} from '../src/index.js';
import { RuleStore } from '../src/table/rule-store.js';

const TCP = { eth_type: 0x800, ip_proto: 6 };
const rule = (port: number, priority = 1): RuleInput<string> => ({
  priority,
  match: buildMatch({ ...TCP, l4_dst: port }),
  action: `port ${port}`,
});
const packet = (port: number): FlowKey => FlowKey.from({ ...TCP, l4_dst: port });

function codeOf(run: () => unknown): ClassifierErrorCode | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof ClassifierError) return error.code;
    throw error;
  }
  return undefined;
}

function apply(target: RuleTransaction<number>, table: RuleTable<number>, change: RuleChange): void {
  if (change.kind === 'add') {
    const { priority, fields, action } = change.rule;
    target.add({ priority, match: buildMatch(fields), action });
  } else if (table.size > 0) target.remove(table.list()[change.nth % table.size]!.id);
}

describe('changes of a rule table', () => {
  it('replace a rule with the same priority and an equal match, which goes behind the others', () => {
    const table = new RuleTable<string>();
    const first = table.add(rule(80));
    table.add({ priority: 1, match: buildMatch(TCP), action: 'tcp' });
    expect(table.action(table.lookup(packet(80)))).toBe('port 80');
    const second = table.add({ ...rule(80), action: 'again' });
    expect(table.size).toBe(2);
    expect(table.action(table.lookup(packet(80)))).toBe('tcp');
    expect(codeOf(() => table.get(first))).toBe('E_STALE_RULE');
    expect(table.get(second)).toMatchObject({ priority: 1, action: 'again' });
  });

  it('give a removed handle to nobody else', () => {
    const table = new RuleTable<string>();
    const id = table.add(rule(80));
    table.remove(id);
    const next = table.add(rule(81));
    expect(codeOf(() => table.remove(id))).toBe('E_STALE_RULE');
    for (const wrong of [next + 1, -1, 0.5, NaN, next + 2 ** 30])
      expect(codeOf(() => table.remove(wrong))).toBe('E_NO_RULE');
    expect(table.size).toBe(1);
  });

  it('refuse bad priorities, overlaps if asked, and rules beyond the limit', () => {
    const table = new RuleTable<string>(FLOW_SCHEMA, { maxRules: 2 });
    for (const priority of [-1, 65536, 1.5, NaN])
      expect(codeOf(() => table.add(rule(80, priority)))).toBe('E_BAD_PRIORITY');
    table.add(rule(80));
    const all = { priority: 1, match: buildMatch({}), action: 'all' };
    expect(codeOf(() => table.add(all, { checkOverlap: true }))).toBe('E_OVERLAP');
    expect(codeOf(() => table.add(rule(80), { checkOverlap: true }))).toBeUndefined();
    expect(codeOf(() => table.add({ ...all, priority: 2 }, { checkOverlap: true }))).toBeUndefined();
    expect(codeOf(() => table.add(rule(81)))).toBe('E_TABLE_FULL');
    expect(codeOf(() => table.add({ ...rule(80), action: 'replaced' }))).toBeUndefined();
    expect(table.list().map(({ action }) => action)).toEqual(['all', 'replaced']);
  });

  it('refuse bad options', () => {
    const make = (options: object) => codeOf(() => new RuleTable(FLOW_SCHEMA, options));
    for (const options of [
      { maxRules: 0 },
      { linearMax: -1 },
      { chainMax: 0.5 },
      { partitionBy: Array(5).fill('in_port') },
    ]) {
      expect(make(options)).toBe('E_BAD_OPTION');
    }
    expect(make({ partitionBy: ['colour'] })).toBe('E_UNKNOWN_FIELD');
  });

  it('are all made or none: a transaction that fails leaves the same dump', () => {
    fc.assert(
      fc.property(ruleChanges(), ruleChanges(), (before, within) => {
        const table = new RuleTable<number>(FLOW_SCHEMA, { linearMax: 3, chainMax: 2 });
        for (const change of before) apply(table, table, change);
        const dump = table.dump();
        const failure = new Error('no');
        try {
          table.transaction((transaction) => {
            for (const change of within) apply(transaction, table, change);
            throw failure;
          });
        } catch (error) {
          if (error !== failure) throw error;
        }
        if (table.dump() !== dump) throw new Error(`${dump}\nbecame\n${table.dump()}`);
        // And the same change goes on as if nothing had been.
        const generation = table.generation;
        table.transaction((transaction) => within.forEach((change) => apply(transaction, table, change)));
        const twin = new RuleTable<number>();
        for (const change of [...before, ...within]) apply(twin, twin, change);
        const rulesOf = ({ list }: { list: () => readonly object[] }) =>
          JSON.stringify(list().map((one) => ({ ...one, id: 0 })));
        return (
          rulesOf({ list: () => table.list() }) === rulesOf({ list: () => twin.list() }) &&
          table.generation - generation <= 1
        );
      }),
      { numRuns: 100 },
    );
  });

  it('go through one transaction at a time, and only while it lasts', () => {
    const table = new RuleTable<string>();
    let kept: RuleTransaction<string> | undefined;
    table.transaction((transaction) => {
      kept = transaction;
      expect(codeOf(() => table.add(rule(80)))).toBe('E_TX_NESTED');
      expect(codeOf(() => table.transaction(() => undefined))).toBe('E_TX_NESTED');
      const id = transaction.add(rule(81));
      transaction.remove(id);
      expect(codeOf(() => transaction.remove(id))).toBe('E_STALE_RULE');
      transaction.add(rule(82));
    });
    expect(codeOf(() => kept!.add(rule(83)))).toBe('E_TX_CLOSED');
    expect(codeOf(() => kept!.remove(0))).toBe('E_TX_CLOSED');
    expect(table.list().map(({ action }) => action)).toEqual(['port 82']);
    expect(table.generation).toBe(1);
  });

  it('are remembered, so that a cache can tell what they touch', () => {
    const table = new RuleTable<string>();
    const id = table.add(rule(80));
    const { generation } = table;
    expect(table.changesSince(generation)).toEqual([]);
    table.remove(id);
    table.transaction((transaction) => [81, 82].map((port) => transaction.add(rule(port))));
    expect(table.changesSince(generation)).toEqual([82, 81, 80].map((port) => rule(port).match));
    expect(table.changesSince(generation + 1)).toHaveLength(2);
    for (let i = 0; i < 1022; i++) table.add(rule(1000 + i));
    expect(table.changesSince(generation + 1)).toHaveLength(1024);
    expect(table.changesSince(generation)).toBeUndefined();
  });

  it('keep their order when their numbers run out', () => {
    const store = new RuleStore<number>(0x7fff_fffe);
    const known = new Int32Array(FLOW_SCHEMA.words);
    const match = buildMatch({});
    const add = (action: number) => store.add({ priority: 1, match, action }, known);
    const order = () => store.sorted().map((index) => store.rules[index]!.action);
    expect(store.renumber()).toBe(false);
    add(1);
    expect(store.renumber()).toBe(true);
    add(2);
    expect(order()).toEqual([1, 2]);
  });
});

describe('a rule table', () => {
  it('tells which rules no packet can get', () => {
    const table = new RuleTable<string>(FLOW_SCHEMA, { linearMax: 2 });
    const wide = table.add({ priority: 9, match: buildMatch({ ...TCP, l4_dst: [10, 90] }), action: 'wide' });
    const shadowed = [table.add(rule(80)), table.add(rule(90)), table.add(rule(80, 2))];
    table.add(rule(91));
    table.add(rule(80, 10));
    const warnings = table.lint();
    expect(warnings.map(({ id }) => id).sort()).toEqual([...shadowed].sort());
    expect(warnings[0]).toMatchObject({ code: 'W_SHADOWED' });
    expect(warnings).toContainEqual(expect.objectContaining({ by: wide }));
  });

  it('says what it holds', () => {
    const table = new RuleTable<string>();
    for (let port = 0; port < 100; port++) table.add(rule(port, port));
    table.add({ priority: 0, match: buildMatch({}), action: 'none' });
    expect(table.stats()).toMatchObject({ rules: 101, partitions: 2 });
    expect(table.stats().tuples).toBeGreaterThan(0);
    expect(table.stats().longestChain).toBeLessThanOrEqual(41);
    expect(table.dump().split('\n').slice(0, 2)).toEqual([
      '101 rules, generation 101',
      '#99 priority=99,tcp,l4_dst=99 actions=port 99',
    ]);
    expect(table.lookup(packet(1000))).toBe(table.lookup(FlowKey.from({})));
    expect(table.action(-1)).toBeUndefined();
    expect(table.rule(-1)).toBeUndefined();
  });

  it('holds no more memory after many changes than after few', () => {
    const table = new RuleTable<string>();
    const change = (): void => {
      const ids = Array.from({ length: 300 }, (_, i) => table.add(rule(i, i)));
      for (const id of ids) table.remove(id);
    };
    for (let i = 0; i < 3; i++) change();
    const { octets } = table.stats();
    for (let i = 0; i < 10; i++) change();
    expect(table.stats().octets).toBeLessThanOrEqual(octets);
  });
});
