/** Updates: one healthy server, then the same datagram to another, so that the servers can tell a retry from a new one. */
import type { Change } from '../old1/change.js';
import { CODE, TYPE } from '../old1/constants.js';
import type { UpdateReply } from '../old1/message-types.js';
import { type ClientContext, viewName } from './context.js';
import { type FailureCode, failureOf } from './events.js';
import type { Awaited } from './outstanding.js';

/** One UPDATE that waits for its reply. */
export interface UpdateAttempt extends Awaited {
  readonly kind: 'update';
  readonly request: number;
  readonly changes: readonly Change[];
  /** When it was sent to each server, in ms. */
  readonly asked: Map<number, number>;
  readonly datagram: Uint8Array;
  tries: number;
}

/** Codes after which another server may do better. None of them says that the change was made. */
const ELSEWHERE: ReadonlySet<number> = new Set([CODE.OVERLOADED]);

/** All updates of a client. */
export class Updates {
  readonly #context: ClientContext;
  readonly #waiting = new Set<UpdateAttempt>();

  /** The updates of this client. */
  constructor(context: ClientContext) {
    this.#context = context;
  }

  /** Updates that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Sends 1..8 changes. @throws CodecError if they can't be encoded */
  begin(changes: readonly Change[], request: number, nowMs: number): void {
    const { envelope, outstanding } = this.#context;
    const asked = new Map<number, number>();
    const attempt = outstanding.add((txidHi, txidLo): UpdateAttempt => ({
      kind: 'update',
      txidHi,
      txidLo,
      mayAnswer: (server) => asked.has(server),
      request,
      changes,
      asked,
      datagram: envelope.wrap({ type: TYPE.UPDATE, changes }, txidHi, txidLo),
      tries: 0,
    }));
    this.#waiting.add(attempt);
    this.#try(attempt, nowMs);
  }

  /** A genuine reply. */
  onReply(attempt: UpdateAttempt, server: number, reply: UpdateReply, nowMs: number): void {
    const { counters, emit, pool, settings } = this.#context;
    pool.servers[server]!.answered(nowMs - attempt.asked.get(server)!);
    if (reply.code === CODE.OK && reply.results.length !== attempt.changes.length) {
      counters.mismatched++;
      return;
    }
    if (ELSEWHERE.has(reply.code) && attempt.tries < settings.updateAttempts) {
      this.#try(attempt, nowMs);
      return;
    }
    if (reply.code !== CODE.OK) {
      this.#end(attempt, failureOf(reply.code));
      return;
    }
    this.#raiseVersions(attempt, reply, nowMs);
    this.#remove(attempt);
    emit({ type: 'updated', request: attempt.request, results: reply.results });
  }

  /** Fails all updates. Whether they were made is not known. */
  close(): void {
    for (const attempt of this.#waiting) this.#end(attempt, 'CLOSED');
  }

  #try(attempt: UpdateAttempt, nowMs: number): void {
    const { emit, pool, settings, timers } = this.#context;
    const [server] = pool.pick(1, new Set(attempt.asked.keys()));
    const tries = ++attempt.tries;
    attempt.asked.set(server!.index, nowMs);
    emit({ type: 'send', server: server!.index, datagram: attempt.datagram.slice() });
    timers.add(nowMs + settings.updateTimeoutMs, (firedMs) => {
      // Another server may have been asked early, after a refusal; then that one's time counts.
      if (!this.#waiting.has(attempt) || attempt.tries !== tries) return;
      server!.timedOut(nowMs, firedMs);
      if (tries < settings.updateAttempts) this.#try(attempt, firedMs);
      else this.#end(attempt, 'DEADLINE');
    });
  }

  /** Own writes are read: what is cached of these keys has expired, and nothing older than the write is taken. */
  #raiseVersions(attempt: UpdateAttempt, reply: UpdateReply, nowMs: number): void {
    if (!this.#context.epoch.note(reply.stamp)) return;
    attempt.changes.forEach(({ key }, i) => {
      const { code, version } = reply.results[i]!;
      if (code === CODE.OK) this.#context.cache.raise(viewName(key, key.tenant), key, version, nowMs);
    });
  }

  #end(attempt: UpdateAttempt, code: FailureCode): void {
    this.#remove(attempt);
    this.#context.emit({ type: 'failed', request: attempt.request, code });
  }

  #remove(attempt: UpdateAttempt): void {
    this.#waiting.delete(attempt);
    this.#context.outstanding.remove(attempt);
  }
}
