import type { TunnelVnetFault } from './tunnel-vnet-header.js';
import { UnderlayStatistics } from './underlay-statistics.js';

/** Counters of a `TunUnderlay`, since it was opened: those of an underlay socket, and what its device adds. */
export class TunUnderlayStatistics extends UnderlayStatistics {
  /** Packets received with a checksum to be finished, super-frames included. */
  receivedUnfinished = 0;
  /** Packets sent with a checksum to be finished, super-frames included. */
  sentUnfinished = 0;
  /** Packets to the address that are not of the port's transport: other ports and protocols, fragments, neighbour discovery. */
  foreign = 0;
  /** Packets dropped on receipt because their vnet header puts a checksum outside of them. */
  badChecksumRange = 0;
  /** Packets dropped on receipt because their vnet header tells of a tunnel that cannot be. */
  badTunnel = 0;

  /** Counts one packet dropped for its vnet header. */
  countFault(fault: TunnelVnetFault): void {
    if (fault === 'E_VNET_CHECKSUM_RANGE') this.badChecksumRange++;
    else if (fault === 'E_VNET_TUNNEL') this.badTunnel++;
    else this.badSegments++;
  }
}
