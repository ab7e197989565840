import { HeaderView } from '@overlane/wire';
import { readControl, readCritical, readHeaderLength, readProtocolType, readVni } from './header.js';
import { writeProtocolType, writeVni } from './header.js';
import { OptionWalk } from './options.js';

/**
 * A Geneve header in place, as an object: for code that passes headers around. Make one and move it with `at`.
 * It checks nothing: call `check` first.
 */
export class GeneveView extends HeaderView {
  readonly #walk = new OptionWalk();

  /** Octets of the header with its options, 8..260. */
  get headerLength(): number {
    return readHeaderLength(this.bytes, this.offset);
  }

  /** O bit: a control packet. */
  get control(): boolean {
    return readControl(this.bytes, this.offset);
  }

  /** C bit: the sender announces critical options. */
  get critical(): boolean {
    return readCritical(this.bytes, this.offset);
  }

  /** EtherType of the payload. */
  get protocolType(): number {
    return readProtocolType(this.bytes, this.offset);
  }

  set protocolType(protocolType: number) {
    writeProtocolType(this.bytes, this.offset, protocolType);
  }

  /** VNI, 0..VNI_MAX. */
  get vni(): number {
    return readVni(this.bytes, this.offset);
  }

  set vni(vni: number) {
    writeVni(this.bytes, this.offset, vni);
  }

  /** This view's own cursor, before the first option. One object for all calls: each call starts it anew. */
  walkOptions(): OptionWalk {
    return this.#walk.at(this.bytes, this.offset);
  }
}
