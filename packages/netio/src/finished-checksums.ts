import { checksum, type PacketBuffer, read16, write16 } from '@overlane/wire';

/**
 * `partial` checksums finished for the time that packets take to leave. Their owner's windows still say `partial`, and
 * may be sent elsewhere after: so what stood in the field is put back.
 */
export class FinishedChecksums {
  readonly #bytes: Uint8Array;
  readonly #capacity: number;
  readonly #fields: Int32Array;
  readonly #values: Uint16Array;
  #count = 0;

  /** For up to `capacity` packets in `bytes` at a time. */
  constructor(bytes: Uint8Array, capacity: number) {
    this.#bytes = bytes;
    this.#capacity = capacity;
    this.#fields = new Int32Array(capacity);
    this.#values = new Uint16Array(capacity);
  }

  /** True if fewer than `n` more can be finished before `restore`. */
  lacks(n: number): boolean {
    return this.#count + n > this.#capacity;
  }

  /**
   * Finishes the checksum of `packet`, whose octets lie `delta` further on than its window says: sums from `checksumStart`
   * to its end. A result of 0 is written as 0xffff, which means the same, and in UDP does not mean 'none'.
   */
  finish(packet: PacketBuffer, delta: number): void {
    const field = packet.checksumField + delta;
    const sum = checksum.compute(this.#bytes, packet.checksumStart + delta, packet.end + delta);
    this.#fields[this.#count] = field;
    this.#values[this.#count++] = read16(this.#bytes, field);
    write16(this.#bytes, field, sum || 0xffff);
  }

  /** Puts back what stood in all fields. */
  restore(): void {
    while (this.#count > 0) {
      this.#count--;
      write16(this.#bytes, this.#fields[this.#count]!, this.#values[this.#count]!);
    }
  }
}
