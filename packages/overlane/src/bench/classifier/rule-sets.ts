/** Generated rule sets with their packets, for us and as files for the peers. */
import { FlowKey } from '@overlane/classifier';
import {
  type TraceHeader,
  type TupleRule,
  createRandom,
  formatClassBench,
  generateRules,
  generateTrace,
  loadHeader,
} from '@overlane/classifier/generator';
import { INPUTS } from '../measure.js';
import type { PeerProgram } from '../suite.js';

/** Packets that a call classifies: as many as Open vSwitch and DPDK take at once. `peers/classifier/peer.h` has it too. */
export const GROUP = 32;
/** Packets of a row. */
export const PACKETS = INPUTS * GROUP;

/** Profiles and sizes of the sets that are published most. */
export const SETS = ['acl', 'fw', 'ipc'] as const;
/** Numbers of rules. */
export const SIZES = [1000, 10_000, 64_000] as const;

/** One of {@link SETS}. */
export type SetName = (typeof SETS)[number];

/** A generated set of rules and packets for it; the same in every process. */
export interface RuleSet {
  readonly rules: readonly TupleRule[];
  readonly headers: readonly TraceHeader[];
}

/** The set of that profile and size. Costs a second with 64,000 rules, the first time. */
export const ruleSet = memoized((profile: SetName, count: number): RuleSet => {
  const rules = generateRules({ profile, count, random: createRandom(1) });
  return { rules, headers: generateTrace(rules, { count: PACKETS, random: createRandom(2) }) };
});

/** The packets of a set as keys. */
export function keysOf({ headers }: RuleSet): FlowKey[] {
  return headers.map((header) => {
    const key = new FlowKey();
    loadHeader(header, key);
    return key;
  });
}

/** A program in `peers/classifier` with the files of a set. */
export function programOn(source: string, profile: SetName, count: number): PeerProgram {
  return {
    source,
    files: [
      () => ruleSet(profile, count).rules.map(formatClassBench).join('\n'),
      () => ruleSet(profile, count).headers.map(formatHeader).join('\n'),
    ],
  };
}

function formatHeader({ source, destination, sourcePort, destinationPort, protocol }: TraceHeader): string {
  return `${source} ${destination} ${sourcePort} ${destinationPort} ${protocol}`;
}

function memoized<T>(make: (profile: SetName, count: number) => T): (profile: SetName, count: number) => T {
  // The last one only: rows of a set come one after the other, and sets are large.
  let last: { readonly name: string; readonly made: T } | undefined;
  return (profile, count) => {
    const name = `${profile} ${count}`;
    if (last?.name !== name) last = { name, made: make(profile, count) };
    return last.made;
  };
}
