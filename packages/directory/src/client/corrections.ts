/**
 * Reactive correction (VL2 §4.3) from both ends. A host that gets a packet for an address it does not have reports the sender;
 * a host that is told its entry is stale takes the new one, if its version is higher.
 */
import { keyString } from '../key.js';
import type { Locator, MappingKey } from '../model.js';
import { CODE, TYPE } from '../old1/constants.js';
import type { Correct } from '../old1/message-types.js';
import { type ClientContext, viewName } from './context.js';
import type { Lookups } from './lookups.js';

/** Somebody used a stale entry to send us a packet. */
export interface StaleUse {
  /** The address that isn't here. */
  readonly key: MappingKey;
  /** Outer source of the packet. */
  readonly sender: Locator;
  /** Version that we last knew of the key, or 0. */
  readonly knownVersion: number;
}

const REPORT_EVERY_MS = 1000;
const REMEMBERED_MAX = 4096;
const FOREIGN_TENANTS_MAX = 256;

/** Reports and corrections of a client. */
export class Corrections {
  readonly #context: ClientContext;
  readonly #lookups: Lookups;
  /** When a sender and key may be reported again, in the order of those times. */
  readonly #heldUntilMs = new Map<string, number>();
  /** Tenants that asked about the addresses of others: their views need correction, too. */
  readonly #foreignTenants = new Set<number>();
  #tokens: number;
  #filledMs = 0;

  /** The corrections of this client. */
  constructor(context: ClientContext, lookups: Lookups) {
    this.#context = context;
    this.#lookups = lookups;
    this.#tokens = context.settings.staleRate;
  }

  /** Remembers that this tenant asks about others' addresses. False if there are too many of them. */
  noteAsker(tenant: number, key: MappingKey): boolean {
    if (tenant === key.tenant || this.#foreignTenants.has(tenant)) return true;
    if (this.#foreignTenants.size >= FOREIGN_TENANTS_MAX) return false;
    this.#foreignTenants.add(tenant);
    return true;
  }

  /** Reports once a second for each sender and key, and so many a second in all. False if it was held back. */
  report({ key, sender, knownVersion }: StaleUse, nowMs: number): boolean {
    const { counters, emit, envelope, outstanding, pool } = this.#context;
    const name = `${keyString(key)}${keyString({ tenant: 0, kind: sender.kind, addr: sender.addr })}`;
    if (!this.#mayReport(name, nowMs)) {
      counters.reportsHeld++;
      return false;
    }
    const [server] = pool.pick(1, new Set());
    const { txidHi, txidLo } = outstanding.draw();
    const questions = [{ key, flags: 0, knownVersion }];
    const datagram = envelope.wrap({ type: TYPE.STALE_REPORT, sender, questions }, txidHi, txidLo);
    emit({ type: 'send', server: server!.index, datagram });
    counters.reports++;
    return true;
  }

  /** A genuine correction. It is acknowledged even if it brings nothing new: the first acknowledgement may be lost. */
  onCorrect(correct: Correct, nowMs: number): void {
    const { emit, envelope, epoch } = this.#context;
    if (epoch.note(correct.stamp)) {
      for (const answer of correct.answers) {
        this.#correct(viewName(answer.key, answer.key.tenant), answer, correct, nowMs);
        for (const tenant of this.#foreignTenants) {
          if (tenant !== answer.key.tenant) this.#correct(viewName(answer.key, tenant), answer, correct, nowMs);
        }
      }
    }
    const { txidHi, txidLo } = correct;
    const datagram = envelope.wrap({ type: TYPE.CORRECT_ACK, code: CODE.OK, stamp: epoch.newest }, txidHi, txidLo);
    emit({ type: 'acknowledge', datagram });
  }

  #correct(view: string, answer: Correct['answers'][number], { stamp }: Correct, nowMs: number): void {
    const { cache, counters, emit, settings } = this.#context;
    const entry = cache.peek(view);
    const isOwnView = view === viewName(answer.key, answer.key.tenant);
    if (entry === undefined && !(settings.acceptUnsolicited && isOwnView)) return;
    if (answer.code !== CODE.OK && answer.code !== CODE.NOT_FOUND) return;
    if (answer.version <= (entry?.version ?? -1)) return;
    if (cache.offer(view, answer, stamp, nowMs) === 'outdated') return;
    counters.corrections++;
    if (isOwnView) emit({ type: 'moved', key: answer.key, mapping: cache.peek(view)?.mapping });
    this.#lookups.settleFromCache(view);
  }

  #mayReport(name: string, nowMs: number): boolean {
    const { staleRate } = this.#context.settings;
    for (const [held, untilMs] of this.#heldUntilMs) {
      if (untilMs > nowMs) break;
      this.#heldUntilMs.delete(held);
    }
    // A clock that goes back gives nothing.
    this.#tokens = Math.min(staleRate, this.#tokens + (Math.max(0, nowMs - this.#filledMs) * staleRate) / 1000);
    this.#filledMs = nowMs;
    if (this.#tokens < 1 || this.#heldUntilMs.has(name) || this.#heldUntilMs.size >= REMEMBERED_MAX) return false;
    this.#tokens--;
    this.#heldUntilMs.set(name, nowMs + REPORT_EVERY_MS);
    return true;
  }
}
