/**
 * The tag of an authenticated datagram: the first 128 bits of HMAC-SHA256(key, direction || datagram without the tag). The
 * direction octet keeps a datagram from being sent back to where it came from.
 */
import { TAG_LENGTH } from '../old1/constants.js';
import { type Hmac, equalsInConstantTime } from './hmac.js';

/** Which way a datagram goes. */
export type Direction = 'toServer' | 'toClient';

const DIRECTION_OCTET: Readonly<Record<Direction, Uint8Array>> = {
  toServer: Uint8Array.of(1),
  toClient: Uint8Array.of(2),
};

/** Writes the tag into the last 16 octets of `bytes[start..end)`, which has the flag AUTH and the key id. */
export function seal(
  hmac: Hmac,
  key: Uint8Array,
  direction: Direction,
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): void {
  const tagAt = end - TAG_LENGTH;
  const digest = hmac(key, DIRECTION_OCTET[direction], bytes.subarray(start, tagAt));
  for (let i = 0; i < TAG_LENGTH; i++) bytes[tagAt + i] = digest[i]!;
}

/** True if the tag at the end of `bytes[start..end)` is right. Precondition: `message.check` passed and AUTH is set. */
export function verify(
  hmac: Hmac,
  key: Uint8Array,
  direction: Direction,
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): boolean {
  const tagAt = end - TAG_LENGTH;
  const digest = hmac(key, DIRECTION_OCTET[direction], bytes.subarray(start, tagAt));
  return equalsInConstantTime(digest, 0, bytes, tagAt, TAG_LENGTH);
}
