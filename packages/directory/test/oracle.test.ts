/**
 * The records of OLD/1 a second time, as plain tables of fields and their widths, to hold the codec against: on all octets
 * that `check` takes, and on all values.
 */
import { describe, expect, it } from '@jest/globals';
import { type LawSubject, codecLaws } from '@overlane/wire/laws';
import fc from 'fast-check';
import {
  CODE,
  TYPE,
  answer,
  change,
  header,
  locator,
  message,
  parseKey,
  question,
  result,
  source,
} from '../src/index.js';
import * as subjects from '../src/laws.js';

/** Fields in their order, with their widths in octets. */
type Table = readonly (readonly [name: string, octets: number])[];

const LOCATOR: Table = [
  ['kind', 1],
  ['encap', 1],
  ['port', 2],
  ['label', 4],
  ['addr', 16],
];
const HEADER: Table = [
  ['magic', 2],
  ['version', 1],
  ['type', 1],
  ['flags', 2],
  ['count', 1],
  ['code', 1],
  ['txidHi', 4],
  ['txidLo', 4],
  ['keyId', 4],
  ['time', 4],
];
const SOURCE: Table = [
  ['tenant', 4],
  ['kind', 1],
  ['zero', 3],
  ['addr', 16],
];
const QUESTION: Table = [
  ['tenant', 4],
  ['kind', 1],
  ['flags', 1],
  ['zero', 2],
  ['addr', 16],
  ['knownVersion', 8],
];
const STAMP: Table = [
  ['epoch', 4],
  ['revision', 8],
];
const ANSWER: Table = [
  ['tenant', 4],
  ['kind', 1],
  ['n', 1],
  ['flags', 2],
  ['addr', 16],
  ['version', 8],
  ['ttl', 4],
  ['mac', 6],
  ['code', 1],
  ['zero', 1],
  ['zeros', 4],
];
const CHANGE: Table = [
  ['op', 1],
  ['kind', 1],
  ['n', 1],
  ['zero', 1],
  ['tenant', 4],
  ['addr', 16],
  ['expectVersion', 8],
  ['owner', 8],
  ['ttl', 4],
  ['mac', 6],
  ['flags', 2],
  ['zeros', 4],
];
const RESULT: Table = [
  ['version', 8],
  ['code', 1],
  ['zero', 7],
];
const PONG: Table = [...STAMP, ['lagMs', 4], ['loadPermille', 2], ['zero', 2]];

type Raw = Record<string, unknown>;
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

/** A record as a table says: addresses as hex, everything else as numbers; behind it, n locators. */
const oracleOf = (table: Table) => ({
  decode(bytes: Uint8Array, offset: number): Raw {
    const raw: Raw = {};
    let at = offset;
    for (const [name, octets] of table) {
      const text = hex(bytes.subarray(at, at + octets));
      raw[name] = name === 'addr' || name === 'mac' ? text : Number(BigInt(`0x${text}`));
      at += octets;
    }
    if ('n' in raw) {
      const one = oracleOf(LOCATOR);
      raw['locators'] = Array.from({ length: raw['n'] as number }, (_, i) => one.decode(bytes, at + i * 24));
    }
    return raw;
  },
  encode(raw: Raw): Uint8Array {
    const parts = table.map(([name, octets]) => {
      const value = raw[name] ?? 0;
      return typeof value === 'string'
        ? value
        : BigInt(value as number)
            .toString(16)
            .padStart(octets * 2, '0');
    });
    const locators = (raw['locators'] as Raw[] | undefined) ?? [];
    return new Uint8Array(
      Buffer.from(parts.join('') + locators.map((one) => hex(oracleOf(LOCATOR).encode(one))).join(''), 'hex'),
    );
  },
});

/** A value in the terms of its table: keys flattened, addresses as hex, locators counted. */
function rawOf(value: object): Raw {
  const raw: Raw = {};
  for (const [name, field] of Object.entries(value)) {
    if (field instanceof Uint8Array) raw[name] = hex(field);
    else if (name === 'key' || name === 'stamp') Object.assign(raw, rawOf(field as object));
    else if (name === 'locators') {
      raw['locators'] = (field as object[]).map(rawOf);
      raw['n'] = (field as object[]).length;
    } else raw[name] = field;
  }
  return raw;
}

const withOracle = <Value extends object>(subject: LawSubject<Value>, table: Table): LawSubject<Value> => ({
  ...subject,
  oracle: oracleOf(table),
  toRecord: rawOf,
});

const SUBJECTS = {
  header: withOracle(subjects.headerSubject(), HEADER),
  locator: withOracle(subjects.locatorSubject(), LOCATOR),
  source: withOracle(subjects.sourceSubject(), SOURCE),
  question: withOracle(subjects.questionSubject(), QUESTION),
  stamp: withOracle(subjects.stampSubject(), STAMP),
  answer: withOracle(subjects.answerSubject(), ANSWER),
  change: withOracle(subjects.changeSubject(), CHANGE),
  result: withOracle(subjects.resultSubject(), RESULT),
  pong: withOracle(subjects.pongSubject(), PONG),
};

describe('tables and codec agree', () => {
  for (const [name, subject] of Object.entries(SUBJECTS) as [string, LawSubject<object>][]) {
    it(`on ${name}`, () => {
      const law = codecLaws(subject).find((one) => one.name === 'oracle')!;
      fc.assert(law.property);
    });
  }

  it('on the lengths', () => {
    const lengthOf = (table: Table): number => table.reduce((sum, [, octets]) => sum + octets, 0);
    expect([HEADER, LOCATOR, SOURCE, QUESTION, STAMP, ANSWER, CHANGE, RESULT, PONG].map(lengthOf)).toEqual([
      24, 24, 24, 32, 12, 48, 56, 16, 20,
    ]);
  });
});

