import { HeaderView } from '@overlane/wire';
import { readNetwork, readNextProtocol, writeNetwork } from './header.js';

/**
 * A TEMPLATE header in place, as an object: for code that passes headers around. Make one and move it with `at`.
 * It checks nothing: call `check` first.
 */
export class TemplateView extends HeaderView {
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
