/**
 * Resolution: cache, single flight, k random servers and the fastest acceptable reply.
 *
 * A query lives in rounds. In each, k servers are asked; the first acceptable answer settles it. "There is none" is
 * acceptable at once from a server that is as far as any the client has seen, else only once the others had their chance.
 * A round ends when the fastest of its servers should have answered, and twice as late in each further round.
 */
import type { MappingKey, StoreStamp } from '../model.js';
import type { Answer } from '../old1/answer.js';
import { CODE, FLAG } from '../old1/constants.js';
import type { Challenge, LookupReply } from '../old1/message-types.js';
import { isAbsence, matchAnswers } from './answer-match.js';
import { type ClientContext, askingTenantOf, viewName } from './context.js';
import { outcomeOf, staleOf } from './entry-outcome.js';
import type { FailureCode, Outcome } from './events.js';
import { BATCH_MAX, sendLookup } from './lookup-sender.js';
import { type Freshness, type LookupAttempt, type Query, makeQuery } from './query.js';
import { QuestionBatches } from './question-batches.js';
import type { ServerState } from './server-pool.js';

/** Longest wait for the other reply after an uncertain "there is none". */
const HOLD_MAX_MS = 10;
/** Times a question may be asked again at once. */
const PUT_BACK_MAX = 4;
/** Challenges in a row that a question follows. */
const CHALLENGES_MAX = 2;

/** All resolutions of a client. */
export class Lookups {
  readonly #context: ClientContext;
  /** Queries in flight by view and freshness. */
  readonly #queries = new Map<string, Query>();
  readonly #batches: QuestionBatches;
  #waiting = 0;

  /** Nothing is asked yet. */
  constructor(context: ClientContext) {
    this.#context = context;
    this.#batches = new QuestionBatches(context.envelope.isVerified ? BATCH_MAX.verified : BATCH_MAX.anonymous);
  }

  /** Queries in flight, those of the background included. */
  get inFlight(): number {
    return this.#queries.size;
  }

