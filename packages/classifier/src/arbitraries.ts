/** fast-check generators of keys, matches, rules and changes of rules, from small sets of values so that they often meet. */
import fc from 'fast-check';
import type { FieldSpec, RuleSpec } from './laws/oracle.js';
import { type Field, maxOfWide } from './schema/field.js';
import { FLOW_SCHEMA } from './schema/flow-schema.js';
import type { Schema } from './schema/schema.js';

/** Rules as the generators make them, and as the oracle of the laws takes them. */
export type { FieldSpec, RuleSpec } from './laws/oracle.js';

/** What generated rules and keys speak of. */
export interface Vocabulary {
  readonly schema: Schema;
  /** Kinds of packets, as the fields that tell them: each rule and key is of one. A rule may also be of none. */
  readonly kinds: readonly Readonly<Record<string, bigint>>[];
  /** The values of a field that occur. A field that is not here is not used. */
  readonly values: Readonly<Record<string, readonly bigint[]>>;
}

/** Keys as named fields; those that are not here are zero. */
export type KeyFields = Readonly<Record<string, bigint>>;

/** One change of a table's rules. */
export type RuleChange =
  | { readonly kind: 'add'; readonly rule: RuleSpec }
  /** Takes out the rule that is at `nth` modulo the number of rules, the oldest first; nothing if there is none. */
  | { readonly kind: 'remove'; readonly nth: number };

const IPV4 = { eth_type: 0x0800n };
const IPV6 = { eth_type: 0x86ddn };
const ADDRESSES = [0x0a00_0001n, 0x0a00_0002n, 0x0a00_0101n, 0x0a01_0001n, 0x0b00_0001n, 0xc0a8_0001n, 0n];
const ADDRESSES6 = [1n, 2n, 0x1_0000n, 0x1_0000_0000_0000n].map((low) => (0x2001_0db8n << 96n) | low);
const PORTS = [0n, 1n, 22n, 80n, 81n, 443n, 1023n, 1024n, 1025n, 0x8000n, 65535n];

/** Flow keys of IPv4, IPv6, ARP and other packets, with and without tunnel, tag, fragments. */
export const FLOW_VOCABULARY: Vocabulary = {
  schema: FLOW_SCHEMA,
  kinds: [
    { eth_type: 0x88ccn },
    { eth_type: 0x0806n },
    IPV4,
    IPV6,
    { ...IPV4, ip_proto: 6n },
    { ...IPV4, ip_proto: 17n },
    { ...IPV4, ip_proto: 1n },
    { ...IPV6, ip_proto: 6n },
    { ...IPV6, ip_proto: 58n, icmp_type: 135n, icmp_code: 0n },
  ],
  values: {
    in_port: [1n, 2n, 3n],
    metadata: [0n, 1n, 0x1_0000_0000n],
    reg0: [0n, 1n],
    tun_id: [0n, 5001n, 5002n],
    eth_dst: [0xffff_ffff_ffffn, 0x0200_0000_0001n, 0x0200_0000_0002n],
    eth_src: [0x0200_0000_0001n, 0x0200_0000_0002n],
    vlan_tci: [0n, 0x1005n, 0x1006n, 0x3005n],
    ip_src: ADDRESSES,
    ip_dst: ADDRESSES,
    arp_spa: ADDRESSES,
    arp_tpa: ADDRESSES,
    arp_op: [1n, 2n],
    ip_tos: [0n, 0xb8n],
    ip_ttl: [0n, 1n, 64n],
    ip_frag: [0n, 1n, 3n],
    l4_src: PORTS,
    l4_dst: PORTS,
    tcp_flags: [2n, 0x10n, 0x12n],
    nd_target: ADDRESSES6,
  },
};

/** Keys of these words. */
export function keyFields(vocabulary: Vocabulary = FLOW_VOCABULARY): fc.Arbitrary<KeyFields> {
  return fc.oneof(
    ...vocabulary.kinds.map((kind) => {
      const fields = usable(vocabulary, kind).map(
        ({ field, values }) => [field.name, fc.constantFrom(...values)] as const,
      );
      return fc
        .record(Object.fromEntries(fields), { requiredKeys: [] })
        .map((chosen) => ({ ...chosen, ...kind }) as KeyFields);
    }),
  );
}

/** What a rule may ask, as named fields: up to four of those that the kind of packet has, exact, under a mask, or ranges. */
export function matchFields(vocabulary: Vocabulary = FLOW_VOCABULARY): fc.Arbitrary<RuleSpec['fields']> {
  return fc.oneof(
    ...[{}, ...vocabulary.kinds].map((kind) => {
      const exact = Object.entries(kind).map(([name, value]) => {
        return [name, { value, mask: maxOfWide(vocabulary.schema.field(name)) }] as const;
      });
      const specs = usable(vocabulary, kind).map(({ field, values, bits }) =>
        fieldSpec(field, values, bits).map((spec) => [field.name, spec] as const),
      );
      return fc
        .subarray(specs, { maxLength: 4 })
        .chain((chosen) => fc.tuple(...chosen))
        .map((entries): RuleSpec['fields'] => Object.fromEntries([...exact, ...entries]));
    }),
  );
}

