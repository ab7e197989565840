/**
 * A flow classifier: keys from packets, tables of rules with priorities and wildcards, and a cache in front that never
 * answers what the rules would not.
 */
export { FlowCache } from './cache/flow-cache.js';
export type { MaskCombination, PartitionDiagnosis } from './cache/cache-diagnosis.js';
export type {
  FlowCacheOptions,
  MegaflowOptions,
  MicroflowOptions,
  RevalidationOptions,
  UpcallOptions,
} from './cache/options.js';
export type { FlowCacheStats, MaintainReport, Megaflow } from './cache/stats.js';
export * from './errors.js';
export { FlowKey, PACKED_HEADER_WORDS } from './key/flow-key.js';
export { parseFrame, parseIpPacket } from './key/parse.js';
export { FlowMask } from './key/flow-mask.js';
export { type MatchFields, buildMatch } from './match/build.js';
export type { FieldInput } from './match/draft.js';
export { type FieldRange, type Match, covers, equalMatches, matchesKey, overlaps } from './match/match.js';
export { EXPANSION_MAX, type Prefix, expandRanges, rangeToPrefixes } from './match/prefixes.js';
export { describeSchema } from './schema/describe.js';
export * from './schema/field.js';
export { FLOW_FIELD_NAMES, type FlowFieldName } from './schema/flow-field-names.js';
export { FLOW_SCHEMA } from './schema/flow-schema.js';
export * from './schema/schema.js';
export type { Diagnostic, LargeMaskProduct, ShadowedRule } from './table/lint.js';
export type { MaskProduct } from './table/mask-product.js';
export type { RuleTableOptions } from './table/options.js';
export type { AddOptions, RuleTransaction } from './table/rule-transaction.js';
export { RuleTable, type RuleTableStats } from './table/rule-table.js';
export type { Rule, RuleInput } from './table/rule.js';
export { formatMatch, formatRule } from './text/format.js';
export { DEFAULT_PRIORITY, PRIORITY_MAX, type TextRule, parseMatch, parseRule } from './text/parse.js';
