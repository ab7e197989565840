import { HeaderView } from '@overlane/wire';
import { readInstanceId, readInstanceValid, readOverlayId, writeInstanceId, writeOverlayId } from './header.js';

/**
 * An OTV header in place, as an object: for code that passes headers around. Make one and move it with `at`.
 * It checks nothing: call `check` first.
 */
export class OtvView extends HeaderView {
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
