/**
 * Fixed-length records in chunks of typed arrays. A table of a million records thus costs a few hundred objects, growth
 * copies nothing, and a record keeps its place until it is freed.
 */
import { read32, write32 } from '@overlane/wire';

/** Records in a chunk: large enough that chunks are few, small enough that a small table is small. */
const CHUNK_RECORDS = 2048;
const CHUNK_SHIFT = 11;
const NONE = 0xffffffff;

/** A growing array of records of `recordLength` octets, at least 4, with a list of those that are free. */
export class RecordSlab {
  /** Octets of a record. */
  readonly recordLength: number;
  readonly #chunks: Uint8Array[] = [];
  #firstFree = NONE;
  #used = 0;

  /** A slab without records. */
  constructor(recordLength: number) {
    this.recordLength = recordLength;
  }

  /** Records that have ever been in use at once: indexes are below this. */
  get extent(): number {
    return this.#used;
  }

  /** Octets of all chunks. */
  get octets(): number {
    return this.#chunks.length * CHUNK_RECORDS * this.recordLength;
  }

  /** The array that holds record `index`. */
  chunkOf(index: number): Uint8Array {
    return this.#chunks[index >>> CHUNK_SHIFT]!;
  }

  /** Where record `index` begins in its chunk. */
  offsetOf(index: number): number {
    return (index & (CHUNK_RECORDS - 1)) * this.recordLength;
  }

  /** Takes a record and returns its index; its octets are whatever they were. */
  allocate(): number {
    const free = this.#firstFree;
    if (free !== NONE) {
      this.#firstFree = read32(this.chunkOf(free), this.offsetOf(free));
      return free;
    }
    const index = this.#used++;
    if (index >>> CHUNK_SHIFT === this.#chunks.length) {
      this.#chunks.push(new Uint8Array(CHUNK_RECORDS * this.recordLength));
    }
    return index;
  }

  /** Gives a record back. Its first four octets are used for the list. */
  free(index: number): void {
    write32(this.chunkOf(index), this.offsetOf(index), this.#firstFree);
    this.#firstFree = index;
  }
}
