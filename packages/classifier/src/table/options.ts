import { ClassifierError } from '../errors.js';
import type { Schema } from '../schema/schema.js';
import { RULES_LIMIT } from './rule-store.js';

/** How a `RuleTable` is set up. */
export interface RuleTableOptions {
  /** Most rules that it holds: 1..1048576, default that. About 310 octets each with all structures, besides their matches. */
  readonly maxRules?: number;
  /**
   * Fields by which rules are kept apart, at most four: rules that fix some of them as a whole are only looked at for
   * packets with these values. Default `metadata` and `eth_type`, as far as the schema has them.
   */
  readonly partitionBy?: readonly string[];
  /** Rules of a partition that are searched one by one; more are put in hash tables. 0..1024, default 16. */
  readonly linearMax?: number;
  /** Rules behind one hash that are put up with before they are hashed by more of their bits. 1..1024, default 40. */
  readonly chainMax?: number;
  /** Any 32-bit number, the start of all hashes. Default 0. */
  readonly seed?: number;
  /** Bits of every hash that are kept, for tests. Default those of the schema. */
  readonly hashBits?: number;
}

/** More fields would mean too many combinations to look up. */
const PARTITION_FIELDS_MAX = 4;

/** Options with defaults in place. @throws ClassifierError E_BAD_OPTION, E_UNKNOWN_FIELD */
export function readTableOptions(schema: Schema, options: RuleTableOptions): Required<RuleTableOptions> {
  const { seed = 0, hashBits = schema.hashMask } = options;
  const maxRules = within('maxRules', options.maxRules ?? RULES_LIMIT, 1, RULES_LIMIT);
  const linearMax = within('linearMax', options.linearMax ?? 16, 0, 1024);
  const chainMax = within('chainMax', options.chainMax ?? 40, 1, 1024);
  const partitionBy = options.partitionBy ?? ['metadata', 'eth_type'].filter((name) => schema.has(name));
  if (partitionBy.length > PARTITION_FIELDS_MAX) {
    const detail = `at most ${PARTITION_FIELDS_MAX} fields, got ${partitionBy.length}`;
    throw new ClassifierError('E_BAD_OPTION', 'partitionBy', detail);
  }
  for (const name of partitionBy) schema.field(name);
  return { maxRules, partitionBy, linearMax, chainMax, seed: seed | 0, hashBits: hashBits | 0 };
}

function within(path: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new ClassifierError('E_BAD_OPTION', path, `must be an integer in ${least}..${most}, got ${value}`);
}
