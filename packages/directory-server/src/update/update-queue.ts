/**
 * Updates, from the datagram to the commit. Several updates share a transaction, because a store does some thousand
 * transactions a second but ten times as many writes. Each key is compared with what its change was judged by; if one
 * compare fails the transaction returns what is there, and all are judged anew.
 *
 * With its changes an update writes that it was done, under the sender's key id and transaction id. The same update through
 * another server finds that, changes nothing, and gets the same reply.
 */
import { CODE } from '@overlane/directory';
import type { Compare, Op, StoreEntry, TxnResult } from '@overlane/store';
import { checkStoreEntry } from '../follow/store-layout.js';
import { type Authority, type Current, type Verdict, judge } from './authority.js';
import type { Batch, Done, Learnt, Settled, UpdateLimits } from './update-types.js';
import { type Outcome, type PendingChange, type Update, decodeOutcomes, encodeOutcomes } from './update.js';

/** What a queue works with. */
export interface UpdateQueueParts {
  readonly authority: Authority;
  readonly limits: UpdateLimits;
  /** The mapping of a key block as the local table has it. */
  readonly currentOf: (block: Uint8Array) => Current;
  /** Unix time, for the entries that remember updates. */
  readonly unixS: () => number;
}

/** Updates in a row that are looked at for a batch: those behind wait for the next. */
const LOOK_AHEAD = 256;
/** How often an update is judged anew because others change its keys. */
const ATTEMPTS_MAX = 16;
/** Updates whose outcomes are kept here as well, so that a repeated datagram costs no transaction. */
const RECENT_MAX = 4096;

/** The queue. Does nothing by itself: whoever owns it calls `next`, runs what that returns, and calls `settle`. */
export class UpdateQueue<Peer> {
  readonly #parts: UpdateQueueParts;
  #waiting: Update<Peer>[] = [];
  readonly #pending = new Set<string>();
  readonly #recent = new Map<string, Done<Peer>>();
  readonly #busyKeys = new Set<string>();
  readonly #inFlight = new Set<Batch<Peer>>();
  /** What a failed compare has shown of keys, for those that are judged anew. */
  readonly #seen = new Map<string, Current>();
  readonly #attempts = new Map<Update<Peer>, number>();
  /** Updates under way whose senders have been told not to wait. */
  readonly #told = new Set<Update<Peer>>();

  /** An empty queue. */
  constructor(parts: UpdateQueueParts) {
    this.#parts = parts;
  }

  /** Updates that are not over. */
  get length(): number {
    return this.#pending.size;
  }

