/**
 * The laws of OLD/1 codecs. Pass your own implementation to test it against ours:
 *
 *     for (const law of messageLaws(myCodec)) it(law.name, () => fc.assert(law.property));
 */
import type { Codec } from '@overlane/wire';
import { type Law, type LawSubject, codecLaws } from '@overlane/wire/laws';
import type fc from 'fast-check';
import * as arbitraries from './arbitraries.js';
import type { Locator, MappingKey, StoreStamp } from './model.js';
import * as answer from './old1/answer.js';
import * as change from './old1/change.js';
import type { Old1Fault } from './old1/faults.js';
import * as header from './old1/header.js';
import * as locator from './old1/locator.js';
import * as message from './old1/message.js';
import * as pong from './old1/pong.js';
import * as question from './old1/question.js';
import * as result from './old1/result.js';
import * as source from './old1/source.js';
import * as stamp from './old1/stamp.js';

const HEADER_FAULTS: readonly Old1Fault[] = [
  'E_OLD_BAD_CODE',
  'E_OLD_BAD_COUNT',
  'E_OLD_BAD_FLAGS',
  'E_OLD_BAD_KEY_ID',
  'E_OLD_BAD_MAGIC',
  'E_OLD_BAD_TYPE',
  'E_OLD_BAD_VERSION',
  'E_OLD_TRUNCATED',
];
const ADDRESS_FAULTS: readonly Old1Fault[] = ['E_OLD_TRUNCATED', 'E_OLD_BAD_ADDRESS', 'E_OLD_BAD_KIND'];
const LOCATOR_FAULTS: readonly Old1Fault[] = [...ADDRESS_FAULTS, 'E_OLD_BAD_ENCAPSULATION'];
const SOURCE_FAULTS: readonly Old1Fault[] = [...ADDRESS_FAULTS, 'E_OLD_RESERVED', 'E_OLD_UNUSED_FIELD'];
const STAMP_FAULTS: readonly Old1Fault[] = ['E_OLD_TRUNCATED', 'E_OLD_INTEGER_RANGE'];
const QUESTION_FAULTS: readonly Old1Fault[] = [
  ...ADDRESS_FAULTS,
  'E_OLD_BAD_FLAGS',
  'E_OLD_INTEGER_RANGE',
  'E_OLD_RESERVED',
];
const RECORD_FAULTS: readonly Old1Fault[] = [
  ...LOCATOR_FAULTS,
  ...QUESTION_FAULTS,
  'E_OLD_BAD_LOCATOR_COUNT',
  'E_OLD_BAD_TTL',
  'E_OLD_UNUSED_FIELD',
];
const ANSWER_FAULTS: readonly Old1Fault[] = [...RECORD_FAULTS, 'E_OLD_BAD_CODE'];
const CHANGE_FAULTS: readonly Old1Fault[] = [...RECORD_FAULTS, 'E_OLD_BAD_OPERATION'];
const RESULT_FAULTS: readonly Old1Fault[] = [...STAMP_FAULTS, 'E_OLD_BAD_CODE', 'E_OLD_RESERVED'];
const PONG_FAULTS: readonly Old1Fault[] = [...STAMP_FAULTS, 'E_OLD_RESERVED'];
const MESSAGE_FAULTS: readonly Old1Fault[] = [
  ...HEADER_FAULTS,
  ...ANSWER_FAULTS,
  ...CHANGE_FAULTS,
  'E_OLD_BAD_LENGTH',
  'E_OLD_TOO_LONG',
];

function subject<Value>(
  codec: Codec<Value>,
  values: fc.Arbitrary<Value>,
  faults: readonly Old1Fault[],
  fields: LawSubject<Value>['fields'] = {},
): LawSubject<Value> {
  return { codec, faults, headers: values, packetOf: (value) => codec.encode(value), fields };
}

/** The header as a law subject. */
export const headerSubject = (codec: Codec<header.Old1Header> = header): LawSubject<header.Old1Header> =>
  subject(codec, arbitraries.old1Header(), HEADER_FAULTS, {
    type: { read: header.readType },
    flags: { read: header.readFlags },
    count: { read: header.readCount },
    code: { read: header.readCode },
    txidHi: { read: header.readTxidHi },
    txidLo: { read: header.readTxidLo },
    keyId: { read: header.readKeyId },
    time: { read: header.readTime, write: header.writeTime, max: 0xffff_ffff },
  });

/** Locators as a law subject. */
export const locatorSubject = (codec: Codec<Locator> = locator): LawSubject<Locator> =>
  subject(codec, arbitraries.locator(), LOCATOR_FAULTS, {
    kind: { read: locator.readKind },
    encap: { read: locator.readEncap },
    port: { read: locator.readPort },
    label: { read: locator.readLabel },
  });

