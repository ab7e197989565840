import { ClassifierError } from '../errors.js';
import { PRIORITY_MAX } from '../text/parse.js';
import { AddressTree } from './addresses.js';
import { drawPorts } from './ports.js';
import { PROFILES, type ProfileName, type RuleProfile } from './profile.js';
import { type Random, type Weighted, createRandom, integerBetween, weightedDraw } from './random.js';
import { type AddressPrefix, type Ports, type TupleRule, prefixMask } from './tuple-rule.js';

/** What to generate. */
export interface RuleSetOptions {
  /** A profile, by name or of your own. */
  readonly profile: ProfileName | RuleProfile;
  /** Number of rules, at least 1. */
  readonly count: number;
  /** Where chance comes from; the same numbers make the same rules. */
  readonly random: Random;
}

const ANY_PORTS = { lo: 0, hi: 65535 };
const ANY_PORT_PAIR = [ANY_PORTS, ANY_PORTS] as const;
const DEFAULT_PAIR: RankedPair = { lengths: [0, 0], ports: undefined };
const TCP = 6;
const UDP = 17;
/** Draws for a rule that the set does not have yet, before the set is taken to be exhausted. */
const DRAWS_MAX = 200;
/** More draws for a prefix that is nested too deep. */
const NESTING_DRAWS = 2;

/**
 * A set of different rules, the highest priority first: those that match less come first, roughly. It is smaller than asked
 * for only if the profile has no more. Cost: some 20 microseconds a rule. @throws ClassifierError E_BAD_OPTION
 */
export function generateRules({ profile: wanted, count, random }: RuleSetOptions): TupleRule[] {
  if (!Number.isInteger(count) || count < 1) {
    throw new ClassifierError('E_BAD_OPTION', 'count', `must be an integer of at least 1, got ${count}`);
  }
  const profile = typeof wanted === 'string' ? PROFILES[wanted] : wanted;
  const draw = new RuleDraw(profile, random, tenantsOf(profile, count));
  const known = new Set<string>();
  const rules: { readonly rule: TupleRule; readonly rank: number }[] = [];
  for (let failures = 0; rules.length < count && failures < DRAWS_MAX;) {
    const rule = draw.next();
    const name = nameOf(rule);
    if (known.has(name)) {
      failures++;
      continue;
    }
    failures = 0;
    known.add(name);
    // The more bits a rule fixes the earlier it comes, give or take: administrators order by hand.
    rules.push({ rule, rank: bitsOf(rule) + random() * 24 });
  }
  rules.sort((a, b) => b.rank - a.rank);
  const perPriority = Math.ceil(rules.length / (PRIORITY_MAX + 1));
  return rules.map(({ rule }, i) => ({ ...rule, priority: PRIORITY_MAX - Math.floor(i / perPriority) }));
}

/** Draws rules one by one. */
class RuleDraw {
  readonly #profile: RuleProfile;
  readonly #random: Random;
  readonly #tenants: number;
  readonly #protocol;
  readonly #ports;
  readonly #pairs;
  readonly #source: PrefixDraw;
  readonly #destination: PrefixDraw;

  constructor(profile: RuleProfile, random: Random, tenants: number) {
    this.#profile = profile;
    this.#random = random;
    this.#tenants = tenants;
    this.#protocol = weightedDraw(profile.protocols);
    this.#ports = weightedDraw(profile.ports);
    this.#pairs = weightedDraw(rankPairs(profile));
    this.#source = new PrefixDraw(profile.source, profile.nestingMax, random);
    this.#destination = new PrefixDraw(profile.destination, profile.nestingMax, random);
  }

