import { PacketBuffer } from '@overlane/wire';
import { DATAGRAM_LENGTH_MAX } from '../dove/constants.js';

/** Octets of scratch: 32 whole payloads of full length, as many packets as our ports take in a turn. */
const SCRATCH_LENGTH = 32 * (DATAGRAM_LENGTH_MAX + 1);

/**
 * Cuts payloads into pieces, each a copy with headroom in front, because a piece needs headers where the piece before it
 * ends. The pieces lie in a ring of scratch memory: each stays intact until 2 MiB have come after it, so that a port can
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
  #next = 0;
  #source = new Uint8Array(0) as Uint8Array;
  #at = 0;
  #start = 0;
  #end = 0;
  #chunk = 0;
  #headroom = 0;

  /** Starts to cut `packet`, which must stay as it is meanwhile, into pieces of `chunk` octets, a multiple of 8. */
  start({ bytes, start, end }: PacketBuffer, chunk: number, headroom: number): void {
    this.#scratch ??= new Uint8Array(SCRATCH_LENGTH);
    this.#source = bytes;
    this.#at = this.#start = start;
    this.#end = end;
    this.#chunk = chunk;
    this.#headroom = headroom;
  }

  /** Makes the next piece; false if there is none left. Allocates one view, which a native copy needs. */
  next(): boolean {
    const from = this.#at;
    if (from >= this.#end) return false;
    const to = Math.min(from + this.#chunk, this.#end);
    const length = to - from;
    const scratch = this.#scratch!;
    if (this.#next + this.#headroom + length > scratch.length) this.#next = 0;
    const at = this.#next + this.#headroom;
    scratch.set(this.#source.subarray(from, to), at);
    this.#next = at + length;
    this.piece.reset(scratch, at, at + length);
    this.offset = from - this.#start;
    this.more = to < this.#end ? 1 : 0;
    this.#at = to;
    return true;
  }
}
