import { PacketBuffer } from '@overlane/wire';
import { DATAGRAM_LENGTH_MAX } from '../dove/constants.js';

/** Octets of scratch by default: 32 whole payloads of full length, as many packets as our ports take in a turn. */
const SCRATCH_LENGTH = 32 * (DATAGRAM_LENGTH_MAX + 1);
/** Least octets of scratch: a payload of full length in 64 pieces, with 1 KiB of headers each. */
const SCRATCH_LENGTH_MIN = 2 * (DATAGRAM_LENGTH_MAX + 1);

/**
 * Cuts payloads into pieces, each with headroom in front, because a piece needs headers where the piece before it ends. So
 * the payload is copied, and then all of its pieces but the last are moved forward: both are native copies. One from another
 * array needs a view of 96 octets, which is garbage: one for each payload rather than for each piece, and none if the scratch
 * lies in the payload's array.
 *
 * The pieces lie in a ring of scratch memory: each stays intact until nearly as many octets have come after it as the scratch
 * is long, so that a port can keep it until its flush.
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
  #scratch: PacketBuffer | undefined;
  /** Where the next piece goes, with its headroom: at last the end of what is used. */
  #next = 0;
  /** What is left of the payload. */
  #from = 0;
  #end = 0;
  #start = 0;
  #chunk = 0;
  #headroom = 0;

  /**
   * A cutter with `scratch`, which is the cutter's from now on; without, it takes 2 MiB at the first cut.
   * @throws RangeError if `scratch` has less than 128 KiB
   */
  constructor(scratch?: PacketBuffer) {
    if (scratch !== undefined && scratch.length < SCRATCH_LENGTH_MIN) {
      throw new RangeError(`scratch must have ${SCRATCH_LENGTH_MIN} octets or more, got ${scratch.length}`);
    }
    this.#scratch = scratch && new PacketBuffer(scratch.bytes, scratch.start, scratch.end);
    this.#next = scratch?.start ?? 0;
  }

  /**
   * Starts to cut `packet`, whose octets are copied, into pieces of `chunk` octets, a multiple of 8, with `headroom` octets in
   * front of each. Allocates one view if they are in another array than the scratch.
   * @throws RangeError if payload and headroom are longer than the scratch
   */
  start({ bytes, start, end }: PacketBuffer, chunk: number, headroom: number): void {
    const scratch = (this.#scratch ??= new PacketBuffer(new Uint8Array(SCRATCH_LENGTH)));
    const length = end - start;
    const room = Math.ceil(length / chunk) * headroom;
    if (room + length > scratch.length) throw new RangeError(`${room + length} octets don't fit the scratch`);
    if (this.#next + room + length > scratch.end) this.#next = scratch.start;
    // The last piece is where it belongs, and the others need no more than move forward.
    this.#from = this.#start = this.#next + room;
    this.#end = this.#start + length;
    if (bytes === scratch.bytes) bytes.copyWithin(this.#start, start, end);
    else scratch.bytes.set(bytes.subarray(start, end), this.#start);
    this.#chunk = chunk;
    this.#headroom = headroom;
  }

  /** Makes the next piece; false if there is none left. */
  next(): boolean {
    const from = this.#from;
    if (from >= this.#end) return false;
    const { bytes } = this.#scratch!;
    const to = Math.min(from + this.#chunk, this.#end);
    const at = this.#next + this.#headroom;
    if (at !== from) bytes.copyWithin(at, from, to);
    this.#next = at + to - from;
    this.piece.reset(bytes, at, this.#next);
    this.offset = from - this.#start;
    this.more = to < this.#end ? 1 : 0;
    this.#from = to;
    return true;
  }
}
