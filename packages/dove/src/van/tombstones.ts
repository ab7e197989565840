import { FLAG } from './constants.js';
import { Deadlines } from './deadlines.js';
import { isNewer } from './generation.js';
import type { Place } from './placement.js';
import { StationTable, enlarged } from './station-table.js';

/**
 * The VMs that left this host: which placement that was, and where they are now if we know. They are forgotten after a
 * while, and the oldest when there is no room. Memory: 57 octets per VM.
 */
export class Tombstones extends StationTable {
  readonly #keepMs: number;
  readonly #deadlines = new Deadlines();
  #generations: Int32Array;
  #locators: Int32Array;
  #flags: Uint8Array;

  /** Empty; each VM is kept for `keepMs`. */
  constructor(capacity: number, keepMs: number, seed: number) {
    super(capacity, seed);
    this.#keepMs = keepMs;
    this.#generations = new Int32Array(this.slots);
    this.#locators = new Int32Array(this.slots);
    this.#flags = new Uint8Array(this.slots);
  }

  /** When `tick` has something to do, or Infinity. */
  get nextMs(): number {
    return this.#deadlines.nextMs;
  }

  /** The latest placement known, in new memory: where the VM went, or NOWHERE and the one that ended here. */
  placeOf(slot: number): Place {
    return { locator: this.#locators[slot]!, generation: this.#generations[slot]!, flags: this.#flags[slot]! };
  }

  /** Remembers that a VM left; `place` as `placeOf` gives it. */
  bury(network: number, high: number, low: number, place: Place, nowMs: number): void {
    let slot = this.find(network, high, low);
    if (slot < 0) {
      if (this.size >= this.capacity) this.remove(this.#deadlines.take(Infinity));
      slot = this.add(network, high, low);
    }
    this.#place(slot, place);
    this.#deadlines.set(slot, nowMs + this.#keepMs);
  }

  /** Notes a later placement of the VM in `slot`; false if it isn't later than the one known. */
  follow(slot: number, place: Place): boolean {
    if (!isNewer(place.generation, this.#generations[slot]!)) return false;
    this.#place(slot, place);
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

  #place(slot: number, { locator, generation, flags }: Place): void {
    this.#locators[slot] = locator;
    this.#generations[slot] = generation;
    this.#flags[slot] = flags & FLAG.PROXY;
  }

  protected override resize(slots: number): void {
    this.#generations = enlarged(this.#generations, slots);
    this.#locators = enlarged(this.#locators, slots);
    this.#flags = enlarged(this.#flags, slots);
  }
}
