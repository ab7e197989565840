import { rangeToPrefixes } from '../match/prefixes.js';
import type { TupleRule } from './tuple-rule.js';

/** What is said about rule sets in papers. */
export interface RuleSetStatistics {
  /** Number of rules. */
  readonly rules: number;
  /** Distinct pairs of source and destination prefix length. */
  readonly lengthPairs: number;
  /** Rules once every range is cut into prefixes, for one rule. */
  readonly expansion: number;
  /** Distinct masks of the rules once every range is cut into prefixes. */
  readonly expandedMasks: number;
  /** Share of rules with a whole source or destination address. */
  readonly exactShare: number;
  /** Share of rules with a source of at most eight bits. */
  readonly wideSourceShare: number;
}

/** The statistics of a set of rules. Costs some microseconds a rule. */
export function measureRules(rules: readonly TupleRule[]): RuleSetStatistics {
  const pairs = new Set<number>();
  const masks = new Set<string>();
  let expanded = 0;
  let exact = 0;
  let wide = 0;
  for (const { source, destination, protocol, sourcePorts, destinationPorts } of rules) {
    const from = rangeToPrefixes(sourcePorts.lo, sourcePorts.hi, 16);
    const to = rangeToPrefixes(destinationPorts.lo, destinationPorts.hi, 16);
    const lengths = source.length * 33 + destination.length;
    pairs.add(lengths);
    expanded += from.length * to.length;
    if (source.length === 32 || destination.length === 32) exact++;
    if (source.length <= 8) wide++;
    const [fromLengths, toLengths] = [from, to].map((prefixes) => new Set(prefixes.map(({ length }) => length)));
    for (const a of fromLengths!)
      for (const b of toLengths!) masks.add(`${lengths} ${protocol === undefined} ${a} ${b}`);
  }
  return {
    rules: rules.length,
    lengthPairs: pairs.size,
    expansion: expanded / rules.length,
    expandedMasks: masks.size,
    exactShare: exact / rules.length,
    wideSourceShare: wide / rules.length,
  };
}
