import { PacketBuffer } from '@overlane/wire';
import { DATAGRAM_LENGTH_MAX } from '../dove/constants.js';

/** Octets of scratch: 32 whole payloads of full length, as many packets as our ports take in a turn. */
const SCRATCH_LENGTH = 32 * (DATAGRAM_LENGTH_MAX + 1);

/**
 * Cuts payloads into pieces, each with headroom in front, because a piece needs headers where the piece before it ends. So
 * the payload is copied, and then all of its pieces but the last are moved forward: both are native copies, and a copy from
 * one array to another needs a view of 96 octets, which is garbage: one for each payload rather than for each piece.
 *
 * The pieces lie in a ring of scratch memory: each stays intact until nearly 2 MiB have come after it, so that a port can
 * keep it until its flush. The memory is taken at the first cut.
 *
 *     cutter.start(packet, chunk, headroom);
 *     while (cutter.next()) send(cutter.piece, cutter.offset, cutter.more);
 */
export class FragmentCutter {
  /** The piece that `next` has made; the window is reused, the octets are the cutter's. */
  readonly piece = new PacketBuffer(new Uint8Array(0));
  /** Where it starts in the payload, in octets. */
  offset = 0;
  /** 1 if more pieces follow, else 0. */
  more: 0 | 1 = 0;
  #scratch: Uint8Array | undefined;
  /** Where the next piece goes, with its headroom: at last the end of what is used. */
  #next = 0;
  /** What is left of the payload. */
  #from = 0;
  #end = 0;
  #start = 0;
  #chunk = 0;
  #headroom = 0;

  /**
   * Starts to cut `packet`, whose octets are copied, into pieces of `chunk` octets, a multiple of 8, with `headroom` octets in
   * front of each. Allocates one view. @throws RangeError if payload and headroom are more than 2 MiB
   */
  start({ bytes, start, end }: PacketBuffer, chunk: number, headroom: number): void {
    const scratch = (this.#scratch ??= new Uint8Array(SCRATCH_LENGTH));
    const length = end - start;
    const room = Math.ceil(length / chunk) * headroom;
    if (this.#next + room + length > scratch.length) this.#next = 0;
    // The last piece is where it belongs, and the others need no more than move forward.
    this.#from = this.#start = this.#next + room;
    this.#end = this.#start + length;
    scratch.set(bytes.subarray(start, end), this.#start);
    this.#chunk = chunk;
    this.#headroom = headroom;
  }

  /** Makes the next piece; false if there is none left. */
  next(): boolean {
    const from = this.#from;
    if (from >= this.#end) return false;
    const scratch = this.#scratch!;
    const to = Math.min(from + this.#chunk, this.#end);
    const at = this.#next + this.#headroom;
    if (at !== from) scratch.copyWithin(at, from, to);
    this.#next = at + to - from;
    this.piece.reset(scratch, at, this.#next);
    this.offset = from - this.#start;
    this.more = to < this.#end ? 1 : 0;
    this.#from = to;
    return true;
  }
}
