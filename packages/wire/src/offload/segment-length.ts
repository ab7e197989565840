import type { PacketBuffer } from '../packet-buffer.js';
import * as tcp from '../tcp.js';
import * as udp from '../udp.js';

/**
 * Octets of the longest packet that `packet` stands for: itself, or the first of the segments that it is yet to be cut into.
 * Precondition for those: a whole transport header at `checksumStart`.
 */
export function longestSegment(packet: PacketBuffer): number {
  const { start, end, segmentType, checksumStart } = packet;
  if (segmentType === 'none') return end - start;
  const headerLength = segmentType === 'udp' ? udp.HEADER_LENGTH : tcp.readHeaderLength(packet.bytes, checksumStart);
  return Math.min(end - start, checksumStart - start + headerLength + packet.segmentSize);
}
