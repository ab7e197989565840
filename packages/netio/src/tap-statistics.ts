import type { VnetFault } from './vnet-header.js';

/** Counters of a `TapPort`, since it was opened. */
export class TapStatistics {
  /** Frames received. */
  received = 0;
  /** Octets in them. */
  receivedOctets = 0;
  /** Frames received with a checksum to be finished; those to be cut are among them. */
  receivedUnfinished = 0;
  /** Frames the device took. */
  sent = 0;
  /** Octets in them. */
  sentOctets = 0;
  /** Frames sent with a checksum to be finished; those to be cut are among them. */
  sentUnfinished = 0;
  /** Frames dropped on receipt because they filled their slot: somebody raised the device's MTU. */
  oversized = 0;
  /** Frames dropped on receipt because their vnet header puts a checksum outside of them. */
  badChecksumRange = 0;
  /** Frames dropped on receipt because their vnet header asks for segments that cannot be. */
  badSegments = 0;
  /** Frames refused because the window had no room in front for the vnet header, was empty or too long. */
  refused = 0;
  /** Frames refused because they are unfinished in a way that the port does not take, see `canFinish`. */
  unfinished = 0;
  /** Times `send` returned false (EAGAIN, ENOBUFS). */
  full = 0;
  /** Frames dropped because the device was down or gone (EIO). */
  deviceDown = 0;
  /** Frames dropped for any other reason that the system gave; `lastErrno` tells which. */
  sendErrors = 0;
  /** Reads that failed with anything but 'nothing there'. */
  receiveErrors = 0;
  /** Error number of the last of `sendErrors` and `receiveErrors`. */
  lastErrno = 0;
  /** Frames copied on sending because they were not in this port's arena. */
  copied = 0;

  /** Counts one frame dropped for its vnet header. */
  countFault(fault: VnetFault): void {
    if (fault === 'E_VNET_CHECKSUM_RANGE') this.badChecksumRange++;
    else this.badSegments++;
  }
}
