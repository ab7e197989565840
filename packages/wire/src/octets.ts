/** Big-endian (network order) integers in a `Uint8Array`. No bounds checks: codecs `check` first. */

/** Unsigned 16-bit integer at `offset`. */
export function read16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

/** Unsigned 24-bit integer at `offset`. */
export function read24(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 16) | (bytes[offset + 1]! << 8) | bytes[offset + 2]!;
}

/** Unsigned 32-bit integer at `offset`. */
export function read32(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset) >>> 0;
}

/** The same four octets as a signed integer: the form that V8 keeps without boxing, for keys and comparisons. */
export function readInt32(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
}

/** Writes the low 16 bits of `value` at `offset`. */
export function write16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

/** Writes the low 24 bits of `value` at `offset`. */
export function write24(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 16;
  bytes[offset + 1] = value >>> 8;
  bytes[offset + 2] = value;
}

/** Writes the low 32 bits of `value` at `offset`. */
export function write32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 24;
  bytes[offset + 1] = value >>> 16;
  bytes[offset + 2] = value >>> 8;
  bytes[offset + 3] = value;
}

/** A copy of `length` octets from `offset`, in new memory. */
export function copyOctets(bytes: Uint8Array, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(length);
  for (let i = 0; i < length; i++) copy[i] = bytes[offset + i]!;
  return copy;
}

/** Copies all of `source` to `bytes[offset..]`. A loop, because `set` costs more than it moves for a few octets. */
export function writeOctets(bytes: Uint8Array, offset: number, source: Uint8Array): void {
  for (let i = 0; i < source.length; i++) bytes[offset + i] = source[i]!;
}
