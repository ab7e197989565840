/**
 * Whole datagrams of OLD/1: header, body by type, and the tag that ends an authenticated one.
 *
 *     LOOKUP        source, count x question, cookie (with the flag COOKIE), zeros to the end
 *     LOOKUP_REPLY  stamp, count x answer
 *     UPDATE        count x change
 *     UPDATE_REPLY  stamp, count x result
 *     CORRECT       stamp, count x answer
 *     CORRECT_ACK   stamp
 *     STALE_REPORT  locator of the sender that used a stale entry, count x question
 *     PING          nothing
 *     PONG          stamp, lag, load
 *     CHALLENGE     cookie
 *
 * A body is exactly as long as its count says; only LOOKUP may be padded. The tag is not verified here: see `auth`.
 */
import { copyOctets, requireInteger, requireOctets } from '@overlane/wire';
import * as answer from './answer.js';
import * as change from './change.js';
import { COOKIE_LENGTH, FLAG, HEADER_LENGTH, TAG_LENGTH, TYPE } from './constants.js';
import { encodeRecord, encodeRecordInto, requireLocator } from './encode.js';
import { refused } from './faults.js';
import * as header from './header.js';
import * as locator from './locator.js';
import { readBodyEnd } from './message-check.js';
import { check } from './message-check.js';
import type { Message } from './message-types.js';
import * as pong from './pong.js';
import * as question from './question.js';
import * as result from './result.js';
import * as source from './source.js';
import * as stamp from './stamp.js';

export * from './message-check.js';
export type * from './message-types.js';

/** Protocol name. */
export const PROTOCOL = 'old1';
/** Offset of the first question of a LOOKUP or STALE_REPORT, from the start of the datagram. */
export const QUESTIONS_OFFSET = HEADER_LENGTH + source.LENGTH;
/** Offset of the first answer of a LOOKUP_REPLY or CORRECT, and of the first result of an UPDATE_REPLY. */
export const ANSWERS_OFFSET = HEADER_LENGTH + stamp.LENGTH;
/** Offset of the first change of an UPDATE. */
export const CHANGES_OFFSET = HEADER_LENGTH;
/** The tag of a message that is encoded before it is sealed: 16 zeros. */
export const UNSEALED: Uint8Array = new Uint8Array(TAG_LENGTH);

/** Octets of the datagram: a datagram is all that UDP delivered. */
export function readHeaderLength(bytes: Uint8Array, offset: number): number {
  return bytes.length - offset;
}