  /** Takes an update. Returns it at once if it is over already: done before, or refused. `undefined`: wait for `settle`. */
  submit(update: Update<Peer>, nowMs: number): Done<Peer> | undefined {
    const { id } = update;
    const before = this.#recent.get(id);
    if (before !== undefined) return { ...before, update };
    // The reply to the first copy answers this one too.
    if (this.#pending.has(id)) return undefined;
    if (this.#pending.size >= this.#parts.limits.queueMax) return { update, outcomes: [], code: CODE.OVERLOADED };
    if (this.#isStuck(nowMs)) return { update, outcomes: [], code: CODE.STORE_UNAVAILABLE };
    this.#pending.add(id);
    this.#waiting.push(update);
    return undefined;
  }

  /** When `next` should be called again, if nothing else happens; `undefined` if there is nothing to wait for. */
  nextAtMs(): number | undefined {
    const [first] = this.#waiting;
    if (first === undefined || this.#inFlight.size >= this.#parts.limits.inFlightMax) return undefined;
    return first.sinceMs + this.#waitMs;
  }

  /** The next transaction, if it is time: enough changes wait, or the first has waited long enough. */
  next(nowMs: number): Batch<Peer> | undefined {
    const { limits } = this.#parts;
    if (this.#waiting.length === 0 || this.#inFlight.size >= limits.inFlightMax) return undefined;
    const waits = nowMs - this.#waiting[0]!.sinceMs < this.#waitMs;
    if (waits && this.#waiting.length < limits.batchMax) {
      const changes = this.#waiting.reduce((sum, { changes: { length } }) => sum + length, 0);
      if (changes < limits.batchMax) return undefined;
    }
    const chosen = this.#choose();
    if (chosen.length === 0) return undefined;
    const batch = this.#batchOf(chosen, nowMs);
    this.#inFlight.add(batch);
    for (const { keyText } of chosen.flatMap(({ changes }) => changes)) this.#busyKeys.add(keyText);
    return batch;
  }

  /** The end of a transaction: its result, or that the store did not answer. */
  settle(batch: Batch<Peer>, result: TxnResult | 'unavailable'): Settled<Peer> {
    this.#inFlight.delete(batch);
    for (const { keyText } of batch.updates.flatMap(({ changes }) => changes)) this.#busyKeys.delete(keyText);
    if (result === 'unavailable') {
      const done = batch.updates.map((update) => this.#end(update, [], CODE.STORE_UNAVAILABLE));
      return { done: this.#untold(done), learnt: [], remembered: [] };
    }
    const settled = result.succeeded ? this.#committed(batch, result) : this.#refused(batch, result);
    return { ...settled, done: this.#untold(settled.done) };
  }

  /**
   * Updates that have waited too long for the store; each is told once. The transactions of some may be under way yet: who
   * sends one of those again learns what became of it.
   */
  expire(nowMs: number): Done<Peer>[] {
    if (!this.#isStuck(nowMs)) return [];
    const waiting = this.#waiting;
    this.#waiting = [];
    const done = waiting.map((update) => this.#end(update, [], CODE.STORE_UNAVAILABLE));
    for (const { sinceMs, updates } of this.#inFlight) {
      if (nowMs - sinceMs <= this.#parts.limits.storeTimeoutMs) continue;
      for (const update of updates) {
        if (this.#told.has(update)) continue;
        this.#told.add(update);
        done.push({ update, outcomes: [], code: CODE.STORE_UNAVAILABLE });
      }
    }
    return done;
  }

  #untold(done: readonly Done<Peer>[]): Done<Peer>[] {
    return done.filter(({ update }) => !this.#told.delete(update));
  }

  /** The more is under way the longer a change waits for others: a busy store does better with fewer, fuller transactions. */
  get #waitMs(): number {
    return this.#parts.limits.batchWaitMs * (1 + this.#inFlight.size);
  }

  #isStuck(nowMs: number): boolean {
    for (const { sinceMs } of this.#inFlight) if (nowMs - sinceMs > this.#parts.limits.storeTimeoutMs) return true;
    const [first] = this.#waiting;
    return first !== undefined && nowMs - first.sinceMs > this.#parts.limits.storeTimeoutMs;
  }

  /** Takes updates from the front whose keys no other transaction or earlier update is about to write. */
  #choose(): Update<Peer>[] {
    const chosen: Update<Peer>[] = [];
    const left: Update<Peer>[] = [];
    const taken = new Set(this.#busyKeys);
    let changes = 0;
    let looked = 0;
    for (const update of this.#waiting) {
      const isFree =
        looked++ < LOOK_AHEAD &&
        changes + update.changes.length <= this.#parts.limits.batchMax &&
        update.changes.every(({ keyText }) => !taken.has(keyText));
      if (isFree) {
        chosen.push(update);
        changes += update.changes.length;
      } else left.push(update);
      // Those behind must not overtake it.
      for (const { keyText } of update.changes) taken.add(keyText);
    }
    this.#waiting = left;
    return chosen;
  }

  #batchOf(updates: readonly Update<Peer>[], nowMs: number): Batch<Peer> {
    const compares: Compare[] = [];
    const ops: Op[] = [];
    const elseOps: Op[] = [];
    const verdicts = updates.map((update) => update.changes.map((pending) => this.#judge(update, pending)));
    const remembered: Uint8Array[] = [];
    for (const [i, update] of updates.entries()) {
      const { doneKey } = update;
      compares.push({ key: doneKey, target: 'createRevision', op: '=', value: 0n });
      elseOps.push({ type: 'get', key: doneKey });
      let writes = false;
      for (const [j, pending] of update.changes.entries()) {
        if (update.repeated.has(pending)) continue;
        const verdict = verdicts[i]![j]!;
        const { version } = this.#currentOf(pending);
        compares.push({ key: pending.key, target: 'modRevision', op: '=', value: BigInt(version) });
        elseOps.push({ type: 'get', key: pending.key });
        if (verdict.code !== CODE.OK) continue;
        writes = true;
        const { key } = pending;
        ops.push(verdict.put === undefined ? { type: 'delete', key } : { type: 'put', key, value: verdict.put });
      }
      // An update that changes nothing may be judged anew each time.
      if (!writes) continue;
      ops.push({ type: 'put', key: doneKey, value: encodeOutcomes(verdicts[i]!, this.#parts.unixS()) });
      remembered.push(doneKey);
    }
    return { txn: { compares, ops, elseOps }, updates, sinceMs: nowMs, verdicts, remembered };
  }

  #judge(update: Update<Peer>, pending: PendingChange): Verdict {
    if (update.repeated.has(pending)) return { code: CODE.LIMIT, version: 0 };
    const current = this.#currentOf(pending);
    return judge(this.#parts.authority, update.hostId, update.bytes, pending.offset, current);
  }

  #currentOf({ keyText, block }: PendingChange): Current {
    return this.#seen.get(keyText) ?? this.#parts.currentOf(block);
  }

  #committed(batch: Batch<Peer>, { revision }: TxnResult): Settled<Peer> {
    const learnt: Learnt[] = [];
    const done = batch.updates.map((update, i) => {
      const outcomes = update.changes.map((pending, j): Outcome => {
        this.#seen.delete(pending.keyText);
        const verdict = batch.verdicts[i]![j]!;
        if (verdict.code !== CODE.OK) return { code: verdict.code, version: verdict.version };
        const entry = verdict.put === undefined ? undefined : { value: verdict.put, modRevision: revision };
        learnt.push({ key: pending.key, entry, revision });
        return { code: CODE.OK, version: Number(revision) };
      });
      return this.#end(update, outcomes, CODE.OK);
    });
    return { done, learnt, remembered: batch.remembered };
  }

  /** Some compare failed: take what is there, end what was done before, and judge the others anew. */
  #refused(batch: Batch<Peer>, { results, revision }: TxnResult): Settled<Peer> {
    const learnt: Learnt[] = [];
    const done: Done<Peer>[] = [];
    const again: Update<Peer>[] = [];
    let at = 0;
    const take = (): StoreEntry | undefined => {
      const result = results[at++];
      return result?.type === 'get' ? result.entry : undefined;
    };
    for (const update of batch.updates) {
      const memory = take();
      for (const pending of update.changes) {
        if (update.repeated.has(pending)) continue;
        const entry = take();
        learnt.push({ key: pending.key, entry, revision });
        this.#seen.set(pending.keyText, currentOfEntry(pending.key, entry));
      }
      const outcomes = memory && decodeOutcomes(memory.value, Number(memory.modRevision));
      if (outcomes !== undefined) done.push(this.#end(update, outcomes, CODE.OK));
      else if (this.#countAttempt(update) > ATTEMPTS_MAX) done.push(this.#end(update, [], CODE.OVERLOADED));
      else again.push(update);
    }
    this.#waiting.unshift(...again);
    return { done, learnt, remembered: [] };
  }

  #countAttempt(update: Update<Peer>): number {
    const attempts = (this.#attempts.get(update) ?? 0) + 1;
    this.#attempts.set(update, attempts);
    return attempts;
  }

  #end(update: Update<Peer>, outcomes: readonly Outcome[], code: number): Done<Peer> {
    const { id } = update;
    this.#pending.delete(id);
    this.#attempts.delete(update);
    for (const { keyText } of update.changes) this.#seen.delete(keyText);
    const done = { update, outcomes, code };
    if (code === CODE.OK) {
      this.#recent.set(id, done);
      if (this.#recent.size > RECENT_MAX) this.#recent.delete(this.#recent.keys().next().value!);
    }
    return done;
  }
}

/** A value that is no mapping counts as absent, but keeps its version, so that it can be overwritten. */
function currentOfEntry(key: Uint8Array, entry: StoreEntry | undefined): Current {
  if (entry === undefined) return { version: 0, value: undefined };
  const isGood = checkStoreEntry(key, entry.value) === undefined;
  return { version: Number(entry.modRevision), value: isGood ? entry.value : undefined };
}
