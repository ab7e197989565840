/** The numbers that NL-ARP keeps MACs and address spaces in. */
import { read16, readInt32 } from '@overlane/wire';

/** Upper 16 bits of the MAC at `bytes[offset..]`. */
export function readHigh(bytes: Uint8Array, offset: number): number {
  return read16(bytes, offset);
}

/** Lower 32 bits of the MAC at `bytes[offset..]`, signed. */
export function readLow(bytes: Uint8Array, offset: number): number {
  return readInt32(bytes, offset + 2);
}
