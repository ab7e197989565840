/** What makes a datagram whole: the header's rules, then each record's, then the length, exactly. */
import * as answer from './answer.js';
import * as change from './change.js';
import { COOKIE_LENGTH, DATAGRAM_LENGTH_MAX, FLAG, HEADER_LENGTH, TAG_LENGTH, TYPE } from './constants.js';
import type { Old1Fault } from './faults.js';
import * as header from './header.js';
import * as locator from './locator.js';
import { isZero } from './octets.js';
import * as pong from './pong.js';
import * as question from './question.js';
import * as result from './result.js';
import * as source from './source.js';
import * as stamp from './stamp.js';

/** What a record looks like to the walk over a body. */
interface RecordShape {
  check(bytes: Uint8Array, offset: number, end: number): Old1Fault | undefined;
  readHeaderLength(bytes: Uint8Array, offset: number): number;
}

/** Where the body ends and the tag, if there is one, begins. Precondition: the header's `check` passed. */
export function readBodyEnd(bytes: Uint8Array, offset: number, end: number): number {
  return (header.readFlags(bytes, offset) & FLAG.AUTH) === 0 ? end : end - TAG_LENGTH;
}

/**
 * Says why `bytes[offset..end)` is no datagram of OLD/1, or `undefined` if it is one. Never throws or allocates; reads each
 * octet a few times at most. The tag is not verified.
 */
export function check(bytes: Uint8Array, offset = 0, end: number = bytes.length): Old1Fault | undefined {
  if (end - offset > DATAGRAM_LENGTH_MAX) return 'E_OLD_TOO_LONG';
  const fault = header.check(bytes, offset, end);
  if (fault !== undefined) return fault;
  const bodyEnd = readBodyEnd(bytes, offset, end);
  const body = offset + HEADER_LENGTH;
  if (bodyEnd < body) return 'E_OLD_TRUNCATED';
  const count = header.readCount(bytes, offset);
  switch (header.readType(bytes, offset)) {
    case TYPE.LOOKUP: {
      const cookied = (header.readFlags(bytes, offset) & FLAG.COOKIE) !== 0;
      return checkLookup(bytes, body, bodyEnd, count, cookied ? COOKIE_LENGTH : 0);
    }
    case TYPE.LOOKUP_REPLY:
    case TYPE.CORRECT:
      return stamp.check(bytes, body, bodyEnd) ?? checkRecords(answer, bytes, body + stamp.LENGTH, bodyEnd, count);
    case TYPE.UPDATE:
      return checkRecords(change, bytes, body, bodyEnd, count);
    case TYPE.UPDATE_REPLY:
      return stamp.check(bytes, body, bodyEnd) ?? checkRecords(result, bytes, body + stamp.LENGTH, bodyEnd, count);
    case TYPE.CORRECT_ACK:
      return stamp.check(bytes, body, bodyEnd) ?? checkEnd(body + stamp.LENGTH, bodyEnd);
    case TYPE.STALE_REPORT:
      return (
        locator.check(bytes, body, bodyEnd) ?? checkRecords(question, bytes, body + locator.LENGTH, bodyEnd, count)
      );
    case TYPE.PONG:
      return pong.check(bytes, body, bodyEnd) ?? checkEnd(body + pong.LENGTH, bodyEnd);
    case TYPE.CHALLENGE:
      return checkEnd(body + COOKIE_LENGTH, bodyEnd);
    default:
      return checkEnd(body, bodyEnd);
  }
}

/** Source, questions, perhaps a cookie, and zeros to the end. */
function checkLookup(
  bytes: Uint8Array,
  offset: number,
  end: number,
  count: number,
  cookieLength: number,
): Old1Fault | undefined {
  const behind = offset + source.LENGTH + count * question.LENGTH;
  if (end - behind < cookieLength) return 'E_OLD_TRUNCATED';
  const fault = source.check(bytes, offset, end);
  if (fault !== undefined) return fault;
  for (let at = offset + source.LENGTH; at < behind; at += question.LENGTH) {
    const badQuestion = question.check(bytes, at, end);
    if (badQuestion !== undefined) return badQuestion;
  }
  return isZero(bytes, behind + cookieLength, end) ? undefined : 'E_OLD_RESERVED';
}

/** `count` records, and nothing behind them. */
function checkRecords(
  shape: RecordShape,
  bytes: Uint8Array,
  offset: number,
  end: number,
  count: number,
): Old1Fault | undefined {
  let at = offset;
  for (let i = 0; i < count; i++) {
    const fault = shape.check(bytes, at, end);
    if (fault !== undefined) return fault;
    at += shape.readHeaderLength(bytes, at);
  }
  return checkEnd(at, end);
}

function checkEnd(at: number, end: number): Old1Fault | undefined {
  if (at > end) return 'E_OLD_TRUNCATED';
  return at < end ? 'E_OLD_BAD_LENGTH' : undefined;
}