/** Sources as a law subject. */
export const sourceSubject = (codec: Codec<MappingKey> = source): LawSubject<MappingKey> =>
  subject(codec, arbitraries.source(), SOURCE_FAULTS, {
    tenant: { read: source.readTenant },
    kind: { read: source.readKind },
  });

/** Questions as a law subject. */
export const questionSubject = (codec: Codec<question.Question> = question): LawSubject<question.Question> =>
  subject(codec, arbitraries.question(), QUESTION_FAULTS, {
    tenant: { read: question.readTenant },
    kind: { read: question.readKind },
    flags: { read: question.readFlags },
    knownVersion: { read: question.readKnownVersion },
  });

/** Stamps as a law subject. */
export const stampSubject = (codec: Codec<StoreStamp> = stamp): LawSubject<StoreStamp> =>
  subject(codec, arbitraries.storeStamp(), STAMP_FAULTS, {
    epoch: { read: stamp.readEpoch },
    revision: { read: stamp.readRevision },
  });

/** Answers as a law subject. */
export const answerSubject = (codec: Codec<answer.Answer> = answer): LawSubject<answer.Answer> =>
  subject(codec, arbitraries.answer(), ANSWER_FAULTS, {
    tenant: { read: answer.readTenant },
    kind: { read: answer.readKind },
    n: { read: answer.readLocatorCount },
    flags: { read: answer.readFlags },
    version: { read: answer.readVersion },
    ttl: { read: answer.readTtl },
    code: { read: answer.readCode },
  });

/** Changes as a law subject. */
export const changeSubject = (codec: Codec<change.Change> = change): LawSubject<change.Change> =>
  subject(codec, arbitraries.change(), CHANGE_FAULTS, {
    op: { read: change.readOperation },
    kind: { read: change.readKind },
    tenant: { read: change.readTenant },
    expectVersion: { read: change.readExpectVersion },
    owner: { read: change.readOwner },
    ttl: { read: change.readTtl },
    flags: { read: change.readFlags },
  });

/** Results as a law subject. */
export const resultSubject = (codec: Codec<result.ChangeResult> = result): LawSubject<result.ChangeResult> =>
  subject(codec, arbitraries.changeResult(), RESULT_FAULTS, {
    version: { read: result.readVersion },
    code: { read: result.readCode },
  });

/** Bodies of PONG as a law subject. */
export const pongSubject = (codec: Codec<pong.ServerState> = pong): LawSubject<pong.ServerState> =>
  subject(codec, arbitraries.serverState(), PONG_FAULTS, {
    lagMs: { read: pong.readLagMs },
    loadPermille: { read: pong.readLoadPermille },
  });

/** Whole datagrams as a law subject. A datagram is all that UDP delivered, so the laws see no octets behind it. */
export const messageSubject = (codec: Codec<message.Message> = message): LawSubject<message.Message> => ({
  ...subject(codec, arbitraries.message(), MESSAGE_FAULTS),
  canonical: (packet) => packet.slice(),
});

/** The laws of a codec of whole datagrams: ours, or `codec`. */
export const messageLaws = (codec?: Codec<message.Message>): Law[] => codecLaws(messageSubject(codec));

/** Codecs of the header and of each record. */
export interface RecordCodecs {
  readonly header: Codec<header.Old1Header>;
  readonly locator: Codec<Locator>;
  readonly source: Codec<MappingKey>;
  readonly question: Codec<question.Question>;
  readonly stamp: Codec<StoreStamp>;
  readonly answer: Codec<answer.Answer>;
  readonly change: Codec<change.Change>;
  readonly result: Codec<result.ChangeResult>;
  readonly pong: Codec<pong.ServerState>;
}

/** The laws of the codecs of the header and of each record, by name: ours, or those of `codecs`. */
export const recordLaws = (codecs: Partial<RecordCodecs> = {}): Readonly<Record<keyof RecordCodecs, Law[]>> => ({
  header: codecLaws(headerSubject(codecs.header)),
  locator: codecLaws(locatorSubject(codecs.locator)),
  source: codecLaws(sourceSubject(codecs.source)),
  question: codecLaws(questionSubject(codecs.question)),
  stamp: codecLaws(stampSubject(codecs.stamp)),
  answer: codecLaws(answerSubject(codecs.answer)),
  change: codecLaws(changeSubject(codecs.change)),
  result: codecLaws(resultSubject(codecs.result)),
  pong: codecLaws(pongSubject(codecs.pong)),
});
