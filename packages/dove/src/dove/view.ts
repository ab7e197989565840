import { OtvView } from '../otv/view.js';
import { ExtensionWalk } from './extensions.js';
import { readControl, readFragment, readHeaderLength, readVersion } from './header.js';

/** A DOVE header in place, as an object: what OTV's view shows, and the rest. Make one and move it with `at`. */
export class DoveView extends OtvView {
  readonly #walk = new ExtensionWalk();

  /** Octets of the header with its extensions, 8..264. */
  get headerLength(): number {
    return readHeaderLength(this.bytes, this.offset);
  }

  /** Version, 0 or 1. */
  get version(): number {
    return readVersion(this.bytes, this.offset);
  }

  /** The payload is a piece of a whole. */
  get fragment(): boolean {
    return readFragment(this.bytes, this.offset);
  }

  /** The payload is a control message. */
  get control(): boolean {
    return readControl(this.bytes, this.offset);
  }

  /** This view's own cursor, before the first extension of a version 1 header. One object: each call starts it anew. */
  walkExtensions(): ExtensionWalk {
    return this.#walk.at(this.bytes, this.offset);
  }
}