  /** Answers from the cache, or joins or begins a query for `request`. */
  resolve(key: MappingKey, source: MappingKey, freshness: Freshness, request: number, nowMs: number): Outcome {
    const { cache, counters, pool, settings } = this.#context;
    const view = viewName(key, askingTenantOf(source, key));
    const entry = freshness === 'cached' ? cache.use(view) : undefined;
    if (entry !== undefined && nowMs < entry.freshUntilMs) {
      counters.hits++;
      if (nowMs >= entry.refreshFromMs && entry.mapping !== undefined) this.#join(view, key, source, freshness, nowMs);
      return outcomeOf(entry);
    }
    // Nobody to wait for: an entry that would be used in the end is used at once, and the query still goes out.
    const usable = entry === undefined || pool.hasHealthy ? undefined : staleOf(entry, settings.maxStaleMs, nowMs);
    if (usable !== undefined) {
      counters.stale++;
      this.#join(view, key, source, freshness, nowMs);
      return usable;
    }
    if (this.#waiting >= settings.maxRequests) return { state: 'failed', code: 'LIMIT' };
    const query = this.#join(view, key, source, freshness, nowMs);
    if (query === undefined) return { state: 'failed', code: 'LIMIT' };
    query.waiters.push(request);
    this.#waiting++;
    return { state: 'pending', request };
  }

  /** Sends what was asked since the last time. */
  flush(nowMs: number): void {
    for (const batch of this.#batches.takeAll()) this.#send(batch, nowMs);
  }

  /** A genuine reply to one of our datagrams; `isCurrent` is false if its epoch is over. */
  onReply(attempt: LookupAttempt, reply: LookupReply, isCurrent: boolean, nowMs: number): void {
    const answers = matchAnswers(attempt, reply);
    if (answers === undefined) {
      this.#context.counters.mismatched++;
      return;
    }
    this.#close(attempt, nowMs);
    attempt.queries.forEach((query, i) => {
      const answer = isCurrent ? answers[i] : undefined;
      if (answer !== undefined) this.#onAnswer(query, answer, reply.stamp, reply.flags, attempt, nowMs);
      else if ((reply.flags & FLAG.TRUNCATED) !== 0) {
        query.roomy ||= reply.answers.length === 0;
        this.#putBack(query, nowMs);
      }
      this.#settleIfAlone(query, nowMs);
    });
  }

  /** A server wants to see its cookie before it answers. */
  onChallenge(attempt: LookupAttempt, challenge: Challenge, nowMs: number): void {
    this.#close(attempt, nowMs);
    attempt.server.cookie = challenge.cookie;
    const open = attempt.queries.filter(({ done }) => !done);
    const challenges = attempt.challenges + 1;
    if (open.length > 0 && challenges <= CHALLENGES_MAX) this.#sendTo(open, attempt.server, challenges, nowMs);
    for (const query of open) this.#settleIfAlone(query, nowMs);
  }

  /** Something else than a reply has brought news about a view. */
  settleFromCache(view: string): void {
    const query = this.#queries.get(nameOf(view, 'cached'));
    const entry = this.#context.cache.peek(view);
    if (query !== undefined && entry !== undefined) this.#settle(query, outcomeOf(entry));
  }

  /** A new epoch: what was held of the old one is void. */
  forgetHeld(): void {
    for (const query of this.#queries.values()) query.held = undefined;
  }

  /** Fails all requests. */
  close(): void {
    for (const query of this.#queries.values()) this.#settle(query, { state: 'failed', code: 'CLOSED' });
    this.#batches.takeAll();
  }

  /** The query in flight for this view, or a new one; `undefined` if there are too many. */
  #join(view: string, key: MappingKey, source: MappingKey, freshness: Freshness, nowMs: number): Query | undefined {
    const { counters, settings, timers } = this.#context;
    const name = nameOf(view, freshness);
    const existing = this.#queries.get(name);
    if (existing !== undefined) {
      counters.joined++;
      return existing;
    }
    if (this.#queries.size >= settings.maxRequests) return undefined;
    const query = makeQuery(view, key, source, freshness, nowMs + settings.deadlineMs);
    this.#queries.set(name, query);
    counters.queries++;
    this.#enqueue(query, nowMs);
    timers.add(query.deadlineMs, (firedMs) => this.#giveUp(query, 'NO_SERVER', firedMs));
    return query;
  }

  #enqueue(query: Query, nowMs: number): void {
    const full = this.#batches.add(query);
    if (full !== undefined) this.#send(full, nowMs);
  }

  /** One round for these queries of one source: the same questions to k servers. */
  #send(batch: readonly Query[], nowMs: number): void {
    const queries = batch.filter(({ done }) => !done);
    if (queries.length === 0) return;
    const { pool, settings, timers } = this.#context;
    const avoid = new Set(queries.flatMap(({ asked }) => [...asked]));
    const servers = pool.pick(settings.k, avoid);
    const fastestMs = Math.min(...servers.map(({ rtoMs }) => rtoMs));
    for (const query of queries) {
      query.asked = new Set(servers.map(({ index }) => index));
      const send = ++query.sends;
      const endsMs = nowMs + fastestMs * 2 ** query.round++;
      timers.add(endsMs, (firedMs) => {
        if (query.sends === send) this.#endRound(query, firedMs);
      });
    }
    for (const server of servers) this.#sendTo(queries, server, 0, nowMs);
  }

  #sendTo(queries: readonly Query[], server: ServerState, challenges: number, nowMs: number): void {
    sendLookup(this.#context, queries, server, challenges, nowMs, (attempt, firedMs) => {
      server.timedOut(attempt.sentMs, firedMs);
      for (const query of attempt.queries) this.#settleIfAlone(query, firedMs);
    });
  }

  /** Nobody is left who could know more than what is held. */
  #settleIfAlone(query: Query, nowMs: number): void {
    if (!query.done && query.open.size === 0 && query.held !== undefined) this.#settleHeld(query, nowMs);
  }

