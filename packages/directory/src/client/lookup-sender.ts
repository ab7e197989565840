/** Puts questions into datagrams: those of one turn together, each server with a transaction id of its own. */
import { paddingFor, paddingToFull } from '../auth/anonymous.js';
import { COOKIE_LENGTH, QUESTION_FLAG, TYPE } from '../old1/constants.js';
import type { ClientContext } from './context.js';
import type { LookupAttempt, Query } from './query.js';
import type { ServerState } from './server-pool.js';

/**
 * Questions in a datagram. Choice: not the 16 that the protocol allows, because 16 answers with a locator do not fit into a
 * reply, 15 do in 1,200 octets with a tag, and 14 in what an anonymous request may be padded to.
 */
export const BATCH_MAX = { verified: 15, anonymous: 14 } as const;
/** How long a reply is welcome after its time, for what it repairs in the cache. */
const FORGET_AFTER_MS = 1000;

/** Sends the questions to one server. `onTimeout` is called if it has not answered in its time. */
export function sendLookup(
  context: ClientContext,
  queries: readonly Query[],
  server: ServerState,
  challenges: number,
  nowMs: number,
  onTimeout: (attempt: LookupAttempt, nowMs: number) => void,
): void {
  const attempt = context.outstanding.add((txidHi, txidLo): LookupAttempt => ({
    kind: 'lookup',
    txidHi,
    txidLo,
    mayAnswer: (index) => index === server.index,
    server,
    queries,
    sentMs: nowMs,
    challenges,
  }));
  for (const query of queries) query.open.add(attempt);
  const datagram = context.envelope.wrap(messageOf(context, queries, server), attempt.txidHi, attempt.txidLo);
  context.emit({ type: 'send', server: server.index, datagram });
  context.timers.add(nowMs + server.rtoMs, (firedMs) => {
    if (!context.outstanding.has(attempt)) return;
    for (const query of queries) query.open.delete(attempt);
    context.timers.add(attempt.sentMs + FORGET_AFTER_MS, () => context.outstanding.remove(attempt));
    onTimeout(attempt, firedMs);
  });
}

function messageOf(context: ClientContext, queries: readonly Query[], server: ServerState) {
  const cookie = context.envelope.isVerified ? undefined : server.cookie;
  const cookieLength = cookie === undefined ? 0 : COOKIE_LENGTH;
  const pad = queries.some(({ roomy }) => roomy) ? paddingToFull : paddingFor;
  return {
    type: TYPE.LOOKUP,
    source: queries[0]!.source,
    questions: queries.map(({ key, view, freshness }) => {
      const entry = context.cache.peek(view);
      const fresh = freshness === 'confirmed' ? QUESTION_FLAG.FRESH : 0;
      return {
        key,
        flags: QUESTION_FLAG.NEED_MAC | fresh,
        knownVersion: entry?.mapping === undefined ? 0 : entry.version,
      };
    }),
    cookie,
    padding: context.envelope.isVerified ? 0 : pad(queries.length, cookieLength),
  };
}
