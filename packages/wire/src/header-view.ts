const NOTHING = new Uint8Array(0);

/**
 * A header or message in place, as an object, for code that passes headers around: the base of the codecs' views, which add
 * a property for each field. Make one and move it with `at`. It checks nothing: call the codec's `check` first.
 */
export abstract class HeaderView {
  /** The array that holds the header; not owned. */
  bytes: Uint8Array;
  /** Where the header starts. */
  offset: number;

  /** A view of the header at `bytes[offset..]`; without, one to be moved. */
  constructor(bytes: Uint8Array = NOTHING, offset = 0) {
    this.bytes = bytes;
    this.offset = offset;
  }

  /** Moves this view to another header, and returns it. Allocates nothing. */
  at(bytes: Uint8Array, offset = 0): this {
    this.bytes = bytes;
    this.offset = offset;
    return this;
  }
}
