/** Answers to the senders of frames that an encapsulation refused, at a limited rate. */
import { type Encapsulation, type Fault, PacketBuffer } from '@overlane/wire';
import type { Egress } from './egress.js';
import type { Ledger } from './ledger.js';

/** Answers that may follow each other at once, and answers a second after that (RFC 4443 §2.4(f) gives both as examples). */
const BURST = 10;
const PER_SECOND = 10;

/** Sends answers, from one token bucket: a tenant must not make the switch work for it. */
export class Refusals {
  readonly #encapsulation: Encapsulation;
  readonly #ledger: Ledger;
  #tokens = BURST;
  #filledMs = 0;

  /** Answers of `encapsulation`. */
  constructor(encapsulation: Encapsulation, ledger: Ledger) {
    this.#encapsulation = encapsulation;
    this.#ledger = ledger;
  }

  /** Gives the sender of `frame`, which is behind `port`, the answer due to `fault`, if there is one. Allocates it. */
  answer(frame: PacketBuffer, fault: Fault, family: 4 | 6, port: Egress): void {
    if (this.#tokens < 1 || this.#encapsulation.answerRefused === undefined) return;
    const answer = this.#encapsulation.answerRefused(frame, fault, family);
    if (answer === undefined) return;
    this.#tokens--;
    this.#ledger.originated++;
    port.send(PacketBuffer.from(answer));
  }

  /** Lets time pass. */
  tick(nowMs: number): void {
    const earned = (Math.max(0, nowMs - this.#filledMs) * PER_SECOND) / 1000;
    this.#filledMs = nowMs;
    this.#tokens = Math.min(BURST, this.#tokens + earned);
  }
}
