/** The destinations that are asked for, or lately were in vain: at most so many in all and per tenant. */
import type { PacketBuffer } from '@overlane/wire';
import { HeldFrames } from './held-frames.js';
import type { NlArpLimits } from './options.js';
import { Records } from './records.js';
import { Timers } from './timers.js';

/** Questions by number. */
export class Questions {
  /** Which NIC a question is about. */
  readonly records: Records;
  readonly #limits: NlArpLimits;
  readonly #held: HeldFrames;
  readonly #timers: Timers;
  readonly #asked: Uint8Array;
  readonly #shares = new Map<number, number>();

  /** Nothing is asked for. */
  constructor(limits: NlArpLimits) {
    const { questions, framesPerQuestion, heldOctets, headroom, retryMs, tries, holdDownMs } = limits;
    this.#limits = limits;
    this.records = new Records(questions);
    this.#held = new HeldFrames(questions, framesPerQuestion, heldOctets, headroom);
    // One length per try, and one for the hold-down.
    const retriesMs = Array.from({ length: tries }, (_, tried) => retryMs * 2 ** tried);
    this.#timers = new Timers(questions, [...retriesMs, holdDownMs]);
    this.#asked = new Uint8Array(questions);
  }

  /** When the next one is due, or Infinity. */
  get nextMs(): number {
    return this.#timers.nextMs;
  }

  /** A number for a question that is asked now, or -1. */
  open(tenant: number, macAsId: number, high: number, low: number, nowMs: number): number {
    const share = this.#shares.get(tenant) ?? 0;
    if (share >= this.#limits.questionsPerTenant) return -1;
    const question = this.records.take(tenant, macAsId, high, low);
    if (question < 0) return question;
    this.#shares.set(tenant, share + 1);
    this.#asked[question] = 1;
    this.#timers.set(question, 0, nowMs);
    return question;
  }

  /** A question that is due, or -1. */
  due(nowMs: number): number {
    return this.#timers.take(nowMs);
  }

  /** Whether it may be asked once more, which is taken as done; else its hold-down begins. */
  mayAskAgain(question: number, nowMs: number): boolean {
    const asked = this.#asked[question]!;
    const isOver = asked >= this.#limits.tries;
    this.#timers.set(question, isOver ? this.#limits.tries : asked, nowMs);
    this.#asked[question] = asked + 1;
    return !isOver;
  }

  /** Keeps a copy of a frame until the answer comes; false if there is no room. */
  hold(question: number, frame: PacketBuffer): boolean {
    return this.#held.hold(question, frame);
  }

  /** Lets go of the frames held. */
  releaseFrames(question: number): readonly PacketBuffer[] {
    return this.#held.release(question);
  }

  /** The question is settled, its frames are let go of already. */
  close(question: number): void {
    this.#timers.clear(question);
    const tenant = this.records.tenants[question]!;
    const share = this.#shares.get(tenant)! - 1;
    if (share === 0) this.#shares.delete(tenant);
    else this.#shares.set(tenant, share);
    this.records.release(question);
  }
}