/** Reads a datagram. Its tag is copied, not verified. @throws CodecError with the fault that `check` returns */
export function decode(bytes: Uint8Array, offset = 0, end: number = bytes.length): Message {
  const fault = check(bytes, offset, end);
  if (fault !== undefined) throw refused(fault, PROTOCOL, offset, HEADER_LENGTH, end - offset);
  const authenticated = (header.readFlags(bytes, offset) & FLAG.AUTH) !== 0;
  const envelope = {
    txidHi: header.readTxidHi(bytes, offset),
    txidLo: header.readTxidLo(bytes, offset),
    keyId: header.readKeyId(bytes, offset),
    time: header.readTime(bytes, offset),
    tag: authenticated ? copyOctets(bytes, end - TAG_LENGTH, TAG_LENGTH) : undefined,
  };
  const state = header.readFlags(bytes, offset) & (FLAG.STALE | FLAG.TRUNCATED | FLAG.SYNCING);
  const reply = { ...envelope, flags: state, code: header.readCode(bytes, offset) };
  const body = offset + HEADER_LENGTH;
  const count = header.readCount(bytes, offset);
  const type = header.readType(bytes, offset) as Message['type'];
  switch (type) {
    case TYPE.LOOKUP: {
      const behind = body + source.LENGTH + count * question.LENGTH;
      const cookied = (header.readFlags(bytes, offset) & FLAG.COOKIE) !== 0;
      const padding = readBodyEnd(bytes, offset, end) - behind - (cookied ? COOKIE_LENGTH : 0);
      const cookie = cookied ? copyOctets(bytes, behind, COOKIE_LENGTH) : undefined;
      const questions = decodeQuestions(bytes, body + source.LENGTH, count);
      return { type, ...envelope, source: source.decode(bytes, body), questions, cookie, padding };
    }
    case TYPE.LOOKUP_REPLY:
      return { type, ...reply, stamp: stamp.decode(bytes, body), answers: decodeAnswers(bytes, body, count) };
    case TYPE.UPDATE:
      return { type, ...envelope, changes: decodeChanges(bytes, body, count) };
    case TYPE.UPDATE_REPLY: {
      const at = body + stamp.LENGTH;
      const results = Array.from({ length: count }, (_, i) => result.decode(bytes, at + i * result.LENGTH));
      return { type, ...reply, stamp: stamp.decode(bytes, body), results };
    }
    case TYPE.CORRECT: {
      const answers = decodeAnswers(bytes, body, count);
      return { type, ...envelope, flags: state, stamp: stamp.decode(bytes, body), answers };
    }
    case TYPE.CORRECT_ACK:
      return { type, ...envelope, code: reply.code, stamp: stamp.decode(bytes, body) };
    case TYPE.STALE_REPORT: {
      const questions = decodeQuestions(bytes, body + locator.LENGTH, count);
      return { type, ...envelope, sender: locator.decode(bytes, body), questions };
    }
    case TYPE.PING:
      return { type, ...envelope };
    case TYPE.PONG:
      return { type, ...reply, state: pong.decode(bytes, body) };
    case TYPE.CHALLENGE:
      return { type, ...envelope, code: reply.code, cookie: copyOctets(bytes, body, COOKIE_LENGTH) };
  }
}

/** Writes the datagram; returns the offset behind it. @throws CodecError E_FIELD_RANGE, E_OUTPUT_TRUNCATED, as `check` */
export function encodeInto(message: Message, out: Uint8Array, offset = 0): number {
  return encodeRecordInto(writer, message, out, offset);
}

/** Writes the datagram into new memory. @throws CodecError as `encodeInto` */
export function encode(message: Message): Uint8Array<ArrayBuffer> {
  return encodeRecord(writer, message);
}

/** Octets that the message takes on the wire. */
export function lengthOf(message: Message): number {
  return HEADER_LENGTH + bodyLengthOf(message) + (message.tag === undefined ? 0 : TAG_LENGTH);
}

const writer = { PROTOCOL, check, lengthOf, requireRanges, write };

function bodyLengthOf(message: Message): number {
  switch (message.type) {
    case TYPE.LOOKUP: {
      const cookie = message.cookie === undefined ? 0 : COOKIE_LENGTH;
      return source.LENGTH + message.questions.length * question.LENGTH + cookie + message.padding;
    }
    case TYPE.LOOKUP_REPLY:
    case TYPE.CORRECT:
      return message.answers.reduce((sum, one) => sum + answer.lengthOf(one), stamp.LENGTH);
    case TYPE.UPDATE:
      return message.changes.reduce((sum, one) => sum + change.lengthOf(one), 0);
    case TYPE.UPDATE_REPLY:
      return stamp.LENGTH + message.results.length * result.LENGTH;
    case TYPE.CORRECT_ACK:
      return stamp.LENGTH;
    case TYPE.STALE_REPORT:
      return locator.LENGTH + message.questions.length * question.LENGTH;
    case TYPE.PING:
      return 0;
    case TYPE.PONG:
      return pong.LENGTH;
    case TYPE.CHALLENGE:
      return COOKIE_LENGTH;
  }
}

function headerOf(message: Message): header.Old1Header {
  const { type, txidHi, txidLo, keyId, time } = message;
  const isResponse = type !== TYPE.CORRECT && 'code' in message;
  const code = 'code' in message ? message.code : 0;
  const flags =
    ('flags' in message ? message.flags : 0) |
    (isResponse ? FLAG.RESPONSE : 0) |
    (message.tag === undefined ? 0 : FLAG.AUTH) |
    (type === TYPE.LOOKUP && message.cookie !== undefined ? FLAG.COOKIE : 0);
  return { type, flags, count: countOf(message), code, txidHi, txidLo, keyId, time };
}

