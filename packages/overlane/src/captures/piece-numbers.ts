/** Frames whose packets are remembered at once; a reassembly store has no more in assembly. */
export const FRAMES_MAX = 1024;

/** The packets of one frame so far: numbers, and octets of each. */
interface Pieces {
  readonly packets: number[];
  readonly lengths: number[];
}

/** Remembers which packets the pieces of each frame came in. Memory: the numbers for up to 1,024 frames. */
export class PieceNumbers {
  readonly #pieces = new Map<string, Pieces>();

  /** Notes that `packet` has `length` octets of the frame `key`. */
  note(key: string, packet: number, length: number): void {
    let pieces = this.#pieces.get(key);
    if (pieces === undefined) {
      if (this.#pieces.size === FRAMES_MAX) this.#pieces.delete(this.#pieces.keys().next().value!);
      this.#pieces.set(key, (pieces = { packets: [], lengths: [] }));
    }
    pieces.packets.push(packet);
    pieces.lengths.push(length);
  }

  /** Forgets a frame that was given up. */
  forget(key: string): void {
    this.#pieces.delete(key);
  }

  /**
   * Forgets a frame that is complete, and returns its packets: the last ones that add up to `frameLength`. Earlier ones
   * are of a frame with the same key that was given up without a word; pieces held never overlap.
   */
  close(key: string, frameLength: number): readonly number[] {
    const { packets, lengths } = this.#pieces.get(key)!;
    this.#pieces.delete(key);
    let first = packets.length;
    for (let missing = frameLength; missing > 0 && first > 0; missing -= lengths[first]!) first--;
    return packets.slice(first);
  }
}
