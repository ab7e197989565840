import { HeaderView } from '@overlane/wire';
import type { VanType } from './constants.js';
import * as message from './message.js';

/**
 * A control message in place, as an object: for code that passes messages around. Make one and move it with `at`.
 * It checks nothing: call `check` first.
 */
export class VanView extends HeaderView {
  /** Message type. */
  get type(): VanType {
    return message.readType(this.bytes, this.offset);
  }

  /** Flag bits: see FLAG. */
  get flags(): number {
    return message.readFlags(this.bytes, this.offset);
  }

  /** Transaction id, 0..2^32-1. */
  get transactionId(): number {
    return message.readTransactionId(this.bytes, this.offset);
  }

  set transactionId(transactionId: number) {
    message.writeTransactionId(this.bytes, this.offset, transactionId);
  }

  /** The VM's MAC in new memory. */
  get mac(): Uint8Array<ArrayBuffer> {
    return message.readMac(this.bytes, this.offset);
  }

  /** Lifetime in seconds; 0 until un-learned. */
  get lifetimeS(): number {
    return message.readLifetimeS(this.bytes, this.offset);
  }

  /** Locator, an IPv4 address as a number; 0 for none. */
  get locator(): number {
    return message.readLocator(this.bytes, this.offset);
  }

  /** Generation, 0..2^32-1. */
  get generation(): number {
    return message.readGeneration(this.bytes, this.offset);
  }
}
