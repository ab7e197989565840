/** fast-check generators of keys, records and messages of OLD/1, for your tests and ours. */
import { ipv6Address, mac } from '@overlane/wire/arbitraries';
import fc from 'fast-check';
import type { Locator, MappingKey, StoreStamp } from './model.js';
import type { Answer } from './old1/answer.js';
import type { Change } from './old1/change.js';
import {
  CODE,
  COOKIE_LENGTH,
  DATAGRAM_LENGTH_MAX,
  FLAG,
  KIND,
  OPERATION,
  TAG_LENGTH,
  TTL_MAX,
  TYPE,
} from './old1/constants.js';
import type { Old1Header } from './old1/header.js';
import { type Message, lengthOf } from './old1/message.js';
import type { ServerState } from './old1/pong.js';
import type { Question } from './old1/question.js';
import type { ChangeResult } from './old1/result.js';
import { INFRASTRUCTURE } from './old1/source.js';

const uint = (bits: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: 2 ** bits - 1 });
const octets = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const behindZeros = (address: Uint8Array): Uint8Array => {
  const addr = new Uint8Array(16);
  addr.set(address, 16 - address.length);
  return addr;
};

/** Versions, revisions and owners, 0..2^53-1; small ones and both ends are frequent. */
export const version = (): fc.Arbitrary<number> =>
  fc.oneof(fc.nat({ max: 9 }), fc.constantFrom(2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER), fc.maxSafeNat());

const addressOf = (): fc.Arbitrary<{ kind: number; addr: Uint8Array }> =>
  fc.oneof(
    octets(4).map((address) => ({ kind: KIND.IPV4, addr: behindZeros(address) })),
    ipv6Address().map((addr) => ({ kind: KIND.IPV6, addr })),
    mac().map((address) => ({ kind: KIND.MAC, addr: behindZeros(address) })),
  );

/** Keys of any tenant and kind. */
export const mappingKey = (): fc.Arbitrary<MappingKey> =>
  fc
    .tuple(fc.oneof(fc.nat({ max: 3 }), uint(32)), addressOf())
    .map(([tenant, { kind, addr }]) => ({ tenant, kind, addr }));

/** Sources: keys, and the infrastructure. */
export const source = (): fc.Arbitrary<MappingKey> => fc.oneof(fc.constant(INFRASTRUCTURE), mappingKey());

/** Locators. */
export const locator = (): fc.Arbitrary<Locator> =>
  fc
    .tuple(addressOf(), fc.integer({ min: 1, max: 7 }), uint(16), uint(32))
    .map(([{ kind, addr }, encap, port, label]) => ({ kind, encap, port, label, addr }));

/** Mostly short lists: long ones cost much and show little more. */
const some = <T>(one: fc.Arbitrary<T>, minLength: number, maxLength: number): fc.Arbitrary<T[]> =>
  fc.oneof(
    { weight: 5, arbitrary: fc.array(one, { minLength, maxLength: Math.min(2, maxLength) }) },
    { weight: 1, arbitrary: fc.array(one, { minLength, maxLength }) },
  );
const locators = (): fc.Arbitrary<Locator[]> => some(locator(), 1, 8);
const ttl = (): fc.Arbitrary<number> => fc.integer({ min: 1, max: TTL_MAX });

/** Stamps. */
export const storeStamp = (): fc.Arbitrary<StoreStamp> => fc.record({ epoch: uint(32), revision: version() });

/** Questions. */
export const question = (): fc.Arbitrary<Question> =>
  fc.record({ key: mappingKey(), flags: uint(2), knownVersion: version() });

/** Answers: with 1 to 8 locators, and without. */
export const answer = (): fc.Arbitrary<Answer> => {
  const positive = fc.record({
    key: mappingKey(),
    code: fc.constant(CODE.OK),
    version: version(),
    ttl: ttl(),
    mac: mac(),
    flags: uint(4),
    locators: locators(),
  });
  const none = { mac: new Uint8Array(6), flags: 0, locators: [] };
  const codes = fc.constantFrom(CODE.NOT_FOUND, CODE.DENIED, CODE.STORE_UNAVAILABLE, CODE.TENANT_UNKNOWN);
  const negative = fc
    .tuple(mappingKey(), codes, version())
    .map(([key, code, ofDelete]) => ({ key, code, version: ofDelete, ttl: 0, ...none }));
  const unmodified = fc
    .tuple(mappingKey(), version(), ttl())
    .map(([key, known, renewed]) => ({ key, code: CODE.NOT_MODIFIED, version: known, ttl: renewed, ...none }));
  return fc.oneof(positive, negative, unmodified);
};

