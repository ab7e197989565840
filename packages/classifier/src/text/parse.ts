/**
 * Rules from text. The syntax is the common part of ovs-ofctl's rule lines and the library's own: fields with commas or
 * spaces between them, as `name=value`, `name=value/mask`, `name=low..high`, and words such as `tcp`.
 */
import { ClassifierError } from '../errors.js';
import { MatchDraft } from '../match/draft.js';
import type { Match } from '../match/match.js';
import { FLOW_SCHEMA } from '../schema/flow-schema.js';
import type { Schema } from '../schema/schema.js';
import type { RuleInput } from '../table/rule.js';

/** Priority of a rule that does not say one, as in OpenFlow. */
export const DEFAULT_PRIORITY = 32768;
/** Highest priority. */
export const PRIORITY_MAX = 65535;

/** A rule as text gives it; its actions stay text. */
export interface TextRule extends RuleInput<string> {
  readonly priority: number;
  /** Number of the table, 0 if the text has none. */
  readonly table: number;
  /** Opaque number of 64 bits, 0 if the text has none. */
  readonly cookie: bigint;
  /** Seconds without a packet after which the rule is to go, if the text has them. */
  readonly idleTimeoutS?: number;
  /** Seconds after which the rule is to go, if the text has them. */
  readonly hardTimeoutS?: number;
}

/** What dumps say about a rule's past, and flags for the switch: no part of the rule. */
const IGNORED = new Set([
  ...['duration', 'n_packets', 'n_bytes', 'idle_age', 'hard_age', 'importance'],
  ...['check_overlap', 'send_flow_rem', 'reset_counts', 'no_packet_counts', 'no_byte_counts'],
]);

/** Fields of ovs-ofctl that are no other name of one field, and what they mean. */
const MACROS: ReadonlyMap<string, (text: string) => readonly [name: string, text: string]> = new Map([
  // 0xffff asks for packets without a tag (OpenFlow 1.0 §5.2.3), which have no bit of one.
  ['dl_vlan', (text) => (Number(text) === 0xffff ? ['vlan_tci', '0'] : ['vlan_vid', text])],
  ['nw_tos', (text) => ['ip_tos', text.includes('/') ? text : `${text}/0xfc`]],
]);

/** The family of these follows from their text, where the text does not give `tun_family` itself. */
const TUNNEL_ADDRESSES = ['tun_src', 'tun_dst'];

/**
 * The match that a text such as `tcp,ip_dst=10.0.0.0/8,l4_dst=80..443` asks for; an empty one matches everything.
 * @throws ClassifierError E_BAD_TEXT, and as `buildMatch`
 */
export function parseMatch(text: string, schema: Schema = FLOW_SCHEMA): Match {
  return matchOf(settingsOf(text), schema);
}

/**
 * The rule of a line such as `priority=100,tcp,nw_dst=10.0.0.0/8,tp_dst=443 actions=output:2`, also from ovs-ofctl
 * dump-flows: its statistics are skipped. @throws ClassifierError E_BAD_TEXT, E_BAD_PRIORITY, and as `buildMatch`
 */
export function parseRule(text: string, schema: Schema = FLOW_SCHEMA): TextRule {
  const split = /(?:^|[\s,])actions?=/.exec(text);
  if (split === null) throw new ClassifierError('E_BAD_TEXT', 'actions', `a rule ends with actions=..., got '${text}'`);
  const action = text.slice(split.index + split[0].length).trim();
  const fields: Setting[] = [];
  const rule: { -readonly [K in keyof TextRule]?: TextRule[K] } = {};
  for (const setting of settingsOf(text.slice(0, split.index))) {
    const [name, value] = setting;
    if (IGNORED.has(name)) continue;
    const known = RULE_SETTINGS.get(name);
    if (known === undefined) fields.push(setting);
    else {
      const [key, parse] = known;
      if (key in rule) throw new ClassifierError('E_DUP_FIELD', name, 'given twice');
      Object.assign(rule, { [key]: parse(value ?? '') });
    }
  }
  return { priority: DEFAULT_PRIORITY, table: 0, cookie: 0n, ...rule, match: matchOf(fields, schema), action };
}

const NUMBER = /^(?:[0-9]{1,20}|0x[0-9a-f]{1,16})$/i;

/** A name with its value, or a word alone. */
type Setting = readonly [name: string, value: string | undefined];

/** What is said of the rule itself. */
const RULE_SETTINGS: ReadonlyMap<string, readonly [key: keyof TextRule, parse: (text: string) => number | bigint]> =
  new Map([
    ['priority', ['priority', (text) => integer('priority', text, PRIORITY_MAX, 'E_BAD_PRIORITY')]],
    ['table', ['table', (text) => integer('table', text, 254)]],
    ['cookie', ['cookie', (text) => wideInteger('cookie', text)]],
    ['idle_timeout', ['idleTimeoutS', (text) => integer('idle_timeout', text, 0xffff)]],
    ['hard_timeout', ['hardTimeoutS', (text) => integer('hard_timeout', text, 0xffff)]],
  ]);

function settingsOf(text: string): Setting[] {
  return text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part) => {
      const equals = part.indexOf('=');
      return equals < 0 ? [part, undefined] : [part.slice(0, equals), part.slice(equals + 1)];
    });
}

function matchOf(settings: readonly Setting[], schema: Schema): Match {
  const draft = new MatchDraft(schema);
  for (const [name, value] of settings) {
    if (value !== undefined) draft.set(...expand(schema, name, value));
    else for (const [field, fixed] of Object.entries(shorthandOf(schema, name))) draft.set(field, fixed);
  }
  for (const name of TUNNEL_ADDRESSES) {
    const family = schema.has(name) ? draft.familyOf(schema.field(name)) : undefined;
    const isMissing = family !== undefined && !draft.hasField(schema.field('tun_family'));
    if (isMissing) draft.set('tun_family', family);
  }
  return draft.finish();
}

function expand(schema: Schema, name: string, value: string): readonly [string, string] {
  const macro = schema.has(name) ? undefined : MACROS.get(name);
  return macro === undefined ? [name, value] : macro(value);
}

function shorthandOf(schema: Schema, word: string): Readonly<Record<string, number>> {
  const fields = Object.hasOwn(schema.shorthands, word) ? schema.shorthands[word] : undefined;
  if (fields !== undefined) return fields;
  const words = Object.keys(schema.shorthands).join(', ');
  const detail = schema.has(word)
    ? 'a field needs a value, as in name=value'
    : `no such word${words && `; there are ${words}`}`;
  throw new ClassifierError('E_BAD_TEXT', word, detail);
}

function integer(
  name: string,
  text: string,
  max: number,
  code: 'E_BAD_TEXT' | 'E_BAD_PRIORITY' = 'E_BAD_TEXT',
): number {
  const value = NUMBER.test(text) ? Number(text) : -1;
  if (value < 0 || value > max) throw new ClassifierError(code, name, `must be an integer in 0..${max}, got '${text}'`);
  return value;
}

function wideInteger(name: string, text: string): bigint {
  const value = NUMBER.test(text) ? BigInt(text) : -1n;
  if (value >= 0n && value < 1n << 64n) return value;
  throw new ClassifierError('E_BAD_TEXT', name, `must be an integer in 0..2^64-1, got '${text}'`);
}
