import type { ByteOrder } from './pcap-format.js';

/**
 * Octets between the caller's chunks and a parser, in one contiguous buffer.
 *
 * `push` copies, so the caller may reuse its chunk at once. Each octet moves a constant number of times on average:
 * the buffer is compacted only when at most half full, and at least doubles otherwise. Skipped octets that have not
 * arrived yet are never stored.
 */
export class ByteQueue {
  /** How integers are read from here on. */
  byteOrder: ByteOrder = 'big';
  #bytes = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #start = 0;
  #end = 0;
  #owed = 0;
  #position = 0;
  #boundary = -1;

  /** Octets that can be read now. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Octets that the buffer occupies: at most four times the largest `length` so far. */
  get capacity(): number {
    return this.#bytes.length;
  }

  /** Offset of the next octet to read from the start of the file, skipped ones included. */
  get position(): number {
    return this.#position;
  }

  /** Appends a copy of `chunk`, less what an earlier {@link skip} is still owed. */
  push(chunk: Uint8Array): void {
    const skipped = Math.min(this.#owed, chunk.length);
    this.#owed -= skipped;
    const added = chunk.length - skipped;
    if (added === 0) return;
    if (added > this.#bytes.length - this.#end) this.#makeRoom(this.length + added);
    this.#bytes.set(skipped === 0 ? chunk : chunk.subarray(skipped), this.#end);
    this.#end += added;
  }

  /** The octet `offset` octets ahead. Precondition: `length` reaches past it. */
  read8(offset: number): number {
    return this.#view.getUint8(this.#start + offset);
  }

  /** Unsigned 16-bit integer, `offset` octets ahead, in the file's byte order. Precondition as for {@link read8}. */
  read16(offset: number): number {
    return this.#view.getUint16(this.#start + offset, this.byteOrder === 'little');
  }

  /** Unsigned 32-bit integer, `offset` octets ahead, in the file's byte order. Precondition as for {@link read8}. */
  read32(offset: number): number {
    return this.#view.getUint32(this.#start + offset, this.byteOrder === 'little');
  }

  /** Signed 64-bit integer, `offset` octets ahead, in the file's byte order. Precondition as for {@link read8}. */
  readInt64(offset: number): bigint {
    return this.#view.getBigInt64(this.#start + offset, this.byteOrder === 'little');
  }

  /** Copy of `length` octets from `offset` octets ahead, in new memory. Precondition as for {@link read8}. */
  copy(offset: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(this.#start + offset, this.#start + offset + length);
  }

  /** Drops the next `length` octets, whether they are here or still to come. */
  skip(length: number): void {
    const here = Math.min(length, this.length);
    this.#start += here;
    this.#position += length;
    this.#owed += length - here;
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  /** Remembers that the file may end at this position: a record or block is complete. */
  markBoundary(): void {
    this.#boundary = this.#position;
  }

  /** Offset where the last complete record or block ended; -1 before the first. */
  get boundary(): number {
    return this.#boundary;
  }

  /** Octets pushed so far, counted from the start of the file. */
  get received(): number {
    return this.#position - this.#owed + this.length;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#bytes = new Uint8Array(0);
    this.#view = new DataView(this.#bytes.buffer);
    this.#start = this.#end = this.#owed = 0;
  }

  #makeRoom(needed: number): void {
    if (needed * 2 <= this.#bytes.length) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
    } else {
      const larger = new Uint8Array(Math.max(needed * 2, 1024));
      larger.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#end -= this.#start;
    this.#start = 0;
  }
}
