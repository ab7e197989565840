/**
 * How the directory lies in its store:
 *
 *     ol1/m/ tenant (4) kind (1) address (16)     a mapping: its Answer on the wire, with the owner in place of the version
 *     ol1/t/ key id (4) transaction id (8)        what became of an update, for a minute
 *
 * The version of a mapping is the revision that wrote it, so it stands in no value. The mappings of tenant 0 are the hosts:
 * the key is a locator address, the owner the host that it belongs to, and the first locator where that host takes
 * corrections.
 */
import { answer } from '@overlane/directory';
import { KEY_BLOCK_LENGTH } from '../table/key-index.js';

/** In front of the keys of mappings. */
export const MAPPING_PREFIX = ascii('ol1/m/');
/** In front of the keys of updates that were done. */
export const UPDATE_PREFIX = ascii('ol1/t/');

const PREFIX_LENGTH = MAPPING_PREFIX.length;
const KEY_LENGTH = PREFIX_LENGTH + 21;

/** What is wrong with an entry of the store. */
export type StoreFault = 'E_STORE_KEY' | 'E_STORE_VALUE';

/** Key in the store for the key block (see `KeyIndex`) at `bytes[offset..]`. */
export function storeKeyOf(bytes: Uint8Array, offset: number): Uint8Array<ArrayBuffer> {
  const key = new Uint8Array(KEY_LENGTH);
  key.set(MAPPING_PREFIX);
  for (let i = 0; i < 5; i++) key[PREFIX_LENGTH + i] = bytes[offset + i]!;
  for (let i = 0; i < 16; i++) key[PREFIX_LENGTH + 5 + i] = bytes[offset + 8 + i]!;
  return key;
}

/** Writes the key block of the store's `key` to `out`, 24 octets. Precondition: `checkStoreKey` passed. */
export function readStoreKey(key: Uint8Array, out: Uint8Array): void {
  for (let i = 0; i < 5; i++) out[i] = key[PREFIX_LENGTH + i]!;
  out[5] = out[6] = out[7] = 0;
  for (let i = 0; i < 16; i++) out[8 + i] = key[PREFIX_LENGTH + 5 + i]!;
}

/** Says why `key` is none of a mapping, or `undefined`. */
export function checkStoreKey(key: Uint8Array): StoreFault | undefined {
  return key.length === KEY_LENGTH ? undefined : 'E_STORE_KEY';
}

/** Says why `value` is no mapping of `key`, or `undefined`. */
export function checkStoreEntry(key: Uint8Array, value: Uint8Array): StoreFault | undefined {
  if (key.length !== KEY_LENGTH) return 'E_STORE_KEY';
  if (answer.check(value) !== undefined || value[5] === 0 || answer.readHeaderLength(value, 0) !== value.length) {
    return 'E_STORE_VALUE';
  }
  for (let i = 0; i < 5; i++) if (key[PREFIX_LENGTH + i] !== value[i]) return 'E_STORE_VALUE';
  for (let i = 0; i < KEY_BLOCK_LENGTH - 8; i++)
    if (key[PREFIX_LENGTH + 5 + i] !== value[8 + i]) return 'E_STORE_VALUE';
  return undefined;
}

/** Key in the store under which an update says that it was done. */
export function updateKeyOf(keyId: number, txidHi: number, txidLo: number): Uint8Array<ArrayBuffer> {
  const key = new Uint8Array(UPDATE_PREFIX.length + 12);
  key.set(UPDATE_PREFIX);
  const view = new DataView(key.buffer, UPDATE_PREFIX.length);
  view.setUint32(0, keyId);
  view.setUint32(4, txidHi);
  view.setUint32(8, txidLo);
  return key;
}

function ascii(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
