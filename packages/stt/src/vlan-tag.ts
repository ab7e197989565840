/** The VLAN tag of an inner frame, on its way into the frame header and out of it (`spec/stt.md` §8). */
import { type PacketBuffer, ethernet, read16, write16 } from '@overlane/wire';
import { vlanControl } from './frame/frame-header.js';
import type { OffloadFields, OffloadPlan } from './offload/frame-fields.js';

/** Octets of the two MAC addresses, in front of a tag. */
export const ADDRESSES_LENGTH = 12;
/** In place of a word of PCP, V and VLAN id: the frame has no tag. */
export const NO_TAG = -1;

/**
 * True if the frame, which has passed `ethernet.check`, has the one tag that STT carries in its header: a single one of
 * type 0x8100. S-tags and double tags stay inside, as deployed Linux code has it.
 */
export function hasCarriedTag(bytes: Uint8Array, offset: number): boolean {
  return (
    read16(bytes, offset + ADDRESSES_LENGTH) === ethernet.ETHER_TYPE.C_TAG &&
    ethernet.readHeaderLength(bytes, offset) === ethernet.HEADER_LENGTH + ethernet.TAG_LENGTH
  );
}

/**
 * Puts a tag of type 0x8100 in front of `packet`, in place: the MAC addresses move forward. `tci` is the word of PCP, V and
 * VLAN id; DEI becomes 0. Precondition: four octets of headroom.
 */
export function insertTag(packet: PacketBuffer, tci: number): void {
  const { bytes, start } = packet;
  const at = packet.prepend(ethernet.TAG_LENGTH);
  bytes.copyWithin(at, start, start + ADDRESSES_LENGTH);
  write16(bytes, at + ADDRESSES_LENGTH, ethernet.ETHER_TYPE.C_TAG);
  write16(bytes, at + ADDRESSES_LENGTH + 2, vlanControl(tci));
}

/** `fields.plan` for the frame without the tag that STT carries in its header. The frame is left as it was. */
export function planOffload(fields: OffloadFields, packet: PacketBuffer): OffloadPlan {
  const { bytes, start } = packet;
  if (packet.checksum !== 'partial' || !hasCarriedTag(bytes, start)) return fields.plan(packet);
  const control = read16(bytes, start + ADDRESSES_LENGTH + 2);
  ethernet.stripTags(packet, ethernet.TAG_LENGTH);
  const plan = fields.plan(packet);
  insertTag(packet, control);
  write16(bytes, start + ADDRESSES_LENGTH + 2, control);
  return plan;
}
