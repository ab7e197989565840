import { readVni, writeVni } from './header.js';

/**
 * A VXLAN header in place, as an object: for code that passes headers around. Make one and move it with `at`.
 * It checks nothing: call `check` first.
 */
export class VxlanView {
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

  /** VNI, 0..VNI_MAX. */
  get vni(): number {
    return readVni(this.bytes, this.offset);
  }

  set vni(vni: number) {
    writeVni(this.bytes, this.offset, vni);
  }
}
