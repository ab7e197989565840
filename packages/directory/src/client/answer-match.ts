import { keyString } from '../key.js';
import type { Answer } from '../old1/answer.js';
import { CODE, FLAG } from '../old1/constants.js';
import type { LookupReply } from '../old1/message-types.js';
import type { LookupAttempt } from './query.js';

/**
 * The answer to each question, in order. They must be those to the questions, in their order, and all of them; but TRUNCATED
 * and errors leave out the last, and a server that is loading leaves out those it is not sure of. `undefined` if they do not.
 */
export function matchAnswers({ queries }: LookupAttempt, reply: LookupReply): (Answer | undefined)[] | undefined {
  const { answers, flags, code } = reply;
  const mayCut = (flags & FLAG.TRUNCATED) !== 0 || code !== CODE.OK;
  const maySkip = (flags & FLAG.SYNCING) !== 0;
  let next = 0;
  let isCut = false;
  const matched = queries.map(({ key }) => {
    const answer = answers[next];
    if (answer !== undefined && keyString(answer.key) === keyString(key)) {
      next++;
      return answer;
    }
    isCut ||= answer === undefined ? !mayCut && !maySkip : !maySkip;
    return undefined;
  });
  return next === answers.length && !isCut ? matched : undefined;
}

/** True if the code says that there is no such address, or none that this asker may know of. */
export function isAbsence(code: number): boolean {
  return code === CODE.NOT_FOUND || code === CODE.DENIED || code === CODE.TENANT_UNKNOWN;
}
