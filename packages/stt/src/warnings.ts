/** Counters of oddities that a receiver accepts (`spec/stt.md` §7, "Warnings"). */
import { WARNING as FRAME_WARNING } from './frame/frame-warnings.js';
import { WARNING as SEGMENT_WARNING } from './segment/segment-warnings.js';

/** Bits of {@link SttWarnings.last}: those of both headers, and one about the inner checksum. */
export const WARNING = {
  ...SEGMENT_WARNING,
  ...FRAME_WARNING,
  /** A partial inner checksum was not the sum of the pseudo-header. It was completed all the same, in full. */
  PARTIAL_CHECKSUM: 0x100,
} as const;

/** How often each oddity was seen by one endpoint. Readable at any time; counting allocates nothing. */
export class SttWarnings {
  /** Bits of `WARNING` that the last packet gave rise to: count them per peer if you want to find the odd one. */
  last = 0;
  /** Reserved TCP bits set. */
  reservedBits = 0;
  /** Window not 0: common, deployed senders use 0xffff. */
  window = 0;
  /** Control bits other than ACK and PSH. */
  controlBits = 0;
  /** Urgent pointer not 0. */
  urgentPointer = 0;
  /** Reserved flag bits set: perhaps the far end has the other `flagBitOrder`. */
  reservedFlagBits = 0;
  /** Reserved octet or padding not 0. */
  reservedOctets = 0;
  /** Offload fields set without P. */
  offloadFieldsWithoutPartial = 0;
  /** PCP or VLAN id set without V. */
  vlanFieldsWithoutValid = 0;
  /** Partial inner checksums that were not the pseudo-header's sum. */
  partialChecksum = 0;

  /** Adds the oddities of one header or frame, bits of `WARNING`, to the counters and to `last`. */
  count(bits: number): void {
    // Almost every packet: nothing odd.
    if (bits === 0) return;
    this.last |= bits;
    if ((bits & WARNING.RESERVED_BITS) !== 0) this.reservedBits++;
    if ((bits & WARNING.WINDOW) !== 0) this.window++;
    if ((bits & WARNING.CONTROL_BITS) !== 0) this.controlBits++;
    if ((bits & WARNING.URGENT_POINTER) !== 0) this.urgentPointer++;
    if ((bits & WARNING.RESERVED_FLAG_BITS) !== 0) this.reservedFlagBits++;
    if ((bits & WARNING.RESERVED_OCTETS) !== 0) this.reservedOctets++;
    if ((bits & WARNING.OFFLOAD_FIELDS_WITHOUT_PARTIAL) !== 0) this.offloadFieldsWithoutPartial++;
    if ((bits & WARNING.VLAN_FIELDS_WITHOUT_VALID) !== 0) this.vlanFieldsWithoutValid++;
    if ((bits & WARNING.PARTIAL_CHECKSUM) !== 0) this.partialChecksum++;
  }
}
