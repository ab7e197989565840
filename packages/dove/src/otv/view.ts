import { readInstanceId, readInstanceValid, readOverlayId, writeInstanceId, writeOverlayId } from './header.js';

/**
 * An OTV header in place, as an object: for code that passes headers around. Make one and move it with `at`.
 * It checks nothing: call `check` first.
 */
export class OtvView {
  /** The array that holds the header; not owned. */
  bytes: Uint8Array;
  /** Where the header starts. */
  offset: number;

  /** A view of the header at `bytes[offset..]`. */
  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.offset = offset;
  }

  /** Moves this view to another header, and returns it. */
  at(bytes: Uint8Array, offset = 0): this {
    this.bytes = bytes;
    this.offset = offset;
    return this;
  }

  /** I flag: the instance identifier has a meaning. */
  get instanceValid(): boolean {
    return readInstanceValid(this.bytes, this.offset);
  }

  /** Overlay identifier, 0..OVERLAY_ID_MAX. */
  get overlayId(): number {
    return readOverlayId(this.bytes, this.offset);
  }

  set overlayId(overlayId: number) {
    writeOverlayId(this.bytes, this.offset, overlayId);
  }

  /** Instance identifier, 0..INSTANCE_ID_MAX. */
  get instanceId(): number {
    return readInstanceId(this.bytes, this.offset);
  }

  set instanceId(instanceId: number) {
    writeInstanceId(this.bytes, this.offset, instanceId);
  }
}
