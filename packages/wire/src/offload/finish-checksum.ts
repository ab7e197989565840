/** The checksum of the TCP or UDP packet inside a frame, when its sender left it unfinished. */
import * as checksum from '../checksum.js';
import type { WireFault } from '../fault.js';
import { read16, write16 } from '../octets.js';
import type { PacketBuffer } from '../packet-buffer.js';
import * as tcp from '../tcp.js';
import * as udp from '../udp.js';
import { TCP_CHECKSUM_AT, ipPacketEnd, networkOffset, transportPseudoHeader } from './inner-transport.js';

/**
 * What was found in the field of a partial checksum: `conforming`, the sum of the pseudo-header; or `deviating`, anything
 * else, such as the sum without the length that one deployed sender leaves.
 */
export type PartialChecksum = 'conforming' | 'deviating';

/** Judges the partial checksum of `packet`, a frame if `network` is left out. Precondition: `isTransport`. */
export function judgePartial(packet: PacketBuffer, network: number = networkOffset(packet)): PartialChecksum {
  const { bytes, checksumStart: transport, checksumField: field } = packet;
  const protocol = field - transport === TCP_CHECKSUM_AT ? tcp.IP_PROTOCOL : udp.IP_PROTOCOL;
  const sum = transportPseudoHeader(bytes, network, protocol, ipPacketEnd(bytes, network) - transport);
  // 0 and 0xffff are the same number in one's complement.
  return read16(bytes, field) % 0xffff === sum % 0xffff ? 'conforming' : 'deviating';
}

/**
 * Finishes the partial checksum of `packet`, a frame if `network` is left out, from its parts: it comes out right whatever
 * the sender left in the field. The packet is an ordinary one afterwards. Costs a pass over the payload. Precondition:
 * `isTransport`.
 */
export function finishChecksum(packet: PacketBuffer, network: number = networkOffset(packet)): void {
  const { bytes, checksumStart: transport, checksumField: field } = packet;
  const end = ipPacketEnd(bytes, network);
  const isTcp = field - transport === TCP_CHECKSUM_AT;
  const protocol = isTcp ? tcp.IP_PROTOCOL : udp.IP_PROTOCOL;
  write16(bytes, field, 0);
  const sum = transportPseudoHeader(bytes, network, protocol, end - transport);
  const finished = checksum.compute(bytes, transport, end, sum);
  // For UDP 0 would say that there is none (RFC 768).
  write16(bytes, field, isTcp ? finished : finished || 0xffff);
  packet.clearOffload();
}

/**
 * Finishes a checksum that is neither TCP's nor UDP's as virtio defines it: over all from `checksumStart` to the end of the
 * packet, the partial value left in. Returns false if start or field lie outside.
 */
export function finishGenericChecksum(packet: PacketBuffer): boolean {
  const { bytes, start, end, checksumStart, checksumField } = packet;
  if (checksumStart < start || checksumField < checksumStart || checksumField + 2 > end) return false;
  write16(bytes, checksumField, checksum.compute(bytes, checksumStart, end));
  packet.clearOffload();
  return true;
}

/**
 * Makes the offload fields of `packet`, an inner frame just unwrapped, its own. What they say of the outer packet is
 * forgotten; what they say of the inner one stays, as kernels leave a checksum, or a super-frame, inside a tunnel. Returns
 * a fault for several outer packets in one, which somebody should have cut before.
 */
export function dropOuterOffload(packet: PacketBuffer): Extract<WireFault, 'E_OFFLOAD_MISMATCH'> | undefined {
  if (packet.checksum === 'partial' && packet.checksumStart >= packet.start) return undefined;
  if (packet.segmentType !== 'none') return 'E_OFFLOAD_MISMATCH';
  if (packet.checksum !== 'unverified') packet.clearOffload();
  return undefined;
}
