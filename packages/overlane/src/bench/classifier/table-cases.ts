/** The rule table on generated sets, with and without telling which bits decided. */
import { FlowMask, type Match, RuleTable, matchesKey } from '@overlane/classifier';
import { matchOfTuple } from '@overlane/classifier/generator';
import type { Operation } from '../measure.js';
import type { BenchCase, PeerBaseline } from '../suite.js';
import { Packets } from './packets.js';
import { GROUP, type RuleSet, SETS, SIZES, type SetName, keysOf, programOn, ruleSet } from './rule-sets.js';

/** A scan of more rules than this takes longer than it is worth. */
const SCAN_MAX = 1000;

/** Two rows per set. */
export const tableCases: readonly BenchCase[] = SETS.flatMap((profile) =>
  SIZES.flatMap((count) => [trackedCase(profile, count), untrackedCase(profile, count)]),
);

function trackedCase(profile: SetName, count: number): BenchCase {
  return {
    name: `${profile} ${count / 1000}k tracked`,
    does: 'RuleTable.lookupTracked of a 56-word key filled from 20 octets, mask cleared before',
    tier: 'data path',
    perCall: GROUP,
    setup: () => lookUpTracked(ruleSet(profile, count)),
    openvswitch: {
      operation: 'tracked',
      does: 'classifier_lookup with wildcards, tries on both addresses, ranges cut into prefixes',
      program: programOn('ovs_classifier', profile, count),
    },
  };
}

function untrackedCase(profile: SetName, count: number): BenchCase {
  const dpdk = programOn('dpdk_acl', profile, count);
  const withDpdk = (operation: string): PeerBaseline => ({
    operation,
    does: `rte_acl_classify_alg of ${GROUP} packets, ${operation}`,
    program: dpdk,
  });
  return {
    name: `${profile} ${count / 1000}k`,
    does: 'RuleTable.lookup of a 56-word key filled from 20 octets',
    tier: 'data path',
    perCall: GROUP,
    setup: () => lookUp(ruleSet(profile, count)),
    ...(count <= SCAN_MAX && {
      scan: { does: 'one rule after the other, until one matches', setup: () => scan(ruleSet(profile, count)) },
    }),
    openvswitch: {
      operation: 'untracked',
      does: 'classifier_lookup without wildcards',
      program: programOn('ovs_classifier', profile, count),
    },
    dpdkScalar: withDpdk('scalar'),
    dpdkSimd: withDpdk('simd'),
    ...(canCut(profile, count) && {
      cutsplit: {
        operation: 'lookup',
        does: 'CutSplit.ClassifyAPacket',
        program: programOn('cutsplit', profile, count),
      },
    }),
  };
}

/** CutSplit's trees of the largest fw and ipc sets were past nine gigabytes when they were stopped. */
function canCut(profile: SetName, count: number): boolean {
  return profile === 'acl' || count < 64_000;
}

/** A table whose actions are the numbers of the rules, from 1. */
export function fillTable({ rules }: RuleSet): RuleTable<number> {
  const table = new RuleTable<number>();
  table.transaction((changes) =>
    rules.forEach((rule, i) => changes.add({ priority: rule.priority, match: matchOfTuple(rule), action: i + 1 })),
  );
  return table;
}

/** Numbers of rules by their index in the table, moved up by one: a miss, -1, has number 0. */
function numbersOf(table: RuleTable<number>): Int32Array {
  const numbers = new Int32Array(table.size + 1);
  for (let index = 0; index < table.size; index++) numbers[index + 1] = table.action(index)!;
  return numbers;
}

function lookUp(set: RuleSet): Operation {
  const table = fillTable(set);
  const numbers = numbersOf(table);
  const packets = new Packets(keysOf(set));
  const { key } = packets;
  return (index) => {
    const end = (index + 1) * GROUP;
    let sum = 0;
    for (let i = index * GROUP; i < end; i++) {
      packets.load(i);
      sum += numbers[table.lookup(key) + 1]!;
    }
    return sum;
  };
}

function lookUpTracked(set: RuleSet): Operation {
  const table = fillTable(set);
  const numbers = numbersOf(table);
  const packets = new Packets(keysOf(set));
  const { key } = packets;
  const mask = new FlowMask();
  return (index) => {
    const end = (index + 1) * GROUP;
    let sum = 0;
    for (let i = index * GROUP; i < end; i++) {
      packets.load(i);
      mask.clear();
      sum += numbers[table.lookupTracked(key, mask) + 1]!;
    }
    return sum;
  };
}

function scan(set: RuleSet): Operation {
  const matches: Match[] = set.rules.map(matchOfTuple);
  const keys = keysOf(set);
  return (index) => {
    const end = (index + 1) * GROUP;
    let sum = 0;
    for (let i = index * GROUP; i < end; i++) {
      const { words } = keys[i]!;
      // findIndex gives -1 for a miss, whose number is 0.
      sum += matches.findIndex((match) => matchesKey(match, words)) + 1;
    }
    return sum;
  };
}
