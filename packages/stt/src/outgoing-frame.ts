/** The STT frame of a sender: a frame header in memory of its own, and the inner frame where it lies. */
import { type WireFault, ethernet, read16 } from '@overlane/wire';
import { FRAME_HEADER_LENGTH, INNER_LENGTH_MAX, INNER_LENGTH_MIN } from './constants.js';
import type { SttEncodeFault } from './faults.js';
import { type FlagBitOrder, vlanTci, writeHeader } from './frame/frame-header.js';
import { ADDRESSES_LENGTH, hasCarriedTag } from './vlan-tag.js';

/**
 * An STT frame as two pieces: `lead`, which is written here, and `bytes[bodyStart..bodyEnd)`, which stays where it is. The
 * lead is the frame header and, if a VLAN tag was taken out, the two MAC addresses in front of it. So the inner frame is
 * neither copied nor changed, and can be sent again to the next target. One object is reused for all frames.
 */
export class OutgoingFrame {
  /** The front of the STT frame. */
  readonly lead = new Uint8Array(FRAME_HEADER_LENGTH + ADDRESSES_LENGTH);
  /** Octets of the lead in use: 18, or 30. */
  leadLength = FRAME_HEADER_LENGTH;
  /** The array of the inner frame; not owned. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the rest of the inner frame starts. */
  bodyStart = 0;
  /** Where it ends. */
  bodyEnd = 0;
  /** Octets of VLAN tag taken out of the inner frame: 0 or 4. */
  tagLength = 0;
  /** PCP, V and VLAN id of the tag taken out; 0 if there was none. */
  tci = 0;

  /** Octets of the STT frame. */
  get length(): number {
    return this.leadLength + this.bodyEnd - this.bodyStart;
  }

  /**
   * Takes up the inner frame `bytes[start..end)`: checks it and takes out a single 0x8100 tag. S-tags and double tags stay
   * inside, as deployed Linux code has it (`spec/stt.md` §8). Then write the header with {@link writeFrameHeader}.
   */
  load(bytes: Uint8Array, start: number, end: number): WireFault | SttEncodeFault | undefined {
    if (end - start < INNER_LENGTH_MIN) return 'E_STT_INNER_TRUNCATED';
    const malformed = ethernet.check(bytes, start, end);
    if (malformed !== undefined) return malformed;
    const tagged = hasCarriedTag(bytes, start);
    this.tagLength = tagged ? ethernet.TAG_LENGTH : 0;
    if (end - start - this.tagLength > INNER_LENGTH_MAX) return 'E_STT_FRAME_TOO_LARGE';
    this.bytes = bytes;
    this.bodyEnd = end;
    this.bodyStart = start;
    this.leadLength = FRAME_HEADER_LENGTH;
    this.tci = 0;
    if (tagged) {
      this.tci = vlanTci(read16(bytes, start + ADDRESSES_LENGTH + 2));
      for (let i = 0; i < ADDRESSES_LENGTH; i++) this.lead[FRAME_HEADER_LENGTH + i] = bytes[start + i]!;
      this.leadLength = FRAME_HEADER_LENGTH + ADDRESSES_LENGTH;
      this.bodyStart = start + ADDRESSES_LENGTH + ethernet.TAG_LENGTH;
    }
    return undefined;
  }

  /** Writes the frame header into the lead, unchecked; the fields are those of `frame.writeHeader`. */
  writeFrameHeader(
    flags: number,
    l4Offset: number,
    mss: number,
    contextIdHigh: number,
    contextIdLow: number,
    order: FlagBitOrder,
  ): void {
    writeHeader(this.lead, 0, flags, l4Offset, mss, this.tci, contextIdHigh, contextIdLow, order);
  }
}
