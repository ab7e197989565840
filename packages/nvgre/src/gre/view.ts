import { HeaderView } from '@overlane/wire';
import { readHeaderLength, readKey, readProtocolType, readSequenceNumber } from './header.js';

/**
 * A GRE header in place, as an object: for code that passes headers around. Make one and move it with `at`.
 * It checks nothing: call `check` first.
 */
export class GreView extends HeaderView {
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