  next(): TupleRule {
    const random = this.#random;
    const isDefault = random() < this.#profile.defaultShare;
    const pair = isDefault ? DEFAULT_PAIR : this.#pairs(random);
    const protocol = this.#protocol(random);
    const hasPorts = protocol === TCP || protocol === UDP;
    const [sourcePorts, destinationPorts] = hasPorts ? (pair.ports ?? this.#drawPorts()) : ANY_PORT_PAIR;
    return {
      priority: 0,
      tenant: this.#tenants === 0 ? 0 : integerBetween(random, 1, this.#tenants),
      source: this.#source.next(pair.lengths[0]),
      destination: this.#destination.next(pair.lengths[1]),
      protocol,
      sourcePorts,
      destinationPorts,
    };
  }

  #drawPorts(): readonly [Ports, Ports] {
    const [source, destination] = this.#ports(this.#random);
    return [drawPorts(source, this.#random), drawPorts(destination, this.#random)];
  }
}

/** Draws prefixes, and keeps them from being nested too deep. */
class PrefixDraw {
  readonly #tree: AddressTree;
  readonly #nestingMax: number;
  readonly #random: Random;
  /** Addresses of the prefixes so far, by length, as signed integers, which V8 keeps unboxed. */
  readonly #known = new Map<number, Set<number>>();

  constructor(shape: RuleProfile['source'], nestingMax: number, random: Random) {
    this.#tree = new AddressTree(shape, Math.floor(random() * 0x1_0000_0000));
    this.#nestingMax = nestingMax;
    this.#random = random;
  }

  next(length: number): AddressPrefix {
    let value = this.#tree.draw(length, this.#random);
    for (let i = 0; i < NESTING_DRAWS && this.#isNestedTooDeep(value, length); i++) {
      value = this.#tree.draw(length, this.#random);
    }
    const known = this.#known.get(length);
    if (known === undefined) this.#known.set(length, new Set([value | 0]));
    else known.add(value | 0);
    return { value, length };
  }

  #isNestedTooDeep(value: number, length: number): boolean {
    let count = 0;
    for (const [outer, known] of this.#known) {
      const isInside = outer !== 0 && outer < length && known.has(value & prefixMask(outer));
      if (isInside && ++count > this.#nestingMax) return true;
    }
    return false;
  }
}

/** A pair of prefix lengths, and the one port condition that its rules have, if it is a rare pair. */
interface RankedPair {
  readonly lengths: readonly [source: number, destination: number];
  readonly ports: readonly [source: Ports, destination: Ports] | undefined;
}

/** The pairs that occur, with their weights. */
function rankPairs({ lengths, ports }: RuleProfile): Weighted<RankedPair> {
  const { source, destination, count, exponent, offset, variedCount } = lengths;
  const draw = weightedDraw(ports);
  return source
    .flatMap(([from, ours]) =>
      destination.map(([to, theirs]) => ({ pair: [from, to] as const, weight: ours * theirs })),
    )
    .sort((a, b) => b.weight - a.weight || b.pair[0] + b.pair[1] - a.pair[0] - a.pair[1])
    .slice(0, count)
    .map(({ pair }, rank) => {
      // Which condition a rare pair has is a matter of the profile, not of the set.
      const chance = createRandom(rank);
      const [from, to] = draw(chance);
      const fixed = [drawPorts(from, chance), drawPorts(to, chance)] as const;
      const ranked = { lengths: pair, ports: rank < variedCount ? undefined : fixed };
      return [ranked, (rank + 1 + offset) ** -exponent];
    });
}

function tenantsOf(profile: RuleProfile, count: number): number {
  return profile.rulesPerTenant === 0 ? 0 : Math.ceil(count / profile.rulesPerTenant);
}

function nameOf(rule: TupleRule): string {
  const { tenant, source, destination, protocol, sourcePorts, destinationPorts } = rule;
  const addresses = `${source.value}/${source.length} ${destination.value}/${destination.length}`;
  return `${tenant} ${addresses} ${protocol} ${sourcePorts.lo}-${sourcePorts.hi} ${destinationPorts.lo}-${destinationPorts.hi}`;
}

/** Bits that a rule fixes; a range fixes as many as it leaves out of 16. */
function bitsOf({ source, destination, protocol, sourcePorts, destinationPorts }: TupleRule): number {
  const ports = [sourcePorts, destinationPorts].map(({ lo, hi }) => 16 - Math.log2(hi - lo + 1));
  return source.length + destination.length + (protocol === undefined ? 0 : 8) + ports[0]! + ports[1]!;
}