/** Rules of few priorities; `action` is one of ten. */
export function ruleSpec(vocabulary: Vocabulary = FLOW_VOCABULARY): fc.Arbitrary<RuleSpec> {
  return fc.record({
    priority: fc.constantFrom(0, 1, 2, 100, 65535),
    fields: matchFields(vocabulary),
    action: fc.nat({ max: 9 }),
  });
}

/** Changes of rules: about three added for one removed. */
export function ruleChange(vocabulary: Vocabulary = FLOW_VOCABULARY): fc.Arbitrary<RuleChange> {
  return fc.oneof(
    { weight: 3, arbitrary: ruleSpec(vocabulary).map((rule) => ({ kind: 'add', rule }) as const) },
    { weight: 1, arbitrary: fc.nat({ max: 99 }).map((nth) => ({ kind: 'remove', nth }) as const) },
  );
}

/** Sequences of changes. */
export function ruleChanges(vocabulary: Vocabulary = FLOW_VOCABULARY, maxLength = 20): fc.Arbitrary<RuleChange[]> {
  return fc.array(ruleChange(vocabulary), { maxLength });
}

interface UsableField {
  readonly field: Field;
  readonly values: readonly bigint[];
  /** Bits that a value may have: 32 for addresses of IPv4. */
  readonly bits: number;
}

/** The fields that packets of a kind have. */
function usable({ schema, values }: Vocabulary, kind: Readonly<Record<string, bigint>>): UsableField[] {
  return Object.entries(values).flatMap(([name, list]) => {
    const field = schema.field(name);
    const { requires, family } = field;
    const isMet = (set: Readonly<Record<string, readonly number[]>>): boolean =>
      Object.entries(set).every(([other, wanted]) => kind[other] !== undefined && wanted.includes(Number(kind[other])));
    const isUsable =
      name in kind ? false : requires === undefined || requires.some((set) => reaches(schema, set, kind) && isMet(set));
    if (!isUsable) return [];
    const isIpv4 = family !== undefined && kind[family.field] === BigInt(family.ipv4);
    if (family === undefined || isIpv4) return [{ field, values: list, bits: isIpv4 ? 32 : field.width }];
    // The same hosts, in the other family.
    return [{ field, values: list.map((value) => (0x2001_0db8n << 96n) | value), bits: field.width }];
  });
}

/** Whether a kind also has what the fields of `set` require. */
function reaches(
  schema: Schema,
  set: Readonly<Record<string, unknown>>,
  kind: Readonly<Record<string, bigint>>,
): boolean {
  return Object.keys(set).every((name) => {
    const { requires } = schema.field(name);
    return (
      requires === undefined || requires.some((next) => Object.keys(next).every((other) => kind[other] !== undefined))
    );
  });
}

function fieldSpec(field: Field, values: readonly bigint[], bits: number): fc.Arbitrary<FieldSpec> {
  const all = (1n << BigInt(bits)) - 1n;
  const value = fc.constantFrom(...values);
  const masked = (mask: fc.Arbitrary<bigint>): fc.Arbitrary<FieldSpec> =>
    fc.tuple(value, mask).map(([bitsOf, under]) => ({ value: bitsOf & under, mask: under }));
  const exact = masked(fc.constant(all));
  if (!field.maskable) return exact;
  const prefix = masked(fc.integer({ min: 1, max: bits }).map((length) => all & ~((1n << BigInt(bits - length)) - 1n)));
  const any = masked(fc.bigInt({ min: 1n, max: all }));
  if (bits > 16) return fc.oneof({ weight: 3, arbitrary: exact }, { weight: 3, arbitrary: prefix }, any);
  return fc.oneof({ weight: 3, arbitrary: exact }, prefix, any, { weight: 3, arbitrary: range(bits, values) });
}

/** Ranges that no mask can say, so that one match has one form. */
function range(bits: number, values: readonly bigint[]): fc.Arbitrary<FieldSpec> {
  const max = 2 ** bits - 1;
  if (bits < 2) return fc.constant({ value: 1n, mask: 1n });
  const end = fc.oneof(fc.constantFrom(...values.map(Number)), fc.nat({ max }));
  return fc
    .tuple(end, end)
    .map(([a, b]) => ({ lo: Math.min(a, b), hi: Math.max(a, b) }))
    .filter(({ lo, hi }) => (lo & (lo ^ hi)) !== 0 || ((lo ^ hi) & ((lo ^ hi) + 1)) !== 0);
}
