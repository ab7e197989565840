/** An owned copy of `octets`, which its owner may change or reuse. */
export function copyOf(octets: Uint8Array): Buffer {
  return Buffer.from(octets);
}

/** A key as a string that is equal, and sorts, as its octets do. */
export function keyName(key: Uint8Array): string {
  return Buffer.prototype.latin1Slice.call(key, 0, key.length);
}

/** The octets of a {@link keyName}. */
export function keyOf(name: string): Buffer {
  return Buffer.from(name, 'latin1');
}

/** True if `key` starts with `prefix`. */
export function hasPrefix(key: Uint8Array, prefix: Uint8Array): boolean {
  if (key.length < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (key[i] !== prefix[i]) return false;
  return true;
}

/** The least key above all that start with `prefix`; `undefined` if there is none (empty, or 0xff octets only). */
export function prefixEnd(prefix: Uint8Array): Buffer | undefined {
  for (let last = prefix.length - 1; last >= 0; last--) {
    if (prefix[last] === 0xff) continue;
    const end = Buffer.from(prefix.subarray(0, last + 1));
    end[last] = prefix[last]! + 1;
    return end;
  }
  return undefined;
}

/** The least key above `key`. */
export function successor(key: Uint8Array): Buffer {
  return Buffer.concat([key, Buffer.of(0)]);
}
