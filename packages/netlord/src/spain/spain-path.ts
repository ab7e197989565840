/**
 * SPAIN at an NLA (NSDI 2010; NetLord, SIGCOMM 2011): picks a VLAN for every flow, notices which VLANs stopped working and
 * moves their flows, and says when to chirp. A pure state machine: time comes with each call, randomness with the constructor.
 */
import { ChirpSchedule } from './chirp-schedule.js';
import { CHIRP_PERIOD_MS, FLOW_CAPACITY, FLOW_IDLE_MS, TREE_VLAN } from './constants.js';
import { FlowTable } from './flow-table.js';
import { PathHealth } from './path-health.js';
import { ReachIndex, type ReachTable } from './reach.js';

/** How SPAIN is set up at one NLA. */
export interface SpainOptions {
  /** MAC of the edge switch that this NLA's server hangs on, 6 octets. */
  readonly ownEdge: Uint8Array;
  /** What that edge switch can use towards the others. */
  readonly reach: ReachTable;
  /** 32 random bits, signed or not. */
  readonly random32: () => number;
  /** Mean time between chirps, above 0. Default CHIRP_PERIOD_MS. All NLAs of a network must have the same. */
  readonly chirpPeriodMs?: number;
  /** Flows that are remembered. Default FLOW_CAPACITY. */
  readonly flowCapacity?: number;
}

/** What SPAIN did so far. */
export interface SpainCounters {
  /** Flows that picked a VLAN for the first time, or after a pause. */
  readonly picked: number;
  /** Flows that left a VLAN that was down. */
  readonly moved: number;
  /** Packets that took the tree because no VLAN was up, or their edge switch is in no reach table. */
  readonly fallback: number;
  /** Flows forgotten because the table was full. */
  readonly evicted: number;
  /** (edge switch, VLAN) pairs that went down, and those that came up again. */
  readonly wentDown: number;
  readonly cameUp: number;
  /** Chirps asked for. */
  readonly chirps: number;
}

/** SPAIN at one NLA. The agent's Path role asks it for every packet. */
export class SpainPath {
  readonly #index: ReachIndex;
  readonly #health: PathHealth;
  readonly #flows: FlowTable;
  readonly #chirps: ChirpSchedule;
  readonly #random32: () => number;
  readonly #ownEdge: Uint8Array;
  #picked = 0;
  #moved = 0;
  #fallback = 0;

  /** @throws CodecError E_FIELD_RANGE for a reach table that can't be one */
  constructor(options: SpainOptions) {
    const { ownEdge, reach, random32, chirpPeriodMs = CHIRP_PERIOD_MS, flowCapacity = FLOW_CAPACITY } = options;
    this.#index = new ReachIndex(reach);
    this.#health = new PathHealth(this.#index.vlans.length, chirpPeriodMs);
    this.#flows = new FlowTable(flowCapacity);
    this.#chirps = new ChirpSchedule(this.#index.allVlans, chirpPeriodMs, random32);
    this.#random32 = random32;
    this.#ownEdge = ownEdge.slice();
  }

  /** Number of the edge switch whose MAC is at `bytes[offset..]`, or -1 if the reach table lacks it. O(1), never allocates. */
  edgeOf(bytes: Uint8Array, offset = 0): number {
    return this.#index.edgeOf(bytes, offset);
  }

  /**
   * The VLAN for a packet of the flow `flowKey` (32 bits over tenant, address space, MACs and five-tuple) to the edge switch
   * `edge`: that of the flow if it is known, was used within FLOW_IDLE_MS and its VLAN is up; else any that is up, all alike likely;
   * TREE_VLAN if none is. O(VLANs of the edge switch) for a new flow, O(1) else; never allocates.
   */
  choose(edge: number, flowKey: number, nowMs: number): number {
    if (edge < 0 || edge >= this.#index.edges) return this.#fallBack();
    const key = flowKey | 0;
    const place = this.#flows.find(edge, key);
    const isAlive = place >= 0 && nowMs - this.#flows.usedMs(place) <= FLOW_IDLE_MS;
    if (isAlive && this.#health.isUp(this.#flows.slotAt(place), nowMs)) {
      this.#flows.touch(place, nowMs);
      return this.#index.vlans[this.#flows.slotAt(place)]!;
    }
    const slot = this.#pick(edge, nowMs);
    // A flow on the tree is not remembered, so it leaves the tree as soon as it can.
    if (slot < 0) return this.#fallBack();
    if (isAlive) this.#moved++;
    else this.#picked++;
    this.#flows.put(edge, key, slot, nowMs, nowMs - FLOW_IDLE_MS);
    return this.#index.vlans[slot]!;
  }

  /** Data from an NLA behind `edge` (any integer) came over `vlan`. O(1), never allocates. */
  heard(edge: number, vlan: number, nowMs: number): void {
    const slot = this.#index.slotOf(edge, vlan);
    if (slot >= 0) this.#health.heard(slot, nowMs);
  }

  /** A chirp came over `vlan`; the MAC of the edge switch that sent it is at `bytes[offset..]`. O(1), never allocates. */
  heardChirp(bytes: Uint8Array, offset: number, vlan: number, nowMs: number): void {
    if (this.#isOwnEdge(bytes, offset)) {
      this.#chirps.heardOwn(vlan, nowMs);
      return;
    }
    const slot = this.#index.slotOf(this.#index.edgeOf(bytes, offset), vlan);
    if (slot >= 0) this.#health.heard(slot, nowMs);
  }

  /** The next VLAN to chirp on now: broadcast a HERE of any NIC of ours on it. 0: none; ask until then, about ten times a period. */
  nextChirp(nowMs: number): number {
    return this.#chirps.next(nowMs);
  }

  /** Lets time pass: silence counts from the first call on. Call about ten times a chirp period. O(reach table). */
  tick(nowMs: number): void {
    this.#health.tick(nowMs);
  }

  /** Whether flows to `edge` may use `vlan` now. */
  isUp(edge: number, vlan: number, nowMs: number): boolean {
    const slot = this.#index.slotOf(edge, vlan);
    return slot >= 0 && this.#health.isUp(slot, nowMs);
  }

  /** Everything counted so far, in new memory. */
  counters(): SpainCounters {
    return {
      picked: this.#picked,
      moved: this.#moved,
      fallback: this.#fallback,
      evicted: this.#flows.evictions,
      wentDown: this.#health.wentDown,
      cameUp: this.#health.cameUp,
      chirps: this.#chirps.sent,
    };
  }

  #fallBack(): number {
    this.#fallback++;
    return TREE_VLAN;
  }

  /** A slot of `edge` that is up, or -1. */
  #pick(edge: number, nowMs: number): number {
    const start = this.#index.starts[edge]!;
    const end = this.#index.starts[edge + 1]!;
    let up = 0;
    for (let slot = start; slot < end; slot++) if (this.#health.isUp(slot, nowMs)) up++;
    if (up === 0) return -1;
    let skip = Math.floor(((this.#random32() >>> 0) * up) / 0x1_0000_0000);
    for (let slot = start; ; slot++) {
      if (this.#health.isUp(slot, nowMs) && skip-- === 0) return slot;
    }
  }

  #isOwnEdge(bytes: Uint8Array, offset: number): boolean {
    for (let i = 0; i < this.#ownEdge.length; i++) if (bytes[offset + i] !== this.#ownEdge[i]) return false;
    return true;
  }
}
