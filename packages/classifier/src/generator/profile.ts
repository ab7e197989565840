/**
 * What rule sets of a kind look like, as numbers. They reproduce published means of sets made with the ClassBench seeds
 * (Taylor and Turner, INFOCOM 2005), and contain nothing of these seeds.
 */
import type { AddressShape } from './addresses.js';
import type { Weighted } from './random.js';

/** Kinds of port conditions: all ports, 1024..65535, one well-known or other port, or a range. */
export type PortClass = 'any' | 'high' | 'exact' | 'range';

/** Everything that the generator needs to know. */
export interface RuleProfile {
  /** IP protocols; `undefined` is any. Only TCP and UDP have ports. */
  readonly protocols: Weighted<number | undefined>;
  /** Port conditions, source and destination together. */
  readonly ports: Weighted<readonly [source: PortClass, destination: PortClass]>;
  /** Which pairs of prefix lengths occur. */
  readonly lengths: LengthPairs;
  readonly source: AddressShape;
  readonly destination: AddressShape;
  /** Prefixes of a rule may lie in at most so many others of the set, as far as a few tries allow. */
  readonly nestingMax: number;
  /** Share of rules without any address. */
  readonly defaultShare: number;
  /** Rules for one tenant, which each rule names in `metadata`; 0 for rules without tenants. */
  readonly rulesPerTenant: number;
}

/**
 * The pairs (source length, destination length): the `count` pairs with the highest products of both weights, drawn with
 * weights `(rank + offset) ** -exponent`. So many rules use few pairs, and the more rules, the more pairs.
 */
export interface LengthPairs {
  readonly source: Weighted<number>;
  readonly destination: Weighted<number>;
  readonly count: number;
  readonly exponent: number;
  readonly offset: number;
  /** So many of the most frequent pairs occur with every port condition; the rules of another all have the same one. */
  readonly variedCount: number;
}

/** Names of the profiles. */
export type ProfileName = 'acl' | 'fw' | 'ipc' | 'tenant';

const ICMP = 1;
const TCP = 6;
const UDP = 17;

/** Weights for all lengths in `first..32`: `rest` for each but those named. */
function lengths(first: number, rest: number, named: Readonly<Record<number, number>>): Weighted<number> {
  const all = Array.from(
    { length: 33 - first },
    (_, i) => [first + i, named[first + i] ?? rest * (1 + i / 64)] as const,
  );
  return named[0] === undefined || first === 0 ? all : [[0, named[0]], ...all];
}

/** Few branches near the root, more below, as address blocks are assigned. */
function branching(root: number, leaf: number): readonly number[] {
  return Array.from({ length: 32 }, (_, level) => root + ((leaf - root) * level) / 31);
}

/** The profiles: access lists, firewalls, IP chains, and the security groups of tenants with overlapping addresses. */
export const PROFILES: Readonly<Record<ProfileName, RuleProfile>> = {
  acl: {
    protocols: [
      [TCP, 75],
      [UDP, 12],
      [ICMP, 4],
      [undefined, 9],
    ],
    ports: [
      [['any', 'exact'], 56],
      [['any', 'any'], 32],
      [['any', 'range'], 8],
      [['any', 'high'], 5],
    ],
    lengths: {
      source: lengths(8, 1, { 0: 6, 16: 4, 24: 9, 32: 40 }),
      destination: lengths(14, 1, { 24: 6, 28: 5, 30: 6, 32: 60 }),
      count: 163,
      exponent: 3,
      offset: 16,
      variedCount: 12,
    },
    source: { branching: branching(0.6, 0.85), skew: 0.6 },
    destination: { branching: branching(0.5, 0.85), skew: 0.6 },
    nestingMax: 5,
    defaultShare: 0.002,
    rulesPerTenant: 0,
  },
  fw: {
    protocols: [
      [TCP, 68],
      [UDP, 22],
      [ICMP, 4],
      [undefined, 6],
    ],
    ports: [
      [['any', 'exact'], 38],
      [['high', 'exact'], 22],
      [['any', 'any'], 12],
      [['any', 'high'], 9],
      [['exact', 'any'], 7],
      [['high', 'high'], 3],
      [['any', 'range'], 6],
      [['range', 'high'], 1],
      [['exact', 'exact'], 1],
    ],
    lengths: {
      source: lengths(8, 1, { 0: 60, 8: 12, 16: 6, 24: 4, 32: 8 }),
      destination: lengths(8, 1, { 0: 5, 16: 6, 24: 10, 28: 5, 32: 24 }),
      count: 139,
      exponent: 3,
      offset: 16,
      variedCount: 12,
    },
    source: { branching: branching(0.7, 0.8), skew: 0.6 },
    destination: { branching: branching(0.6, 0.85), skew: 0.6 },
    nestingMax: 6,
    defaultShare: 0.004,
    rulesPerTenant: 0,
  },
  ipc: {
    protocols: [
      [TCP, 55],
      [UDP, 25],
      [ICMP, 6],
      [undefined, 14],
    ],
    ports: [
      [['any', 'any'], 40],
      [['any', 'exact'], 38],
      [['exact', 'any'], 10],
      [['exact', 'exact'], 5],
      [['any', 'high'], 5],
      [['high', 'any'], 2],
      [['any', 'range'], 4],
    ],
    lengths: {
      source: lengths(4, 1, { 0: 6, 8: 3, 16: 5, 24: 6, 32: 9 }),
      destination: lengths(4, 1, { 0: 6, 8: 3, 16: 5, 24: 6, 32: 9 }),
      count: 335,
      exponent: 2.1,
      offset: 32,
      variedCount: 20,
    },
    source: { branching: branching(0.65, 0.85), skew: 0.6 },
    destination: { branching: branching(0.65, 0.85), skew: 0.6 },
    nestingMax: 6,
    defaultShare: 0.002,
    rulesPerTenant: 0,
  },
  tenant: {
    protocols: [
      [TCP, 72],
      [UDP, 18],
      [ICMP, 6],
      [undefined, 4],
    ],
    ports: [
      [['any', 'exact'], 70],
      [['any', 'any'], 14],
      [['any', 'range'], 10],
      [['any', 'high'], 6],
    ],
    lengths: {
      source: lengths(16, 1, { 0: 30, 16: 6, 24: 12, 32: 24 }),
      destination: lengths(16, 0.5, { 0: 2, 24: 8, 28: 3, 32: 48 }),
      count: 60,
      exponent: 3,
      offset: 8,
      variedCount: 12,
    },
    source: { branching: branching(0.6, 0.9), skew: 0.6, within: { value: 0x0a00_0000, length: 8 } },
    destination: { branching: branching(0.6, 0.9), skew: 0.6, within: { value: 0x0a00_0000, length: 8 } },
    nestingMax: 4,
    defaultShare: 0.01,
    rulesPerTenant: 250,
  },
};
