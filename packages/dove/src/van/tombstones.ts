import { Deadlines } from './deadlines.js';
import { isNewer } from './generation.js';
import type { Placement } from './placement.js';
import { StationTable, enlarged } from './station-table.js';

/** No new place is known. */
export const NOWHERE = 0;

/**
 * The VMs that left this host: which placement that was, and where they are now if we know. They are forgotten after a
 * while, and the oldest when there is no room. Memory: 56 octets per VM.
 */
export class Tombstones extends StationTable {
  readonly #keepMs: number;
  readonly #deadlines = new Deadlines();
  #generations: Int32Array;
  #locators: Int32Array;

  /** Empty; each VM is kept for `keepMs`. */
  constructor(capacity: number, keepMs: number, seed: number) {
    super(capacity, seed);
    this.#keepMs = keepMs;
    this.#generations = new Int32Array(this.slots);
    this.#locators = new Int32Array(this.slots);
  }

  /** When `tick` has something to do, or Infinity. */
  get nextMs(): number {
    return this.#deadlines.nextMs;
  }

  /** Where the VM went, or NOWHERE. */
  locatorOf(slot: number): number {
    return this.#locators[slot]!;
  }

  /** The latest placement known: the one at `locatorOf`, or the one that ended here. */
  generationOf(slot: number): number {
    return this.#generations[slot]!;
  }

  /** Remembers that a VM left; `locator` is NOWHERE or where it is now, and `generation` that of the latest place. */
  bury(network: number, high: number, low: number, locator: number, generation: number, nowMs: number): void {
    let slot = this.find(network, high, low);
    if (slot < 0) {
      if (this.size >= this.capacity) this.remove(this.#deadlines.take(Infinity));
      slot = this.add(network, high, low);
    }
    this.#locators[slot] = locator;
    this.#generations[slot] = generation;
    this.#deadlines.set(slot, nowMs + this.#keepMs);
  }

  /** Notes a later placement of the VM in `slot`; false if it isn't later than the one known. */
  follow(slot: number, place: Placement): boolean {
    if (!isNewer(place.generation, this.#generations[slot]!)) return false;
    this.#locators[slot] = place.locator;
    this.#generations[slot] = place.generation;
    return true;
  }

  /** Forgets the VM, which is back. Returns the latest generation known, or 0. */
  exhume(network: number, high: number, low: number): number {
    const slot = this.find(network, high, low);
    if (slot < 0) return 0;
    this.#deadlines.clear(slot);
    this.remove(slot);
    return this.#generations[slot]!;
  }

  /** Forgets what is old. */
  tick(nowMs: number): void {
    for (let slot = this.#deadlines.take(nowMs); slot >= 0; slot = this.#deadlines.take(nowMs)) this.remove(slot);
  }

  protected override resize(slots: number): void {
    this.#generations = enlarged(this.#generations, slots);
    this.#locators = enlarged(this.#locators, slots);
  }
}
