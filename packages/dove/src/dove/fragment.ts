/**
 * Fragment extension, eight octets, always the last extension:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |  Next Header  |   Length (2)  |     Fragment Offset     |R|R|M|
 *     |                        Identification                         |
 *
 * The second half is IPv6's fragment header (RFC 8200 §4.5), so that its semantics and overlap rules apply. Readers and
 * writers take the offset of the extension.
 */
import { read16, read32, write16, write32 } from '@overlane/wire';
import { DATAGRAM_LENGTH_MAX, EXTENSION, FRAGMENT_LENGTH, FRAGMENT_UNIT } from './constants.js';

const MORE = 1;
const OFFSET_MASK = 0xfff8;

/** Where the data of a fragment starts in the whole payload, in octets: a multiple of 8, 0..65528. */
export function readFragmentOffset(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset + 2) & OFFSET_MASK;
}

/** M flag: more fragments follow. */
export function readMore(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset + 3]! & MORE) !== 0;
}

/** Identification, 0..2^32-1: the same in all fragments of a payload. */
export function readIdentification(bytes: Uint8Array, offset: number): number {
  return read32(bytes, offset + 4);
}

/** Writes all eight octets, unchecked. `fragmentOffset` is in octets, a multiple of 8. */
export function writeFragment(
  bytes: Uint8Array,
  offset: number,
  fragmentOffset: number,
  more: 0 | 1,
  identification: number,
): void {
  bytes[offset] = EXTENSION.NONE;
  bytes[offset + 1] = FRAGMENT_LENGTH >>> 2;
  write16(bytes, offset + 2, fragmentOffset | more);
  write32(bytes, offset + 4, identification);
}

/** Why `length` octets of data can't be the piece that the extension at `offset` says (rules 10 and 11). */
export function checkFragmentData(
  bytes: Uint8Array,
  offset: number,
  length: number,
): 'E_DOVE_FRAG_ALIGN' | 'E_DOVE_FRAG_RANGE' | undefined {
  if (readMore(bytes, offset) && (length === 0 || length % FRAGMENT_UNIT !== 0)) return 'E_DOVE_FRAG_ALIGN';
  return readFragmentOffset(bytes, offset) + length > DATAGRAM_LENGTH_MAX ? 'E_DOVE_FRAG_RANGE' : undefined;
}
