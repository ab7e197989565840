import { readHeaderLength, readKey, readProtocolType, readSequenceNumber } from './header.js';

/**
 * A GRE header in place, as an object: for code that passes headers around. Make one and move it with `at`.
 * It checks nothing: call `check` first.
 */
export class GreView {
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

  /** Octets of the header: 4, 8, 12 or 16. */
  get headerLength(): number {
    return readHeaderLength(this.bytes, this.offset);
  }

  /** EtherType of the payload. */
  get protocolType(): number {
    return readProtocolType(this.bytes, this.offset);
  }

  /** Key, or `undefined` if there is none. */
  get key(): number | undefined {
    return readKey(this.bytes, this.offset);
  }

  /** Sequence number, or `undefined` if there is none. */
  get sequenceNumber(): number | undefined {
    return readSequenceNumber(this.bytes, this.offset);
  }
}
