import { type Path, type TunnelMetadata, write16, write32 } from '@overlane/wire';
import type { SpainPath } from '../spain/spain-path.js';
import type { EdgeLocator } from './locator.js';

/** Edge switches whose numbers are kept at hand; a power of two. */
const AT_HAND = 64;
/** What is spread over networks, so that flows with equal addresses in two networks choose for themselves. */
const SPREAD = 0x9e3779b1;

/** The Path of NetLord: to the locator's edge switch, by the VLAN that SPAIN chooses for the flow. */
export class EdgePath implements Path {
  /** The time of choices, in the time of SPAIN's other calls. */
  nowMs = 0;
  readonly #spain: SpainPath;
  readonly #edge = new Uint8Array(6);
  // A map's key of 48 bits is garbage per look-up, and few edge switches get most of the packets.
  readonly #highs = new Int32Array(AT_HAND).fill(-1);
  readonly #lows = new Int32Array(AT_HAND);
  readonly #numbers = new Int32Array(AT_HAND);

  /** Chooses by `spain`. */
  constructor(spain: SpainPath) {
    this.#spain = spain;
  }

  /** Number that SPAIN has for an edge switch, or -1. */
  edgeOf(high: number, low: number): number {
    const at = (low ^ (low >>> 8) ^ high) & (AT_HAND - 1);
    if (this.#lows[at] === low && this.#highs[at] === high) return this.#numbers[at]!;
    write16(this.#edge, 0, high);
    write32(this.#edge, 2, low);
    this.#highs[at] = high;
    this.#lows[at] = low;
    return (this.#numbers[at] = this.#spain.edgeOf(this.#edge, 0));
  }

  /** Sets the next hop, and the VLAN unless the locator says which. */
  select(flowHash: number, locator: EdgeLocator, tunnel: TunnelMetadata): void {
    const { edgeHigh, edgeLow, vlan } = locator;
    tunnel.nextHopHigh = edgeHigh;
    tunnel.nextHopLow = edgeLow;
    if (vlan !== 0) {
      tunnel.vlan = vlan;
      return;
    }
    const flow = flowHash ^ Math.imul(tunnel.network | 0, SPREAD);
    tunnel.vlan = this.#spain.choose(this.edgeOf(edgeHigh, edgeLow), flow, this.nowMs);
  }
}
