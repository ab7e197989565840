import { PacketBuffer } from '@overlane/wire';
import { Deadlines } from './deadlines.js';
import type { FaultCounts } from './fault-counts.js';
import { StationTable, enlarged } from './station-table.js';

/** Where the fragments of a payload go: a locator, or one of these. */
export const ROUTE = {
  /** The first fragment, which names the destination, hasn't come. */
  UNKNOWN: 0,
  /** Nowhere: the first one was refused. */
  REFUSED: -1,
  /** To all, as a broadcast. */
  GROUP: 1,
} as const;

/** How much may wait. */
export interface FragmentRoutesLimits {
  /** Payloads under way; the oldest makes room. Default 1,024. */
  readonly fragmentedPayloads: number;
  /** Octets of fragments that wait for the first one of their payload. Default 1 MiB. */
  readonly heldFragmentOctets: number;
  /** How long a payload is remembered. Default 1,000. */
  readonly fragmentMs: number;
  /** Octets kept free in front of what is held. */
  readonly headroom: number;
}

/**
 * Which way the fragments of a payload go through a proxy, which puts nothing together: the first fragment holds the
 * destination, so its way is theirs, and those that overtook it wait. The key is (source, instance, identification).
 * Memory: `heldFragmentOctets`, and 64 octets per payload.
 */
export class FragmentRoutes extends StationTable {
  readonly #limits: FragmentRoutesLimits;
  readonly #faults: FaultCounts;
  readonly #deadlines = new Deadlines();
  readonly #held: (PacketBuffer[] | undefined)[] = [];
  #routes: Int32Array;
  #octets = 0;

  /** No payload is under way. */
  constructor(limits: FragmentRoutesLimits, faults: FaultCounts, seed: number) {
    super(limits.fragmentedPayloads, seed);
    this.#limits = limits;
    this.#faults = faults;
    this.#routes = new Int32Array(this.slots);
  }

  /** Octets that wait. */
  get octets(): number {
    return this.#octets;
  }

  /** When `tick` has something to do, or Infinity. */
  get nextMs(): number {
    return this.#deadlines.nextMs;
  }

  /** The payload's slot, from now on if it is new. */
  open(network: number, source: number, identification: number, nowMs: number): number {
    const known = this.find(network, source, identification);
    if (known >= 0) return known;
    if (this.size >= this.capacity) this.#close(this.#deadlines.take(Infinity));
    const slot = this.add(network, source, identification);
    this.#routes[slot] = ROUTE.UNKNOWN;
    this.#held[slot] = undefined;
    this.#deadlines.set(slot, nowMs + this.#limits.fragmentMs);
    return slot;
  }

  /** Where its fragments go: a locator, or a ROUTE. */
  routeOf(slot: number): number {
    return this.#routes[slot]!;
  }

  /** Keeps a copy of a fragment until the way is known. If there is no room, it counts E_VAN_QUEUE. */
  hold(slot: number, packet: PacketBuffer): void {
    if (this.#octets + packet.length > this.#limits.heldFragmentOctets) {
      this.#faults.add('E_VAN_QUEUE');
      return;
    }
    this.#octets += packet.length;
    const copy = PacketBuffer.from(packet.view(), this.#limits.headroom);
    const held = this.#held[slot];
    if (held === undefined) this.#held[slot] = [copy];
    else held.push(copy);
  }

  /** Settles the way; what waited for it is the caller's. */
  settle(slot: number, route: number): readonly PacketBuffer[] {
    this.#routes[slot] = route;
    return this.#release(slot);
  }

  /** Forgets payloads that are over; what still waited counts E_VAN_QUEUE. */
  tick(nowMs: number): void {
    for (let slot = this.#deadlines.take(nowMs); slot >= 0; slot = this.#deadlines.take(nowMs)) this.#close(slot);
  }

  protected override resize(slots: number): void {
    this.#routes = enlarged(this.#routes, slots);
  }

  #close(slot: number): void {
    const lost = this.#release(slot).length;
    for (let i = 0; i < lost; i++) this.#faults.add('E_VAN_QUEUE');
    this.remove(slot);
  }

  #release(slot: number): readonly PacketBuffer[] {
    const held = this.#held[slot] ?? [];
    this.#held[slot] = undefined;
    for (const packet of held) this.#octets -= packet.length;
    return held;
  }
}
