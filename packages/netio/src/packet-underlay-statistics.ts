import { UnderlayStatistics } from './underlay-statistics.js';
import type { VnetFault } from './vnet-header.js';

/** Counters of a `PacketUnderlay`, since it was opened: those of an underlay socket, and what offloads add. */
export class PacketUnderlayStatistics extends UnderlayStatistics {
  /** Packets received with a checksum to be finished, super-frames included. */
  receivedUnfinished = 0;
  /** Packets that went through an ordinary socket: next hop not known yet, or on another interface. */
  sentByKernel = 0;
  /** Packets to be cut that were lost on sending while their next hop was unknown. */
  unresolved = 0;
  /** Frames dropped on receipt because their vnet header puts a checksum outside of them. */
  badChecksumRange = 0;
  /** Frames lost on receipt because a vnet header cannot describe what is left to do on them. */
  unsupportedOffload = 0;
  /** Times that receiving found the interface down or away. */
  interfaceDown = 0;
  /** Frames that the kernel dropped because we read too slowly. */
  queueOverflow = 0;

  /** Counts one frame dropped for its vnet header. */
  countFault(fault: VnetFault): void {
    if (fault === 'E_VNET_CHECKSUM_RANGE') this.badChecksumRange++;
    else this.badSegments++;
  }
}