describe('octets that are no OLD/1', () => {
  const envelope = { txidHi: 1, txidLo: 2, keyId: 0, time: 3, tag: undefined };
  const lookup = message.encode({
    type: TYPE.LOOKUP,
    ...envelope,
    source: parseKey(7, '10.0.0.1'),
    questions: [{ key: parseKey(7, '10.0.0.2'), flags: 1, knownVersion: 5 }],
    cookie: undefined,
    padding: 8,
  });
  const spoil = (at: number, value: number): Uint8Array => {
    const octets = lookup.slice();
    octets[at] = value;
    return octets;
  };

  it('each have their fault', () => {
    const faults: [Uint8Array, string | undefined][] = [
      [lookup, undefined],
      [spoil(0, 0), 'E_OLD_BAD_MAGIC'],
      [spoil(2, 2), 'E_OLD_BAD_VERSION'],
      [spoil(3, 0), 'E_OLD_BAD_TYPE'],
      [spoil(3, 11), 'E_OLD_BAD_TYPE'],
      [spoil(4, 1), 'E_OLD_BAD_FLAGS'],
      [spoil(5, 1), 'E_OLD_BAD_FLAGS'],
      [spoil(6, 0), 'E_OLD_BAD_COUNT'],
      [spoil(6, 17), 'E_OLD_BAD_COUNT'],
      [spoil(6, 2), 'E_OLD_TRUNCATED'],
      [spoil(7, 1), 'E_OLD_BAD_CODE'],
      [spoil(19, 1), 'E_OLD_BAD_KEY_ID'],
      [spoil(28, 4), 'E_OLD_BAD_KIND'],
      [spoil(28, 0), 'E_OLD_UNUSED_FIELD'],
      [spoil(29, 1), 'E_OLD_RESERVED'],
      [spoil(32, 1), 'E_OLD_BAD_ADDRESS'],
      [spoil(53, 4), 'E_OLD_BAD_FLAGS'],
      [spoil(52, 0), 'E_OLD_BAD_KIND'],
      [spoil(54, 1), 'E_OLD_RESERVED'],
      [spoil(72, 0x20), 'E_OLD_INTEGER_RANGE'],
      [spoil(lookup.length - 1, 1), 'E_OLD_RESERVED'],
      [new Uint8Array(1201), 'E_OLD_TOO_LONG'],
      [spoil(5, 2), 'E_OLD_TRUNCATED'],
    ];
    for (const [octets, fault] of faults) expect(message.check(octets)).toBe(fault);
    for (let length = 0; length < 80; length++) expect(message.check(lookup, 0, length)).toBe('E_OLD_TRUNCATED');
    const ping = message.encode({ type: TYPE.PING, ...envelope });
    expect(message.check(Uint8Array.of(...ping, 0))).toBe('E_OLD_BAD_LENGTH');
  });

  it('are named in the error, with what was wanted and where', () => {
    expect(() => message.decode(spoil(2, 2))).toThrow('old1: version must be 1, in what starts at offset 0');
    expect(() => question.decode(lookup, 48, 60)).toThrow(
      'old1-question: header needs 32 octets at offset 48, 12 left',
    );
    const bad = { key: parseKey(7, '10.0.0.2'), flags: 0, knownVersion: 2 ** 53 };
    expect(() => question.encode(bad)).toThrow('knownVersion must be an integer in 0..9007199254740991');
    expect(() => result.encode({ version: 1, code: CODE.UNAUTHENTICATED })).toThrow(/code must be/);
    expect(() => header.encode({ ...header.decode(lookup), count: 17 })).toThrow(/count must be/);
    const out = new Uint8Array(23);
    expect(() => source.encodeInto(source.INFRASTRUCTURE, out)).toThrow('header needs 24 octets');
    expect(out).toEqual(new Uint8Array(23));
  });

  it('an answer or change says nothing that it does not use', () => {
    const place = locator.decode(
      Uint8Array.of(1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1),
    );
    const none = { key: parseKey(7, '10.0.0.2'), version: 1, ttl: 0, mac: new Uint8Array(6), flags: 0, locators: [] };
    expect(() => answer.encode({ ...none, code: CODE.OK })).toThrow(/code must be/);
    expect(() => answer.encode({ ...none, code: CODE.NOT_FOUND, locators: [place] })).toThrow(/code must be/);
    expect(() => answer.encode({ ...none, code: CODE.NOT_FOUND, ttl: 1 })).toThrow(/ttl must be/);
    expect(() => answer.encode({ ...none, code: CODE.NOT_FOUND, flags: 1 })).toThrow(/must be zero/);
    expect(() => answer.encode({ ...none, code: CODE.OK, ttl: 86_401, locators: [place] })).toThrow(/ttl must be/);
    const put = { ...none, op: 1, expectVersion: 0, owner: 1, ttl: 1, locators: [place] };
    expect(change.decode(change.encode(put)).op).toBe(1);
    expect(() => change.encode({ ...put, locators: [] })).toThrow(/n must be/);
    expect(() => change.encode({ ...put, locators: Array(9).fill(place) })).toThrow(/n must be/);
    expect(() => change.encode({ ...put, expectVersion: 1 })).toThrow(/must be zero/);
    expect(() => change.encode({ ...put, op: 2, locators: [] })).toThrow(/must be zero/);
    expect(() => change.encode({ ...put, op: 5 })).toThrow(/must be zero/);
    expect(() => change.encode({ ...put, op: 6 })).toThrow(/op must be/);
  });
});
