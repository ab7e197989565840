import { PacketBuffer } from '../packet-buffer.js';

/** Memory of a {@link ScratchRing}, and who must know when it is used again. */
export interface ScratchOptions {
  /** Octets free in front of every segment, for the headers of another tunnel. Default 128. */
  readonly headroom?: number;
  /**
   * Memory for segments, a window whose octets the cutter then owns; at least 66,000 octets and the headroom. In the array
   * of the packets themselves, cutting allocates nothing. Default: 2 MiB, allocated when the first packet is cut.
   */
  readonly scratch?: PacketBuffer;
  /**
   * Called each time before the scratch is used from its start again: whatever still points at segments, such as a port
   * before its flush, must let go of them. Default: nothing is called, and segments stay intact until that many octets
   * have come after them.
   */
  readonly beforeReuse?: (() => void) | undefined;
}

const SCRATCH_LENGTH = 2 << 20;
const SCRATCH_LENGTH_MIN = 66_000;

/** Memory for segments under way, used round and round. */
export class ScratchRing {
  /** Octets free in front of every segment. */
  readonly headroom: number;
  readonly #beforeReuse: (() => void) | undefined;
  readonly #window: PacketBuffer;
  #next: number;

  /** @throws RangeError if `scratch` is too short for one segment */
  constructor({ headroom = 128, scratch, beforeReuse }: ScratchOptions) {
    const needed = SCRATCH_LENGTH_MIN + headroom;
    if (scratch !== undefined && scratch.length < needed) {
      throw new RangeError(`scratch has ${scratch.length} octets, a segment may take ${needed}`);
    }
    const { bytes, start, end } = scratch ?? new PacketBuffer(new Uint8Array(0));
    this.headroom = headroom;
    this.#beforeReuse = beforeReuse;
    this.#window = new PacketBuffer(bytes, start, end);
    this.#next = start;
  }

  /** The array that the memory is in; of length 0 until the first {@link reserve}, if it is the ring's own. */
  get bytes(): Uint8Array {
    return this.#window.bytes;
  }

  /** Octets of the memory. */
  get length(): number {
    return this.#window.length || SCRATCH_LENGTH;
  }

  /**
   * An offset with the headroom and `front` octets free before it and `back` behind, at a multiple of four: sums are faster
   * there. They stay the caller's until the ring comes round.
   */
  reserve(front: number, back: number): number {
    const window = this.#window;
    if (window.length === 0) window.reset(new Uint8Array(SCRATCH_LENGTH), 0, SCRATCH_LENGTH);
    let at = (this.#next + this.headroom + front + 3) & ~3;
    if (at + back > window.end) {
      this.#beforeReuse?.();
      at = (window.start + this.headroom + front + 3) & ~3;
    }
    this.#next = at + back;
    return at;
  }

  /** Gives back what was reserved last, from `end` on. */
  shorten(end: number): void {
    this.#next = end;
  }
}
