/**
 * Identifiers for MAC address spaces. They travel as the outer source address, and some switches drop packets whose source
 * looks impossible: 0/8, 127/8, and 224/3. Codecs take any identifier; new ones are given out where no switch minds.
 */
import { CodecError, requireInteger } from '@overlane/wire';
import { MAC_AS_ID_MAX } from './constants.js';

/** The ranges that identifiers are given out from, both ends included, in order. */
export const MAC_AS_ID_RANGES = [
  [0x0100_0000, 0x7eff_ffff],
  [0x8000_0000, 0xdfff_ffff],
] as const;

const TOTAL = MAC_AS_ID_RANGES.reduce((sum, [least, most]) => sum + most - least + 1, 0);

/** Whether a switch that looks at source addresses would forward a packet with this one. */
export function isUsualMacAsId(macAsId: number): boolean {
  return MAC_AS_ID_RANGES.some(([least, most]) => macAsId >= least && macAsId <= most);
}

/**
 * Gives out identifiers, each once until it is released, the longest unused first: packets and NL-ARP entries of a space that
 * is gone die out before its identifier comes back. Memory: one set entry per identifier in use.
 */
export class MacAsIdAllocator {
  readonly #used = new Set<number>();
  #next: number;

  /**
   * Begins at `first`: 0x01000000 by default, and after a restart the one behind the last that was given out, so that none comes
   * back too early. @throws CodecError E_NL_MAC_AS_ID_RANGE unless `first` is in the ranges
   */
  constructor(first: number = MAC_AS_ID_RANGES[0][0]) {
    if (!(Number.isInteger(first) && isUsualMacAsId(first))) {
      const detail = { protocol: 'netlord', field: 'first', expected: 'one that switches forward', actual: first };
      throw new CodecError('E_NL_MAC_AS_ID_RANGE', detail, `first must be one that switches forward, got ${first}`);
    }
    this.#next = first;
  }

  /** Identifiers in use. */
  get size(): number {
    return this.#used.size;
  }

  /** An identifier that nobody uses, or `undefined` if all 3.7 thousand million are taken. */
  allocate(): number | undefined {
    if (this.#used.size >= TOTAL) return undefined;
    while (this.#used.has(this.#next)) this.#next = successor(this.#next);
    const macAsId = this.#next;
    this.#used.add(macAsId);
    this.#next = successor(macAsId);
    return macAsId;
  }

  /** Takes an identifier that is already in use elsewhere, any in 0..2^32-1; false if it was taken. @throws CodecError E_NL_MAC_AS_ID_RANGE */
  reserve(macAsId: number): boolean {
    requireInteger('netlord', 'macAsId', macAsId, MAC_AS_ID_MAX, 'E_NL_MAC_AS_ID_RANGE');
    if (this.#used.has(macAsId)) return false;
    this.#used.add(macAsId);
    return true;
  }

  /** Gives an identifier back; false if it was not in use. */
  release(macAsId: number): boolean {
    return this.#used.delete(macAsId);
  }
}

function successor(macAsId: number): number {
  const [first, second] = MAC_AS_ID_RANGES;
  if (macAsId === first[1]) return second[0];
  return macAsId === second[1] ? first[0] : macAsId + 1;
}
