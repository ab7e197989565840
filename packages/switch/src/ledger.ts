/** Where all packets of a switch came from, and where they went. */
import type { Fault } from '@overlane/wire';

/** The books at one moment. Between turns {@link imbalance} is 0: nothing gets lost without a name. */
export interface LedgerSnapshot {
  /** Received on all ports. */
  readonly received: number;
  /** Made here: messages and frames that the resolver wanted sent. */
  readonly originated: number;
  /** Made by copying: one less than the receivers of each flooded frame. */
  readonly copied: number;
  /** Made by cutting: one less than the pieces of each packet cut, by us or by the encapsulation. */
  readonly cut: number;
  /** Handed to ports, those included that the next hop lost (`E_SWITCH_SEND_FAILED`). */
  readonly sent: number;
  /** Appended to others: segments, the first of each packet not counted. */
  readonly joined: number;
  /** Taken by the encapsulation (pieces of a frame) or the resolver (messages), or flooded to nobody. */
  readonly absorbed: number;
  /** Waiting in the queues of ports. */
  readonly queued: number;
  /** Dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
}

/** The books of one switch; its ports write in them. */
export class Ledger {
  /** See {@link LedgerSnapshot.received}. */
  received = 0;
  /** See {@link LedgerSnapshot.originated}. */
  originated = 0;
  /** See {@link LedgerSnapshot.copied}. */
  copied = 0;
  /** See {@link LedgerSnapshot.cut}. */
  cut = 0;
  /** See {@link LedgerSnapshot.sent}. */
  sent = 0;
  /** See {@link LedgerSnapshot.absorbed}. */
  absorbed = 0;
  /** See {@link LedgerSnapshot.queued}. */
  queued = 0;
  readonly #dropped = new Map<Fault, number>();

  /** Counts packets dropped for a reason. */
  countDropped(fault: Fault, packets = 1): void {
    this.#dropped.set(fault, (this.#dropped.get(fault) ?? 0) + packets);
  }

  /** A copy for reports, as plain data. `joined` is what the coalescer has counted. */
  snapshot(joined: number): LedgerSnapshot {
    const { received, originated, copied, cut, sent, absorbed, queued } = this;
    const dropped = Object.fromEntries(this.#dropped);
    return { received, originated, copied, cut, sent, joined, absorbed, queued, dropped };
  }
}

/** Packets that came in or were made, less those that are accounted for: 0 unless something is wrong with the switch. */
export function imbalance(ledger: LedgerSnapshot): number {
  const { received, originated, copied, cut, sent, joined, absorbed, queued, dropped } = ledger;
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  return received + originated + copied + cut - (sent + joined + absorbed + queued + lost);
}
