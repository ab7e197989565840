import { PACKED_KEY_LENGTH, formatKey, unpackKey } from '@overlane/directory';

/** Text of the key block at `bytes[offset..]`, for people: `7/10.1.2.3`. */
export function textOfBlock(bytes: Uint8Array, offset: number): string {
  const packed = new Uint8Array(PACKED_KEY_LENGTH);
  packed.set(bytes.subarray(offset, offset + 5));
  packed.set(bytes.subarray(offset + 8, offset + 24), 5);
  return formatKey(unpackKey(packed));
}