function countOf(message: Message): number {
  if ('questions' in message) return message.questions.length;
  if ('answers' in message) return message.answers.length;
  if ('changes' in message) return message.changes.length;
  return 'results' in message ? message.results.length : 0;
}

function requireRanges(message: Message): void {
  header.requireRanges(headerOf(message));
  if (message.tag !== undefined) requireOctets(PROTOCOL, 'tag', message.tag, TAG_LENGTH);
  if ('flags' in message) {
    requireInteger(
      PROTOCOL,
      'flags',
      message.flags & ~(FLAG.STALE | FLAG.TRUNCATED | FLAG.SYNCING),
      0,
      'E_OLD_BAD_FLAGS',
    );
  }
  if ('stamp' in message) stamp.requireRanges(message.stamp);
  if ('state' in message) pong.requireRanges(message.state);
  if ('sender' in message) requireLocator(PROTOCOL, message.sender);
  if ('cookie' in message && message.cookie !== undefined) {
    requireOctets(PROTOCOL, 'cookie', message.cookie, COOKIE_LENGTH);
  }
  if (message.type === TYPE.LOOKUP) {
    source.requireRanges(message.source);
    requireInteger(PROTOCOL, 'padding', message.padding, 0xffff);
  }
  if ('questions' in message) message.questions.forEach(question.requireRanges);
  if ('answers' in message) message.answers.forEach(answer.requireRanges);
  if ('changes' in message) message.changes.forEach(change.requireRanges);
  if ('results' in message) message.results.forEach(result.requireRanges);
}

/** Writes a message whose ranges are good. `out` is zero where the body is padded. */
function write(message: Message, out: Uint8Array, offset: number): void {
  header.write(headerOf(message), out, offset);
  let at = offset + HEADER_LENGTH;
  if ('stamp' in message) stamp.write(message.stamp, out, at);
  if (message.type === TYPE.PONG) pong.write(message.state, out, at);
  if (message.type === TYPE.LOOKUP) source.write(message.source, out, at);
  if (message.type === TYPE.STALE_REPORT) locator.write(message.sender, out, at);
  if ('stamp' in message) at += stamp.LENGTH;
  if ('questions' in message) {
    message.questions.forEach((one, i) => question.write(one, out, at + source.LENGTH + i * question.LENGTH));
    at += source.LENGTH + message.questions.length * question.LENGTH;
  }
  if ('cookie' in message && message.cookie !== undefined) out.set(message.cookie, at);
  if ('results' in message) message.results.forEach((one, i) => result.write(one, out, at + i * result.LENGTH));
  for (const one of 'answers' in message ? message.answers : []) {
    answer.write(one, out, at);
    at += answer.lengthOf(one);
  }
  for (const one of 'changes' in message ? message.changes : []) {
    change.write(one, out, at);
    at += change.lengthOf(one);
  }
  if (message.tag !== undefined) out.set(message.tag, offset + lengthOf(message) - TAG_LENGTH);
}

function decodeQuestions(bytes: Uint8Array, offset: number, count: number): question.Question[] {
  return Array.from({ length: count }, (_, i) => question.decode(bytes, offset + i * question.LENGTH));
}

function decodeAnswers(bytes: Uint8Array, body: number, count: number): answer.Answer[] {
  let at = body + stamp.LENGTH;
  return Array.from({ length: count }, () => {
    const one = answer.decode(bytes, at);
    at += answer.lengthOf(one);
    return one;
  });
}

function decodeChanges(bytes: Uint8Array, body: number, count: number): change.Change[] {
  let at = body;
  return Array.from({ length: count }, () => {
    const one = change.decode(bytes, at);
    at += change.lengthOf(one);
    return one;
  });
}
