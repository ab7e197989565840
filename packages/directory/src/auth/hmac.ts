/**
 * HMAC-SHA256 (RFC 2104, FIPS 180-4) of `first` followed by `rest`: 32 octets. Injected, so that this package needs no
 * cryptography of its own; `@overlane/directory/node` has one on `node:crypto`.
 */
export type Hmac = (key: Uint8Array, first: Uint8Array, rest: Uint8Array) => Uint8Array;

/** True if `length` octets at both places are equal. Takes the same time wherever they differ. */
export function equalsInConstantTime(
  a: Uint8Array,
  aOffset: number,
  b: Uint8Array,
  bOffset: number,
  length: number,
): boolean {
  let difference = 0;
  for (let i = 0; i < length; i++) difference |= a[aOffset + i]! ^ b[bOffset + i]!;
  return difference === 0;
}
