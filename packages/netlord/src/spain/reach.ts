import { CodecError, MAC_LENGTH, formatMac, isGroupMac, read16, readInt32 } from '@overlane/wire';
import { FIRST_PATH_VLAN, VLAN_MAX } from './constants.js';

/** What one edge switch can use towards another. */
export interface ReachEntry {
  /** MAC of the other edge switch, 6 octets. */
  readonly edge: Uint8Array;
  /** VLANs on which both are connected, FIRST_PATH_VLAN..VLAN_MAX, each once. */
  readonly vlans: readonly number[];
}

/** The reach table of one edge switch: every other edge switch, each once. */
export type ReachTable = readonly ReachEntry[];

/**
 * A reach table made for looking up: edge switches and their (edge, VLAN) slots have small numbers, under which others
 * keep what they know of them. Memory: about 100 octets per slot.
 */
export class ReachIndex {
  /** Edge switches: they are numbered 0..edges-1 in the order of the table. */
  readonly edges: number;
  /** Slots of edge `e` are `starts[e]..starts[e + 1] - 1`. */
  readonly starts: Int32Array;
  /** VLAN of each slot. */
  readonly vlans: Uint16Array;
  /** All VLANs of the table, rising. */
  readonly allVlans: readonly number[];
  // Open addressing over the MACs' two parts: a number of 48 bits as a key would be allocated anew per packet.
  readonly #edgeAt: Int32Array;
  readonly #macHigh: Uint16Array;
  readonly #macLow: Int32Array;
  readonly #slotOf = new Map<number, number>();

  /** Copies `table`. @throws CodecError E_FIELD_RANGE: a MAC or VLAN that can't be one, or one that comes twice */
  constructor(table: ReachTable) {
    this.edges = table.length;
    this.starts = new Int32Array(table.length + 1);
    const slots = table.reduce((sum, { vlans }) => sum + vlans.length, 0);
    this.vlans = new Uint16Array(slots);
    const places = 2 << Math.ceil(Math.log2(Math.max(1, table.length)));
    this.#edgeAt = new Int32Array(places).fill(-1);
    this.#macHigh = new Uint16Array(places);
    this.#macLow = new Int32Array(places);
    let slot = 0;
    table.forEach(({ edge, vlans }, e) => {
      if (edge.length !== MAC_LENGTH || isGroupMac(edge, 0)) throw refused('edge', 'the MAC of a switch', edge);
      const place = this.#placeOf(edge, 0);
      if (this.#edgeAt[place]! >= 0) throw refused('edge', 'in the table once', edge);
      this.#edgeAt[place] = e;
      this.#macHigh[place] = read16(edge, 0);
      this.#macLow[place] = readInt32(edge, 2);
      for (const vlan of vlans) {
        const isVlan = Number.isInteger(vlan) && vlan >= FIRST_PATH_VLAN && vlan <= VLAN_MAX;
        if (!isVlan || this.slotOf(e, vlan) >= 0) throw refused('vlans', `new and in 2..${VLAN_MAX}`, vlan);
        this.#slotOf.set(slotKey(e, vlan), slot);
        this.vlans[slot++] = vlan;
      }
      this.starts[e + 1] = slot;
    });
    this.allVlans = [...new Set(this.vlans)].sort((a, b) => a - b);
  }

  /** Number of the edge switch whose MAC is at `bytes[offset..]`, or -1. Never allocates. */
  edgeOf(bytes: Uint8Array, offset: number): number {
    return this.#edgeAt[this.#placeOf(bytes, offset)]!;
  }

  /** The slot of `vlan` towards edge switch `edge`, or -1. Never allocates. */
  slotOf(edge: number, vlan: number): number {
    return this.#slotOf.get(slotKey(edge, vlan)) ?? -1;
  }

  /** Where the MAC is, or belongs. At most half of the places are taken, so there is one. */
  #placeOf(bytes: Uint8Array, offset: number): number {
    const high = read16(bytes, offset);
    const low = readInt32(bytes, offset + 2);
    const mask = this.#edgeAt.length - 1;
    let place = (Math.imul(low ^ high, 0x9e3779b1) >>> 15) & mask;
    while (this.#edgeAt[place]! >= 0 && (this.#macLow[place] !== low || this.#macHigh[place] !== high)) {
      place = (place + 1) & mask;
    }
    return place;
  }
}

function slotKey(edge: number, vlan: number): number {
  return edge * (VLAN_MAX + 2) + vlan;
}

function refused(field: string, expected: string, value: Uint8Array | number): CodecError {
  const actual =
    typeof value === 'number' ? value : value.length === MAC_LENGTH ? formatMac(value) : `${value.length} octets`;
  return new CodecError(
    'E_FIELD_RANGE',
    { protocol: 'spain', field, expected, actual },
    `${field} must be ${expected}, got ${actual}`,
  );
}