/** Changes of all five operations. */
export const change = (): fc.Arbitrary<Change> => {
  const none = { expectVersion: 0, owner: 0, ttl: 0, mac: new Uint8Array(6), flags: 0, locators: [] };
  const key = mappingKey();
  const put = fc.record({ key, owner: version(), ttl: ttl(), mac: mac(), flags: uint(4), locators: locators() });
  return fc.oneof(
    put.map((rest) => ({ op: OPERATION.PUT, ...none, ...rest })),
    fc
      .tuple(put, version())
      .map(([rest, expectVersion]) => ({ op: OPERATION.PUT_IF, ...none, ...rest, expectVersion })),
    key.map((of) => ({ op: OPERATION.DELETE, ...none, key: of })),
    fc
      .tuple(key, version())
      .map(([of, expectVersion]) => ({ op: OPERATION.DELETE_IF, ...none, key: of, expectVersion })),
    fc
      .record({ key, owner: version(), locators: locators() })
      .map((rest) => ({ op: OPERATION.MOVE, ...none, ...rest })),
  );
};

const wireCode = (): fc.Arbitrary<number> => fc.integer({ min: 0, max: 14 }).filter((code) => code !== 5);

/** Results of changes. */
export const changeResult = (): fc.Arbitrary<ChangeResult> => fc.record({ version: version(), code: wireCode() });

/** Bodies of PONG. */
export const serverState = (): fc.Arbitrary<ServerState> =>
  fc.record({ stamp: storeStamp(), lagMs: uint(32), loadPermille: uint(16) });

const envelope = (): fc.Arbitrary<Pick<Message, 'txidHi' | 'txidLo' | 'keyId' | 'time' | 'tag'>> =>
  fc
    .record({
      txidHi: uint(32),
      txidLo: uint(32),
      keyId: uint(32),
      time: uint(32),
      tag: fc.option(octets(TAG_LENGTH), { nil: undefined }),
    })
    .map((fields) => (fields.tag === undefined ? { ...fields, keyId: 0 } : fields));

const flagsOf = (...flags: number[]): fc.Arbitrary<number> =>
  fc.subarray(flags).map((some) => some.reduce((sum, flag) => sum | flag, 0));

/** Messages of all ten types, none longer than a datagram may be. */
export const message = (): fc.Arbitrary<Message> => {
  const body: fc.Arbitrary<object> = fc.oneof(
    fc.record({
      type: fc.constant(TYPE.LOOKUP),
      source: source(),
      questions: some(question(), 1, 16),
      cookie: fc.option(octets(COOKIE_LENGTH), { nil: undefined }),
      padding: fc.nat({ max: 200 }),
    }),
    fc.record({
      type: fc.constant(TYPE.LOOKUP_REPLY),
      flags: flagsOf(FLAG.STALE, FLAG.TRUNCATED, FLAG.SYNCING),
      code: wireCode(),
      stamp: storeStamp(),
      answers: some(answer(), 0, 16),
    }),
    fc.record({ type: fc.constant(TYPE.UPDATE), changes: some(change(), 1, 8) }),
    fc.record({
      type: fc.constant(TYPE.UPDATE_REPLY),
      flags: flagsOf(FLAG.STALE, FLAG.SYNCING),
      code: wireCode(),
      stamp: storeStamp(),
      results: some(changeResult(), 0, 8),
    }),
    fc.record({
      type: fc.constant(TYPE.CORRECT),
      flags: flagsOf(FLAG.STALE),
      stamp: storeStamp(),
      answers: some(answer(), 1, 16),
    }),
    fc.record({ type: fc.constant(TYPE.CORRECT_ACK), code: wireCode(), stamp: storeStamp() }),
    fc.record({ type: fc.constant(TYPE.STALE_REPORT), sender: locator(), questions: some(question(), 1, 16) }),
    fc.constant({ type: TYPE.PING }),
    fc.record({
      type: fc.constant(TYPE.PONG),
      flags: flagsOf(FLAG.STALE, FLAG.SYNCING),
      code: wireCode(),
      state: serverState(),
    }),
    fc.record({ type: fc.constant(TYPE.CHALLENGE), code: wireCode(), cookie: octets(COOKIE_LENGTH) }),
  );
  return fc
    .tuple(body, envelope())
    .map(([fields, common]) => ({ ...fields, ...common }) as Message)
    .filter((whole) => lengthOf(whole) <= DATAGRAM_LENGTH_MAX);
};

/** Headers as the messages of `message` have them. */
export const old1Header = (): fc.Arbitrary<Old1Header> => {
  const required = [0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1];
  const most = [0, 16, 16, 8, 8, 16, 0, 16, 0, 0, 0];
  const record = { txidHi: uint(32), txidLo: uint(32), keyId: uint(32), time: uint(32) };
  return fc
    .tuple(fc.integer({ min: 1, max: 10 }), fc.nat({ max: 15 }), fc.boolean(), wireCode(), fc.record(record))
    .map(([type, number, authenticated, code, rest]) => ({
      type,
      flags: required[type]! | (authenticated ? FLAG.AUTH : 0),
      count: most[type] === 0 ? 0 : 1 + (number % most[type]!),
      code: required[type] === 1 ? code : 0,
      ...rest,
      keyId: authenticated ? rest.keyId : 0,
    }));
};
