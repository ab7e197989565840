import { HeaderView } from '@overlane/wire';
import {
  type FlagBitOrder,
  readContextIdHigh,
  readContextIdLow,
  readFlags,
  readL4Offset,
  readMss,
  readPcp,
  readVlanId,
  readVlanValid,
  writeContextId,
  writeFlags,
} from './frame-header.js';

/**
 * A frame header in place, as an object: for code that passes headers around. Make one and move it with `at`. Fields are
 * as on the wire, with meaning or not. It checks nothing: call `check` first.
 */
export class SttFrameView extends HeaderView {
  /** The tunnel's order of flag bits. */
  readonly flagBitOrder: FlagBitOrder;

  /** A view of the header at `bytes[offset..]`. */
  constructor(bytes: Uint8Array, offset = 0, flagBitOrder: FlagBitOrder = 'lsb') {
    super(bytes, offset);
    this.flagBitOrder = flagBitOrder;
  }

  /** Bits of `FLAG`. */
  get flags(): number {
    return readFlags(this.bytes, this.offset, this.flagBitOrder);
  }

  set flags(flags: number) {
    writeFlags(this.bytes, this.offset, flags, this.flagBitOrder);
  }

  /** L4 offset. */
  get l4Offset(): number {
    return readL4Offset(this.bytes, this.offset);
  }

  /** MSS. */
  get mss(): number {
    return readMss(this.bytes, this.offset);
  }

  /** V. */
  get vlanValid(): boolean {
    return readVlanValid(this.bytes, this.offset);
  }

  /** Priority, 0..7. */
  get pcp(): number {
    return readPcp(this.bytes, this.offset);
  }

  /** VLAN id, 0..4095. */
  get vlanId(): number {
    return readVlanId(this.bytes, this.offset);
  }

  /** Context id, 64 bits. Allocates a bigint: the data path reads the halves. */
  get contextId(): bigint {
    const high = readContextIdHigh(this.bytes, this.offset);
    return (BigInt(high) << 32n) | BigInt(readContextIdLow(this.bytes, this.offset));
  }

  set contextId(contextId: bigint) {
    writeContextId(this.bytes, this.offset, Number(contextId >> 32n), Number(contextId & 0xffff_ffffn));
  }
}
