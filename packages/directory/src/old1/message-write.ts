/** How messages are written: the parts of a body by type, one behind the other. */
import { requireInteger, requireOctets } from '@overlane/wire';
import * as answer from './answer.js';
import * as change from './change.js';
import { COOKIE_LENGTH, FLAG, HEADER_LENGTH, TAG_LENGTH, TYPE } from './constants.js';
import * as header from './header.js';
import * as locator from './locator.js';
import type { Message } from './message-types.js';
import * as pong from './pong.js';
import * as question from './question.js';
import * as result from './result.js';
import * as source from './source.js';
import * as stamp from './stamp.js';

const PROTOCOL = 'old1';
const STATE_FLAGS = FLAG.STALE | FLAG.TRUNCATED | FLAG.SYNCING;

/** A piece of a body: how long it is, whether its fields fit, and how it is written. */
interface Part {
  readonly length: number;
  requireRanges(): void;
  write(out: Uint8Array, offset: number): void;
}

interface RecordCodec<Value> {
  requireRanges(value: Value): void;
  write(value: Value, out: Uint8Array, offset: number): void;
}

/** Octets that the message takes on the wire. */
export function lengthOf(message: Message): number {
  const tag = message.tag === undefined ? 0 : TAG_LENGTH;
  return partsOf(message).reduce((sum, { length }) => sum + length, HEADER_LENGTH + tag);
}

/** Throws unless every field fits its place; whether they fit each other is for `check`. @throws CodecError E_FIELD_RANGE */
export function requireRanges(message: Message): void {
  header.requireRanges(headerOf(message));
  if (message.tag !== undefined) requireOctets(PROTOCOL, 'tag', message.tag, TAG_LENGTH);
  requireInteger(PROTOCOL, 'flags', flagsOf(message) & ~STATE_FLAGS, 0, 'E_OLD_BAD_FLAGS');
  for (const part of partsOf(message)) part.requireRanges();
}

/** Writes a message whose ranges are good. */
export function write(message: Message, out: Uint8Array, offset: number): void {
  header.write(headerOf(message), out, offset);
  let at = offset + HEADER_LENGTH;
  for (const part of partsOf(message)) {
    part.write(out, at);
    at += part.length;
  }
  if (message.tag !== undefined) out.set(message.tag, at);
}

function partsOf(message: Message): Part[] {
  switch (message.type) {
    case TYPE.LOOKUP: {
      const questions = message.questions.map((one) => record(question, question.LENGTH, one));
      const cookie = message.cookie === undefined ? [] : [octets(message.cookie)];
      return [record(source, source.LENGTH, message.source), ...questions, ...cookie, zeros(message.padding)];
    }
    case TYPE.LOOKUP_REPLY:
    case TYPE.CORRECT: {
      const answers = message.answers.map((one) => record(answer, answer.lengthOf(one), one));
      return [record(stamp, stamp.LENGTH, message.stamp), ...answers];
    }
    case TYPE.UPDATE:
      return message.changes.map((one) => record(change, change.lengthOf(one), one));
    case TYPE.UPDATE_REPLY: {
      const results = message.results.map((one) => record(result, result.LENGTH, one));
      return [record(stamp, stamp.LENGTH, message.stamp), ...results];
    }
    case TYPE.CORRECT_ACK:
      return [record(stamp, stamp.LENGTH, message.stamp)];
    case TYPE.STALE_REPORT: {
      const questions = message.questions.map((one) => record(question, question.LENGTH, one));
      return [record(locator, locator.LENGTH, message.sender), ...questions];
    }
    case TYPE.PING:
      return [];
    case TYPE.PONG:
      return [record(pong, pong.LENGTH, message.state)];
    case TYPE.CHALLENGE:
      return [octets(message.cookie)];
  }
}

function record<Value>(codec: RecordCodec<Value>, length: number, value: Value): Part {
  return {
    length,
    requireRanges: () => codec.requireRanges(value),
    write: (out, offset) => codec.write(value, out, offset),
  };
}

function octets(cookie: Uint8Array): Part {
  return {
    length: COOKIE_LENGTH,
    requireRanges: () => requireOctets(PROTOCOL, 'cookie', cookie, COOKIE_LENGTH),
    write: (out, offset) => out.set(cookie, offset),
  };
}

function zeros(length: number): Part {
  return {
    length,
    requireRanges: () => requireInteger(PROTOCOL, 'padding', length, 0xffff),
    write: (out, offset) => out.fill(0, offset, offset + length),
  };
}

function headerOf(message: Message): header.Old1Header {
  const { type, txidHi, txidLo, keyId, time } = message;
  const isCookied = type === TYPE.LOOKUP && message.cookie !== undefined;
  const flags =
    flagsOf(message) |
    (header.isResponse(type) ? FLAG.RESPONSE : 0) |
    (message.tag === undefined ? 0 : FLAG.AUTH) |
    (isCookied ? FLAG.COOKIE : 0);
  const code = header.isResponse(type) && 'code' in message ? message.code : 0;
  return { type, flags, count: countOf(message), code, txidHi, txidLo, keyId, time };
}

function flagsOf(message: Message): number {
  switch (message.type) {
    case TYPE.LOOKUP_REPLY:
    case TYPE.UPDATE_REPLY:
    case TYPE.CORRECT:
    case TYPE.PONG:
      return message.flags;
    default:
      return 0;
  }
}

function countOf(message: Message): number {
  switch (message.type) {
    case TYPE.LOOKUP:
    case TYPE.STALE_REPORT:
      return message.questions.length;
    case TYPE.LOOKUP_REPLY:
    case TYPE.CORRECT:
      return message.answers.length;
    case TYPE.UPDATE:
      return message.changes.length;
    case TYPE.UPDATE_REPLY:
      return message.results.length;
    default:
      return 0;
  }
}
