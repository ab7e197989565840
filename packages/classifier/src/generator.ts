/**
 * Rule sets and packet traces for benchmarks and tests, with the statistics of published ones and nothing of their data:
 * the same random numbers give the same set.
 *
 * ```ts
 * const rules = generateRules({ profile: 'acl', count: 10_000, random: createRandom(1) });
 * const trace = generateTrace(rules, { count: 20_000, random: createRandom(2) });
 * ```
 */
export type { AddressShape } from './generator/addresses.js';
export { type LengthPairs, PROFILES, type PortClass, type ProfileName, type RuleProfile } from './generator/profile.js';
export { type Random, type Weighted, createRandom } from './generator/random.js';
export { type RuleSetOptions, generateRules } from './generator/rules.js';
export { type RuleSetStatistics, measureRules } from './generator/statistics.js';
export { type TraceHeader, type TraceOptions, generateTrace, loadHeader } from './generator/trace.js';
export {
  type AddressPrefix,
  type Ports,
  type TupleRule,
  formatClassBench,
  matchOfTuple,
} from './generator/tuple-rule.js';
