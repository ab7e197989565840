import * as message from './message.js';

/** A place of a VM, as a message tells it. 32-bit words are signed. */
export interface Placement {
  /** Endpoint of the switch that hosts it, or of the proxy that leads there; an IPv4 address. */
  readonly locator: number;
  /** Which placement of the VM this is. */
  readonly generation: number;
  /** Flag bits of the message. */
  readonly flags: number;
  /** How long this holds, in seconds; 0 until un-learned. */
  readonly lifetimeS: number;
}

/** Reads the place in the message at `offset`. Choice: locator 0.0.0.0 in an answer means its sender, `source`. */
export function readPlacement(bytes: Uint8Array, offset: number, source: number): Placement {
  return {
    locator: message.readLocatorWord(bytes, offset) || source,
    generation: message.readGeneration(bytes, offset) | 0,
    flags: message.readFlags(bytes, offset),
    lifetimeS: message.readLifetimeS(bytes, offset),
  };
}

/** True if packets can be sent to this IPv4 address: it is some host's, and not this one's, `own`. */
export function isUsableLocator(locator: number, own: number): boolean {
  const network = locator >>> 24;
  return locator !== own && network !== 0 && network !== 127 && network < 224;
}
