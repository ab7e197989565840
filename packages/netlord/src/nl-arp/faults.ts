import type { NlArpMessageFault } from './message-faults.js';

/** Everything that NL-ARP counts: the message codec's faults, and what the state machine refuses or gives up. */
export type NlArpFault =
  | NlArpMessageFault
  /** An older placement than the one on file. */
  | 'E_NLARP_STALE'
  /** Two places claim one placement; the one on file stays. */
  | 'E_NLARP_CONFLICT'
  /** Nobody answered, or lately nobody did: a frame was dropped. */
  | 'E_NLARP_NO_ANSWER'
  /** Too many frames wait for one destination, or in all. */
  | 'E_NLARP_QUEUE'
  /** Too many destinations are asked for, by one tenant or in all. */
  | 'E_NLARP_QUESTIONS'
  /** No room for another entry, or for another local NIC. */
  | 'E_NLARP_TABLE_FULL'
  /** No room for another message to send. */
  | 'E_NLARP_OUTBOX';

/** How often each fault was met. */
export class NlArpFaultCounts {
  readonly #counts = new Map<NlArpFault, number>();

  /** Counts a fault. */
  add(fault: NlArpFault, times = 1): void {
    if (times > 0) this.#counts.set(fault, (this.#counts.get(fault) ?? 0) + times);
  }

  /** How often it was met. */
  of(fault: NlArpFault): number {
    return this.#counts.get(fault) ?? 0;
  }

  /** A copy for reports, as plain data. */
  snapshot(): Readonly<Partial<Record<NlArpFault, number>>> {
    return Object.fromEntries(this.#counts);
  }
}
