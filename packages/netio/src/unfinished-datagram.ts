import { type PacketBuffer, write16 } from '@overlane/wire';
import type { DatagramSplitter } from './datagram-splitter.js';
import { IPPROTO_UDP } from './linux.js';
import type { TunnelVnetFault } from './tunnel-vnet-header.js';
import { transportOffset } from './underlay-offload.js';

/** Where a UDP header has its checksum. */
const CHECKSUM_AT = 6;

/** What all packets of an underlay have in common. */
export interface UnderlayPackets {
  readonly family: 4 | 6;
  /** IP protocol. */
  readonly protocol: number;
}

/** What counts packets by what is left to do on them. */
interface UnfinishedCounters {
  receivedUnfinished: number;
  receivedSuper: number;
  badSegments: number;
  badChecksumRange: number;
  countFault(fault: TunnelVnetFault): void;
}

/**
 * A packet that was received, after its vnet header was read with that `fault`; `window` begins with its IP header.
 * `undefined` if it is dropped, or handed out in parts by `splitter` from now on.
 */
export function openReceived(
  window: PacketBuffer,
  fault: TunnelVnetFault | undefined,
  { family, protocol }: UnderlayPackets,
  splitter: DatagramSplitter | undefined,
  statistics: UnfinishedCounters,
): PacketBuffer | undefined {
  if (fault !== undefined || (window.checksum === 'partial' && window.checksumStart < window.start)) {
    statistics.countFault(fault ?? 'E_VNET_CHECKSUM_RANGE');
    return undefined;
  }
  if (window.checksum !== 'partial') return window;
  statistics.receivedUnfinished++;
  if (window.segmentType !== 'none') statistics.receivedSuper++;
  return protocol === IPPROTO_UDP ? openUnfinished(window, family, splitter, statistics) : window;
}

/**
 * An outer datagram of `family` that was received unfinished. If its own UDP checksum is what is left to do, it never was
 * on a wire, and is taken out; if datagrams are to be cut out of it, they come from `splitter`, and the answer is
 * `undefined`, as for one that is dropped. Anything else is inside the tunnel: a checksum, or a super-frame.
 */
function openUnfinished(
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
