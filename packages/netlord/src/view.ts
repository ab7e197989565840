import { readNetwork, readNextProtocol, writeNetwork } from './header.js';

/**
 * A NETLORD header in place, as an object: for code that passes headers around. Make one and move it with `at`.
 * It checks nothing: call `check` first.
 */
export class NetlordView {
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

  /** EtherType of what follows. */
  get nextProtocol(): number {
    return readNextProtocol(this.bytes, this.offset);
  }

  /** Network identifier, 0..NETWORK_MAX. */
  get network(): number {
    return readNetwork(this.bytes, this.offset);
  }

  set network(network: number) {
    writeNetwork(this.bytes, this.offset, network);
  }
}
