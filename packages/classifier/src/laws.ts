/**
 * What every table of rules and every cache in front of one must keep, as fast-check properties to run against ours or
 * yours, with a naive classifier as the judge.
 *
 * ```ts
 * for (const law of tableLaws(() => adapt(new MyTable()))) it(law.name, () => fc.assert(law.property));
 * ```
 */
import fc from 'fast-check';
import {
  FLOW_VOCABULARY,
  type RuleChange,
  type Vocabulary,
  keyFields,
  ruleChange,
  ruleChanges,
} from './arbitraries.js';
import { FlowKey } from './key/flow-key.js';
import { FlowMask } from './key/flow-mask.js';
import type { LinearOracle } from './laws/oracle.js';
import { type ClassifierUnderTest, Pair, type TableUnderTest, keyOf } from './laws/subject.js';
import type { Schema } from './schema/schema.js';

export { type FieldSpec, LinearOracle, type RuleSpec } from './laws/oracle.js';
export { type ClassifierUnderTest, Pair, type RulesUnderTest, type TableUnderTest, keyOf } from './laws/subject.js';

/** One law. `property` runs on its own: pass it to `fc.assert`. */
export interface ClassifierLaw {
  /** What it says, in a word. */
  readonly name: 'oracle' | 'tracked' | 'sound' | 'transparent';
  /** What must hold. */
  readonly property: fc.IRawProperty<unknown, false>;
}

/**
 * The laws of a table:
 * - `oracle`: after every change of the rules, `lookup` finds the rule that the oracle finds;
 * - `tracked`: `lookupTracked` finds the same;
 * - `sound`: any key that agrees on the bits it says it looked at gets the same answer.
 */
export function tableLaws(
  create: () => TableUnderTest,
  vocabulary: Vocabulary = FLOW_VOCABULARY,
): readonly ClassifierLaw[] {
  const { schema } = vocabulary;
  const changes = ruleChanges(vocabulary);
  const keys = fc.array(keyFields(vocabulary), { minLength: 1, maxLength: 3 });
  const oracle = fc.property(changes, keys, (steps, packets) => {
    const pair = new Pair(create(), schema);
    for (const step of steps) {
      pair.apply(step);
      for (const fields of packets) {
        const key = keyOf(fields, schema);
        same('lookup', pair.subject.lookup(key), pair.oracle.classify(key.words), key);
      }
    }
  });
  const tracked = fc.property(changes, keys, (steps, packets) => {
    const { subject } = changed(create(), steps, schema);
    for (const fields of packets) {
      const key = keyOf(fields, schema);
      same('lookupTracked', subject.lookupTracked(key, new FlowMask(schema)), subject.lookup(key), key);
    }
  });
  const sound = fc.property(changes, keys, fc.integer(), (steps, packets, noise) => {
    const { subject, oracle: judge } = changed(create(), steps, schema);
    const mask = new FlowMask(schema);
    for (const fields of packets) {
      const key = keyOf(fields, schema);
      mask.clear();
      const action = subject.lookupTracked(key, mask);
      const others = packets.map((other) => keyOf(other, schema).words);
      requireSound(judge, key, mask, action, [...others, ...noiseWords(schema, noise)]);
    }
  });
  return [
    { name: 'oracle', property: oracle },
    { name: 'tracked', property: tracked },
    { name: 'sound', property: sound },
  ];
}

/**
 * The law of a table behind caches, `transparent`: packets, changes of rules and time in any order, and every answer is the
 * oracle's at that moment, or at some moment of the last `maxStaleMs`.
 */
export function classifierLaws(
  create: () => ClassifierUnderTest,
  vocabulary: Vocabulary = FLOW_VOCABULARY,
  maxStaleMs = 0,
): readonly ClassifierLaw[] {
  const { schema } = vocabulary;
  const pool = fc.array(keyFields(vocabulary), { minLength: 1, maxLength: 6 });
  const event = fc.oneof(
    { weight: 6, arbitrary: fc.nat({ max: 99 }).map((packet) => ({ packet }) as const) },
    { weight: 3, arbitrary: ruleChange(vocabulary).map((change) => ({ change }) as const) },
    { weight: 1, arbitrary: fc.constantFrom(0, 1, 100, 2_000, 20_000).map((waitMs) => ({ waitMs }) as const) },
  );
  const transparent = fc.property(pool, fc.array(event, { maxLength: 60 }), (packets, events) => {
    const pair = new Pair(create(), schema);
    const keys = packets.map((fields) => keyOf(fields, schema));
    const answers = (): (number | undefined)[] => keys.map(({ words }) => pair.oracle.classify(words));
    /** What the answers were before each change, and when they ended. */
    const before: { readonly answers: readonly (number | undefined)[]; readonly untilMs: number }[] = [];
    let nowMs = 0;
    for (const what of events) {
      if ('change' in what) {
        if (maxStaleMs > 0) before.push({ answers: answers(), untilMs: nowMs });
        pair.apply(what.change);
      } else if ('waitMs' in what) pair.subject.maintain((nowMs += what.waitMs));
      else {
        const at = what.packet % keys.length;
        const key = keys[at]!;
        const actual = pair.subject.classify(key, nowMs);
        const wasRight = before.some((then) => nowMs - then.untilMs <= maxStaleMs && then.answers[at] === actual);
        if (!wasRight) same('classify', actual, pair.oracle.classify(key.words), key);
      }
    }
  });
  return [{ name: 'transparent', property: transparent }];
}

/**
 * Throws unless every key that agrees with `key` on `mask` gets `action` from the oracle: each other bit that some rule asks
 * for is flipped alone, then all others are taken from each of `others`.
 */
export function requireSound(
  oracle: LinearOracle,
  key: FlowKey,
  mask: FlowMask,
  action: number | undefined,
  others: readonly Int32Array[],
): void {
  const probe = new FlowKey(key.schema);
  probe.words.set(key.words);
  for (const bit of oracle.askedBits()) {
    const word = bit >>> 5;
    const one = -0x8000_0000 >>> (bit & 31);
    if ((mask.words[word]! & one) !== 0) continue;
    probe.words[word]! ^= one;
    const expected = oracle.classify(probe.words);
    // The text is made only when it is needed: this runs for some hundred bits of each key.
    if (action !== expected) same(`bit ${bit} was not looked at, but`, action, expected, probe);
    probe.words[word]! ^= one;
  }
  for (const other of others) {
    for (let i = 0; i < other.length; i++) {
      probe.words[i] = (key.words[i]! & mask.words[i]!) | (other[i]! & ~mask.words[i]!);
    }
    same('the mask leaves open, but', action, oracle.classify(probe.words), probe);
  }
}

function changed(subject: TableUnderTest, steps: readonly RuleChange[], schema: Schema): Pair<TableUnderTest> {
  const pair = new Pair(subject, schema);
  for (const step of steps) pair.apply(step);
  return pair;
}

/** Four keys of pseudo-random words. */
function noiseWords(schema: Schema, seed: number): Int32Array[] {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b_79f5) | 0;
    const mixed = Math.imul(state ^ (state >>> 15), state | 1);
    return mixed ^ (mixed >>> 14);
  };
  return Array.from({ length: 4 }, () => Int32Array.from({ length: schema.words }, next));
}

function same(what: string, actual: number | undefined, expected: number | undefined, key: FlowKey): void {
  if (actual !== expected) throw new Error(`${what} ${actual}, the oracle says ${expected}, for ${key.format()}`);
}