  #onAnswer(
    query: Query,
    answer: Answer,
    stamp: StoreStamp,
    flags: number,
    attempt: LookupAttempt,
    nowMs: number,
  ): void {
    const { cache, counters, epoch } = this.#context;
    const isNegative = isAbsence(answer.code);
    const isPositive = answer.code === CODE.OK || answer.code === CODE.NOT_MODIFIED;
    // A server that is still loading does not know what is not there.
    if (!isPositive && !(isNegative && (flags & FLAG.SYNCING) === 0)) return;
    if (cache.isOutdated(query.view, answer, stamp)) {
      counters.outdated++;
      // What it confirms is gone: evicted, or of an epoch that ended while the question was on its way.
      if (answer.code === CODE.NOT_MODIFIED) this.#putBack(query, nowMs);
      return;
    }
    if (query.done) {
      // Read repair: late, but newer than what is cached.
      const before = cache.peek(query.view)?.version ?? 0;
      cache.offer(query.view, answer, stamp, nowMs);
      if (answer.version > before) counters.repairs++;
      return;
    }
    if (isNegative && query.open.size > 0 && stamp.revision < epoch.newest.revision) {
      this.#hold(query, answer, stamp, attempt, nowMs);
      return;
    }
    if (isNegative && query.held !== undefined && query.held.stamp.revision > stamp.revision) {
      this.#settleHeld(query, nowMs);
      return;
    }
    cache.offer(query.view, answer, stamp, nowMs);
    this.#settle(query, outcomeOf(cache.peek(query.view)!));
  }

  /** Waits a little for a reply that knows more. */
  #hold(query: Query, answer: Answer, stamp: StoreStamp, attempt: LookupAttempt, nowMs: number): void {
    if (query.held !== undefined) {
      if (query.held.stamp.revision < stamp.revision) query.held = { answer, stamp };
      return;
    }
    query.held = { answer, stamp };
    this.#context.timers.add(nowMs + Math.min(attempt.server.rtoMs, HOLD_MAX_MS), (firedMs) => {
      if (!query.done && query.held !== undefined) this.#settleHeld(query, firedMs);
    });
  }

  #settleHeld(query: Query, nowMs: number): void {
    const { answer, stamp } = query.held!;
    query.held = undefined;
    const { cache, counters } = this.#context;
    if (cache.offer(query.view, answer, stamp, nowMs) === 'outdated') counters.outdated++;
    else this.#settle(query, outcomeOf(cache.peek(query.view)!));
  }

  #endRound(query: Query, nowMs: number): void {
    if (query.done || query.queued) return;
    if (query.held !== undefined) {
      this.#settleHeld(query, nowMs);
      if (query.done) return;
    }
    if (query.round >= this.#context.settings.rounds) {
      this.#giveUp(query, 'NO_SERVER', nowMs);
      return;
    }
    this.#context.counters.retries++;
    this.#enqueue(query, nowMs);
  }

  /** Asks again at once, in the same round. */
  #putBack(query: Query, nowMs: number): void {
    if (query.done || query.putBack >= PUT_BACK_MAX) return;
    query.putBack++;
    query.asked = new Set();
    query.round = Math.max(0, query.round - 1);
    this.#enqueue(query, nowMs);
  }

  #close(attempt: LookupAttempt, nowMs: number): void {
    this.#context.outstanding.remove(attempt);
    for (const query of attempt.queries) query.open.delete(attempt);
    attempt.server.answered(nowMs - attempt.sentMs);
  }

  /** No acceptable answer: an expired entry will do, because forwarding must outlive the directory. */
  #giveUp(query: Query, code: FailureCode, nowMs: number): void {
    if (query.done) return;
    if (query.held !== undefined) this.#settleHeld(query, nowMs);
    if (query.done) return;
    const { cache, counters, settings } = this.#context;
    const entry = query.freshness === 'cached' ? cache.peek(query.view) : undefined;
    const usable = entry === undefined ? undefined : staleOf(entry, settings.maxStaleMs, nowMs);
    if (usable === undefined) {
      this.#settle(query, { state: 'failed', code });
      return;
    }
    if (usable.state === 'resolved' && usable.mapping.stale) counters.stale += query.waiters.length;
    this.#settle(query, usable);
  }

  #settle(query: Query, outcome: Outcome): void {
    query.done = true;
    query.held = undefined;
    this.#queries.delete(nameOf(query.view, query.freshness));
    this.#waiting -= query.waiters.length;
    for (const request of query.waiters) {
      if (outcome.state === 'resolved') {
        this.#context.emit({ type: 'resolved', request, mapping: outcome.mapping });
      } else if (outcome.state === 'failed') this.#context.emit({ type: 'failed', request, code: outcome.code });
    }
  }
}

function nameOf(view: string, freshness: Freshness): string {
  return freshness === 'cached' ? view : `${view}!`;
}
