import { UnderlayStatistics } from './underlay-statistics.js';

/** Counters of an `EthernetUnderlay`, since it was opened; those of super-frames stay 0. */
export class EthernetUnderlayStatistics extends UnderlayStatistics {
  /** Frames received whose VLAN tag the kernel had taken off, and we put back. */
  retagged = 0;
  /** Times that receiving found the interface down or away. */
  interfaceDown = 0;
}
