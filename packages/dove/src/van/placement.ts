import { FLAG } from './constants.js';
import { GENERATION_UNKNOWN } from './generation.js';
import * as message from './message.js';

/** The locator of no place. */
export const NOWHERE = 0;
/** Nothing is known of any place. */
export const NO_PLACE: Place = { locator: NOWHERE, generation: GENERATION_UNKNOWN, flags: 0 };

/** A place of a VM. 32-bit words are signed. */
export interface Place {
  /** Endpoint of the switch that hosts it, or of the proxy that leads there; an IPv4 address. */
  readonly locator: number;
  /** Which placement of the VM this is. */
  readonly generation: number;
  /** FLAG.PROXY if the locator is a proxy; other flag bits mean nothing here. */
  readonly flags: number;
}

/** A place as a message tells it. */
export interface Placement extends Place {
  /** How long this holds, in seconds; 0 until un-learned. */
  readonly lifetimeS: number;
}

/** True if both are proxies: one placement may be reached through several. */
export function areProxies(a: Place, b: Place): boolean {
  return (a.flags & b.flags & FLAG.PROXY) !== 0;
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
