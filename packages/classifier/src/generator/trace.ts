import { ClassifierError } from '../errors.js';
import type { FlowKey } from '../key/flow-key.js';
import { FLOW_WORD as W } from '../schema/flow-schema.js';
import { type Random, integerBetween, pareto } from './random.js';
import type { AddressPrefix, TupleRule } from './tuple-rule.js';

/** The header of a packet: what rules of a generated set look at. */
export interface TraceHeader {
  /** The tenant, or 0. */
  readonly tenant: number;
  /** IPv4 address, 0..2^32-1. */
  readonly source: number;
  /** IPv4 address, 0..2^32-1. */
  readonly destination: number;
  readonly protocol: number;
  /** 0 unless the protocol is TCP or UDP. */
  readonly sourcePort: number;
  /** 0 unless the protocol is TCP or UDP. */
  readonly destinationPort: number;
}

/** What to generate. */
export interface TraceOptions {
  /** Number of headers, at least 1. */
  readonly count: number;
  /** Where chance comes from. */
  readonly random: Random;
  /** Shape of the Pareto distribution of repeats. Default 1, as is customary with ClassBench. */
  readonly shape?: number;
  /** Its scale: the larger, the more often a header repeats at once. Default 0.1, likewise. */
  readonly scale?: number;
}

/** One header in a row is at most a hundredth of the trace, or one draw could be all of it. */
const REPEAT_SHARE = 100;
/** Protocols of headers for rules that name none. */
const PROTOCOLS = [1, 6, 17, 47, 50];

/**
 * Headers for a set of rules: a rule, each as likely as the others, a point in it, each as likely as the others, and that
 * header as often in a row as a Pareto distribution says. A higher rule may match it too. @throws ClassifierError E_BAD_OPTION
 */
export function generateTrace(rules: readonly TupleRule[], options: TraceOptions): TraceHeader[] {
  const { count, random, shape = 1, scale = 0.1 } = options;
  if (rules.length === 0) throw new ClassifierError('E_BAD_OPTION', 'rules', 'a trace needs a rule');
  const headers: TraceHeader[] = [];
  while (headers.length < count) {
    const header = pointIn(rules[integerBetween(random, 0, rules.length - 1)]!, random);
    const repeats = Math.min(Math.ceil(pareto(random, shape, scale)), Math.ceil(count / REPEAT_SHARE));
    for (let i = 0; i < repeats && headers.length < count; i++) headers.push(header);
  }
  return headers;
}

/** Writes a header into a key of `FLOW_SCHEMA`'s layout, as a parsed packet would be. Allocates nothing. */
export function loadHeader(header: TraceHeader, key: FlowKey): void {
  const { words } = key;
  key.clear();
  words[W.METADATA + 1] = header.tenant;
  words[W.CT_KIND] = 1;
  words[W.ETH_TYPE_VLAN] = 0x0800 << 16;
  words[W.IP_SRC + 3] = header.source;
  words[W.IP_DST + 3] = header.destination;
  words[W.IP] = (header.protocol << 24) | (64 << 8);
  words[W.IP_MORE] = 1;
  words[W.PORTS] = (header.sourcePort << 16) | header.destinationPort;
  words[W.L4] = header.protocol === 6 || header.protocol === 17 ? 1 : 0;
}

function pointIn(rule: TupleRule, random: Random): TraceHeader {
  const protocol = rule.protocol ?? PROTOCOLS[integerBetween(random, 0, PROTOCOLS.length - 1)]!;
  const hasPorts = protocol === 6 || protocol === 17;
  return {
    tenant: rule.tenant,
    source: addressIn(rule.source, random),
    destination: addressIn(rule.destination, random),
    protocol,
    sourcePort: hasPorts ? integerBetween(random, rule.sourcePorts.lo, rule.sourcePorts.hi) : 0,
    destinationPort: hasPorts ? integerBetween(random, rule.destinationPorts.lo, rule.destinationPorts.hi) : 0,
  };
}

function addressIn({ value, length }: AddressPrefix, random: Random): number {
  return integerBetween(random, value, value + 2 ** (32 - length) - 1);
}
