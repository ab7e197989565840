import { type PacketBuffer, write16 } from '@overlane/wire';
import type { DatagramSplitter } from './datagram-splitter.js';
import { transportOffset } from './underlay-offload.js';

/** Where a UDP header has its checksum. */
const CHECKSUM_AT = 6;

/** What counts datagrams dropped for what is left to do on them. */
interface UnfinishedCounters {
  badSegments: number;
  badChecksumRange: number;
}

/**
 * An outer datagram of `family` that was received unfinished. If its own UDP checksum is what is left to do, it never was
 * on a wire, and is taken out; if datagrams are to be cut out of it, they come from `splitter`, and the answer is
 * `undefined`, as for one that is dropped. Anything else is inside the tunnel: a checksum, or a super-frame.
 */
export function openUnfinished(
  window: PacketBuffer,
  family: 4 | 6,
  splitter: DatagramSplitter | undefined,
  statistics: UnfinishedCounters,
): PacketBuffer | undefined {
  const { bytes, start, checksumStart } = window;
  if (checksumStart !== transportOffset(bytes, start, family)) return window;
  if (window.segmentType !== 'none') {
    if (window.segmentType !== 'udp' || splitter?.begin(window) !== true) statistics.badSegments++;
    return undefined;
  }
  if (window.checksumField !== checksumStart + CHECKSUM_AT) {
    statistics.badChecksumRange++;
    return undefined;
  }
  write16(bytes, window.checksumField, 0);
  window.clearOffload();
  window.checksum = 'verified';
  return window;
}
