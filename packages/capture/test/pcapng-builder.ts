/** Builds pcapng blocks, written from the figures of draft-ietf-opsawg-pcapng, independently of the reader. */

/** Writes numbers in one byte order. */
export class PcapngBuilder {
  readonly #littleEndian: boolean;

  constructor(byteOrder: 'big' | 'little') {
    this.#littleEndian = byteOrder === 'little';
  }

  u16(value: number): Uint8Array {
    const view = new DataView(new ArrayBuffer(2));
    view.setUint16(0, value, this.#littleEndian);
    return new Uint8Array(view.buffer);
  }

  u32(value: number): Uint8Array {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, value, this.#littleEndian);
    return new Uint8Array(view.buffer);
  }

  i64(value: bigint): Uint8Array {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigInt64(0, value, this.#littleEndian);
    return new Uint8Array(view.buffer);
  }

  /** §3.1 */
  block(type: number, ...body: readonly Uint8Array[]): Uint8Array {
    const padded = pad(Buffer.concat(body));
    const length = this.u32(padded.length + 12);
    return Buffer.concat([this.u32(type), length, padded, length]);
  }

  /** §3.5 */
  option(code: number, value: Uint8Array = new Uint8Array(0)): Uint8Array {
    return Buffer.concat([this.u16(code), this.u16(value.length), pad(value)]);
  }

  /** §4.1, section length unknown */
  section(minor = 0, ...options: readonly Uint8Array[]): Uint8Array {
    return this.block(0x0a0d0d0a, this.u32(0x1a2b3c4d), this.u16(1), this.u16(minor), this.i64(-1n), ...options);
  }

  /** §4.2 */
  interface(linkType: number, snapLength = 0, ...options: readonly Uint8Array[]): Uint8Array {
    return this.block(1, this.u16(linkType), this.u16(0), this.u32(snapLength), ...options);
  }

  /** §4.3 */
  enhanced(
    id: number,
    units: bigint,
    bytes: Uint8Array,
    originalLength = bytes.length,
    ...options: readonly Uint8Array[]
  ): Uint8Array {
    return this.block(6, this.u32(id), ...this.#packet(units, bytes, originalLength), ...options);
  }

  /** §4.4 */
  simple(bytes: Uint8Array, originalLength = bytes.length): Uint8Array {
    return this.block(3, this.u32(originalLength), bytes);
  }

  /** Appendix A */
  obsolete(id: number, units: bigint, bytes: Uint8Array, drops = 0xffff): Uint8Array {
    return this.block(2, this.u16(id), this.u16(drops), ...this.#packet(units, bytes, bytes.length));
  }

  #packet(units: bigint, bytes: Uint8Array, originalLength: number): Uint8Array[] {
    const halves = [this.u32(Number(units >> 32n)), this.u32(Number(units & 0xffff_ffffn))];
    return [...halves, this.u32(bytes.length), this.u32(originalLength), pad(bytes)];
  }
}

function pad(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, new Uint8Array((4 - (bytes.length % 4)) % 4)]);
}
