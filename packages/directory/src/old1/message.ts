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
import { copyOctets } from '@overlane/wire';
import * as answer from './answer.js';
import * as change from './change.js';
import { COOKIE_LENGTH, FLAG, HEADER_LENGTH, TAG_LENGTH, TYPE } from './constants.js';
import { encodeRecord, encodeRecordInto } from './encode.js';
import { refused } from './faults.js';
import * as header from './header.js';
import * as locator from './locator.js';
import { readBodyEnd } from './message-check.js';
import { check } from './message-check.js';
import type { Message } from './message-types.js';
import { lengthOf, requireRanges, write } from './message-write.js';
import * as pong from './pong.js';
import * as question from './question.js';
import * as result from './result.js';
import * as source from './source.js';
import * as stamp from './stamp.js';

export * from './message-check.js';
export { lengthOf } from './message-write.js';
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

const writer = { PROTOCOL, check, lengthOf, requireRanges, write };

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
