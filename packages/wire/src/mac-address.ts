/** MAC addresses: 6-octet `Uint8Array`s in values, octets in place on the data path, `52:54:00:00:00:01` as text. */
import { CodecError } from './fault.js';

/** Octets of a MAC address. */
export const MAC_LENGTH = 6;

const MAC_TEXT = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}$/i;

/**
 * Reads six hexadecimal octets with one kind of separator, `:` or `-`, in either case. Returns new memory.
 * @throws CodecError E_ADDRESS_SYNTAX
 */
export function parseMac(text: string): Uint8Array<ArrayBuffer> {
  if (!MAC_TEXT.test(text)) {
    const detail = { protocol: 'mac', expected: '6 hexadecimal octets', actual: text };
    throw new CodecError('E_ADDRESS_SYNTAX', detail, `not a MAC address: '${text}'`);
  }
  const mac = new Uint8Array(MAC_LENGTH);
  for (let i = 0; i < MAC_LENGTH; i++) mac[i] = Number.parseInt(text.slice(i * 3, i * 3 + 2), 16);
  return mac;
}

/** Text of the MAC at `bytes[offset..offset+6)`: lower case, colons. */
export function formatMac(bytes: Uint8Array, offset = 0): string {
  let text = '';
  for (let i = 0; i < MAC_LENGTH; i++) {
    text += (i === 0 ? '' : ':') + bytes[offset + i]!.toString(16).padStart(2, '0');
  }
  return text;
}

/** True if the MAC at `offset` is a group address: multicast or broadcast (IEEE 802.3 §3.2.3). */
export function isGroupMac(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset]! & 1) !== 0;
}
