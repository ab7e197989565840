import type { Fault } from '@overlane/wire';
import type { Ledger } from './ledger.js';

/** What the switch itself can find wrong; faults of headers keep their own names. */
export type SwitchFault =
  /** The source address is a group address: such a frame was never sent by a station. */
  | 'E_SWITCH_GROUP_SOURCE'
  /** The address could not be learned because the network's table is full; the frame went on. */
  | 'E_SWITCH_MAC_TABLE_FULL'
  /** No network of that number has a port here. */
  | 'E_SWITCH_UNKNOWN_NETWORK'
  /** The destination lives on the port that the frame came from. */
  | 'E_SWITCH_SAME_PORT'
  /** The resolver has asked for the destination and doesn't know yet. */
  | 'E_SWITCH_PENDING'
  /** A message of a control protocol came, and the resolver has none. */
  | 'E_SWITCH_CONTROL'
  /** No underlay of the endpoint's address family. */
  | 'E_SWITCH_NO_UNDERLAY'
  /** The next hop was full, and the queue's answer is to drop. */
  | 'E_SWITCH_QUEUE_FULL'
  /** The port was taken out while packets waited for it. */
  | 'E_SWITCH_PORT_REMOVED'
  /** The next hop lost or refused the packet after taking it. */
  | 'E_SWITCH_SEND_FAILED'
  /** Odd ECN pairs (RFC 6040 §4.2) that the egress lets pass. */
  | 'E_SWITCH_ECN_NOTE'
  /** Odd ECN pairs worth an alarm. */
  | 'E_SWITCH_ECN_ALARM';

/** Counters of one port. Packets taken for sending count as sent; losses after that are faults. */
export class PortCounters {
  /** Packets received. */
  rxPackets = 0;
  /** Octets received. */
  rxOctets = 0;
  /** Packets sent. */
  txPackets = 0;
  /** Octets sent. */
  txOctets = 0;
  /** How often each fault was met by packets that came in here, or were to leave here. */
  readonly faults = new Map<Fault, number>();
  readonly #ledger: Ledger;

  /** Counters of a port of the switch that keeps `ledger`. */
  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  /** Counts a packet of so many octets that came in. */
  countReceived(octets: number): void {
    this.rxPackets++;
    this.rxOctets += octets;
    this.#ledger.received++;
  }

  /** Counts a packet of so many octets that the port has taken. */
  countSent(octets: number): void {
    this.txPackets++;
    this.txOctets += octets;
    this.#ledger.sent++;
  }

  /** Counts a packet that ends here. */
  countDropped(fault: Fault): void {
    this.countFault(fault);
    this.#ledger.countDropped(fault);
  }

  /** Counts a fault of a packet that went on, or was counted as sent. */
  countFault(fault: Fault, times = 1): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + times);
  }

  /** A copy for reports, as plain data. */
  snapshot(): PortSnapshot {
    const { rxPackets, rxOctets, txPackets, txOctets } = this;
    return { rxPackets, rxOctets, txPackets, txOctets, faults: Object.fromEntries(this.faults) };
  }
}

/** The counters of one port at one moment. */
export interface PortSnapshot {
  /** Packets received. */
  readonly rxPackets: number;
  /** Octets received. */
  readonly rxOctets: number;
  /** Packets sent. */
  readonly txPackets: number;
  /** Octets sent. */
  readonly txOctets: number;
  /** Count per fault name. */
  readonly faults: Readonly<Record<string, number>>;
}
