import { read16 } from '@overlane/wire';
import { FLAG } from './segment-header.js';

/** Oddities that a receiver accepts and counts; bits of what `readWarnings` returns. */
export const WARNING = {
  /** Reserved bits or NS are set. */
  RESERVED_BITS: 0x01,
  /** The window is not 0. Deployed senders use 0xffff, so this one is common. */
  WINDOW: 0x02,
  /** Control bits other than ACK and PSH are set, or ACK is clear. */
  CONTROL_BITS: 0x04,
  /** The urgent pointer is not 0. */
  URGENT_POINTER: 0x08,
} as const;

/** What is odd about the header, as bits of `WARNING`; 0 if nothing is. */
export function readWarnings(bytes: Uint8Array, offset: number): number {
  const controlBits = bytes[offset + 13]! & ~FLAG.PSH;
  return (
    ((bytes[offset + 12]! & 0x0f) !== 0 ? WARNING.RESERVED_BITS : 0) |
    (read16(bytes, offset + 14) !== 0 ? WARNING.WINDOW : 0) |
    (controlBits !== FLAG.ACK ? WARNING.CONTROL_BITS : 0) |
    (read16(bytes, offset + 18) !== 0 ? WARNING.URGENT_POINTER : 0)
  );
}
