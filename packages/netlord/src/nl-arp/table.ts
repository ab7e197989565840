/**
 * Where NICs are, by (tenant, address space, MAC): one entry of 32 octets each, all in one typed array.
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     |                   Tenant ID                   |  Egress Port  |
 *     |              MAC Address Space ID (MAC_AS_ID)                 |
 *     |                   VM MAC, lower 32 bits                       |
 *     |   VM MAC, upper 16 bits       |  Edge MAC, upper 16 bits      |
 *     |                  Edge MAC, lower 32 bits                      |
 *     |          Generation           |            State              |
 *     |                    Last use, in seconds                       |
 *     |              Link: what else belongs to the entry             |
 *
 * The paper has the size (§4.2); this layout is ours. Open addressing with linear probing, never more than half full, so a
 * look-up reads 1.5 entries on average and usually one cache line. An entry that goes is filled by those
 * behind it, so there are no tombstones; slot numbers hold until the next `add` or `remove`. The hash is seeded, because
 * tenants choose the MACs. Nothing is allocated after the constructor, and untouched memory costs nothing: the
 * system gives pages as they are written.
 */
import type { Place } from './options.js';

/** What an entry says. A free slot has state 0. */
export const STATE = {
  /** The NIC is at the entry's place. */
  KNOWN: 1,
  /** It was asked for; there is no place yet. */
  PENDING: 2,
  /** Nobody answered; it isn't asked for again yet. */
  HELD_DOWN: 3,
  /** It is a NIC of this agent. */
  LOCAL: 4,
  /** It was just added, and will have one of the other states when the call is over. */
  NEW: 5,
} as const;

/** Octets of an entry. */
export const ENTRY_LENGTH = 32;

const WORDS = ENTRY_LENGTH / 4;
const PLACE = 0;
const MAC_AS_ID = 1;
const MAC_LOW = 2;
const HIGHS = 3;
const EDGE_LOW = 4;
const GENERATION = 5;
const LAST_USE = 6;
const LINK = 7;
const SLOTS_MAX = 2 ** 25;

/** The table. MACs come as upper 16 and lower 32 bits; 32-bit values are signed, which V8 doesn't box. */
export class NlArpTable {
  /** Most entries held. */
  readonly capacity: number;
  /** Slots, a power of two: at least twice the capacity. */
  readonly slots: number;
  readonly #words: Int32Array;
  readonly #mask: number;
  readonly #seed: number;
  #size = 0;

