import { HeaderView } from '@overlane/wire';
import { readVni, writeVni } from './header.js';

/**
 * A VXLAN header in place, as an object: for code that passes headers around. Make one and move it with `at`.
 * It checks nothing: call `check` first.
 */
export class VxlanView extends HeaderView {
  /** VNI, 0..VNI_MAX. */
  get vni(): number {
    return readVni(this.bytes, this.offset);
  }

  set vni(vni: number) {
    writeVni(this.bytes, this.offset, vni);
  }
}