  /** An empty table for `capacity` entries, 1..2^24. `seed`: any 32 bits. @throws RangeError */
  constructor(capacity: number, seed: number) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > SLOTS_MAX / 2) {
      throw new RangeError(`an NL-ARP table has 1 to ${SLOTS_MAX / 2} entries, not ${capacity}`);
    }
    this.capacity = capacity;
    this.slots = 2 ** Math.ceil(Math.log2(2 * capacity));
    this.#words = new Int32Array(this.slots * WORDS);
    this.#mask = this.slots - 1;
    this.#seed = seed;
  }

  /** Entries held. */
  get size(): number {
    return this.#size;
  }

  /** Octets of the arena. */
  get octets(): number {
    return this.#words.byteLength;
  }

  /** Slot of the entry, or -1. */
  find(tenant: number, macAsId: number, high: number, low: number): number {
    const words = this.#words;
    const mask = this.#mask;
    for (let slot = hash(this.#seed, tenant, macAsId, high, low) & mask; ; slot = (slot + 1) & mask) {
      const at = slot * WORDS;
      if ((words[at + GENERATION]! & 0xffff) === 0) return -1;
      if (words[at + MAC_LOW] !== low || words[at + MAC_AS_ID] !== macAsId) continue;
      if (words[at + HIGHS]! >>> 16 === high && words[at + PLACE]! >>> 8 === tenant) return slot;
    }
  }

  /** Adds an entry that isn't there yet, without a place, and returns its slot; -1 if the table is full. */
  add(tenant: number, macAsId: number, high: number, low: number, state: number): number {
    if (this.#size === this.capacity) return -1;
    const words = this.#words;
    let slot = hash(this.#seed, tenant, macAsId, high, low) & this.#mask;
    while ((words[slot * WORDS + GENERATION]! & 0xffff) !== 0) slot = (slot + 1) & this.#mask;
    const at = slot * WORDS;
    words[at + PLACE] = tenant << 8;
    words[at + MAC_AS_ID] = macAsId;
    words[at + MAC_LOW] = low;
    words[at + HIGHS] = high << 16;
    words[at + EDGE_LOW] = 0;
    words[at + GENERATION] = state;
    words[at + LAST_USE] = 0;
    words[at + LINK] = 0;
    this.#size++;
    return slot;
  }

  /** Removes the entry in `slot`. Costs the length of the run of entries behind it, which is short. */
  remove(slot: number): void {
    const words = this.#words;
    const mask = this.#mask;
    let hole = slot;
    for (let next = (hole + 1) & mask; (words[next * WORDS + GENERATION]! & 0xffff) !== 0; next = (next + 1) & mask) {
      // An entry may move back to the hole unless its search starts behind it.
      const home = this.#home(next);
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      words.copyWithin(hole * WORDS, next * WORDS, next * WORDS + WORDS);
      hole = next;
    }
    words[hole * WORDS + GENERATION] = 0;
    this.#size--;
  }

  /** State of the entry in `slot`, 0 if there is none. */
  stateAt(slot: number): number {
    return this.#words[slot * WORDS + GENERATION]! & 0xffff;
  }

  /** Tenant of the entry. */
  tenantAt(slot: number): number {
    return this.#words[slot * WORDS + PLACE]! >>> 8;
  }

  /** Address space of the entry, signed. */
  macAsIdAt(slot: number): number {
    return this.#words[slot * WORDS + MAC_AS_ID]!;
  }

  /** Upper 16 bits of the MAC. */
  highAt(slot: number): number {
    return this.#words[slot * WORDS + HIGHS]! >>> 16;
  }

  /** Lower 32 bits of the MAC, signed. */
  lowAt(slot: number): number {
    return this.#words[slot * WORDS + MAC_LOW]!;
  }

  /** Port of the place. */
  portAt(slot: number): number {
    return this.#words[slot * WORDS + PLACE]! & 0xff;
  }

  /** Upper 16 bits of the edge switch's MAC. */
  edgeHighAt(slot: number): number {
    return this.#words[slot * WORDS + HIGHS]! & 0xffff;
  }

  /** Lower 32 bits of the edge switch's MAC, signed. */
  edgeLowAt(slot: number): number {
    return this.#words[slot * WORDS + EDGE_LOW]!;
  }

  /** Generation, 0..65535. */
  generationAt(slot: number): number {
    return this.#words[slot * WORDS + GENERATION]! >>> 16;
  }

  /** Second of the last {@link touch}. */
  lastUseAt(slot: number): number {
    return this.#words[slot * WORDS + LAST_USE]!;
  }

  /** What {@link setState} was given beside the state. */
  linkAt(slot: number): number {
    return this.#words[slot * WORDS + LINK]!;
  }

  /** Whether the entry's place is this one. */
  isAt(slot: number, { port, edgeHigh, edgeLow }: Place): boolean {
    return this.portAt(slot) === port && this.edgeLowAt(slot) === edgeLow && this.edgeHighAt(slot) === edgeHigh;
  }

  /** Gives the entry a place of a generation. */
  setPlace(slot: number, { port, edgeHigh, edgeLow }: Place, generation: number): void {
    const words = this.#words;
    const at = slot * WORDS;
    words[at + PLACE] = (words[at + PLACE]! & ~0xff) | port;
    words[at + HIGHS] = (words[at + HIGHS]! & ~0xffff) | edgeHigh;
    words[at + EDGE_LOW] = edgeLow;
    words[at + GENERATION] = (words[at + GENERATION]! & 0xffff) | (generation << 16);
  }

  /** Gives the entry another state, and a number that its holder wants to find again. */
  setState(slot: number, state: number, link = 0): void {
    const at = slot * WORDS;
    this.#words[at + GENERATION] = (this.#words[at + GENERATION]! & ~0xffff) | state;
    this.#words[at + LINK] = link;
  }

  /** Notes that the entry was used. */
  touch(slot: number, nowMs: number): void {
    this.#words[slot * WORDS + LAST_USE] = nowMs / 1000;
  }

  #home(slot: number): number {
    const tenant = this.tenantAt(slot);
    return hash(this.#seed, tenant, this.macAsIdAt(slot), this.highAt(slot), this.lowAt(slot)) & this.#mask;
  }
}

function hash(seed: number, tenant: number, macAsId: number, high: number, low: number): number {
  let h = Math.imul(low ^ seed, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 15) ^ macAsId, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 13) ^ ((tenant << 8) ^ high), 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return h ^ (h >>> 13);
}
