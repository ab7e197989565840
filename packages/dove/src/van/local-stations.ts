import { PeerSet } from './peer-set.js';
import { StationTable, enlarged } from './station-table.js';

/**
 * The VMs on this host, with the generation of their placement and the switches that send to them. A switch knows all of
 * its VMs, so nothing here ages. Memory: 40 octets per VM, and its set of peers (`PeerSet`) once there is one.
 */
export class LocalStations extends StationTable {
  readonly #peersPerStation: number;
  #generations: Int32Array;
  #arrivedMs: Float64Array;
  readonly #peers: (PeerSet | undefined)[] = [];
  readonly #instances = new Map<number, number>();

  /** No VMs yet. */
  constructor(capacity: number, peersPerStation: number, seed: number) {
    super(capacity, seed);
    this.#peersPerStation = peersPerStation;
    this.#generations = new Int32Array(this.slots);
    this.#arrivedMs = new Float64Array(this.slots);
  }

  /** VMs of an instance on this host. */
  countOf(network: number): number {
    return this.#instances.get(network) ?? 0;
  }

  /** Which placement of its VM this is. */
  generationOf(slot: number): number {
    return this.#generations[slot]!;
  }

  /** When it arrived. */
  arrivedMsOf(slot: number): number {
    return this.#arrivedMs[slot]!;
  }

  /** Counts it as another placement. */
  setGeneration(slot: number, generation: number): void {
    this.#generations[slot] = generation;
  }

  /** Takes in a VM that is not here yet; its slot, or -1 if there is no room. */
  arrive(network: number, high: number, low: number, generation: number, nowMs: number): number {
    const slot = this.add(network, high, low);
    if (slot < 0) return slot;
    this.#generations[slot] = generation;
    this.#arrivedMs[slot] = nowMs;
    this.#peers[slot] = undefined;
    this.#instances.set(network, this.countOf(network) + 1);
    return slot;
  }

  /** Lets a VM go. */
  depart(slot: number): void {
    const network = this.networkOf(slot);
    const left = this.countOf(network) - 1;
    if (left === 0) this.#instances.delete(network);
    else this.#instances.set(network, left);
    this.#peers[slot] = undefined;
    this.remove(slot);
  }

  /** Notes that the switch at `locator` sent to the VM. */
  notePeer(slot: number, locator: number): void {
    if (this.#peersPerStation === 0) return;
    (this.#peers[slot] ??= new PeerSet(this.#peersPerStation)).note(locator);
  }

  /** The switches that sent to the VM, most recent first, in new memory. */
  peersOf(slot: number): Int32Array {
    return this.#peers[slot]?.list() ?? new Int32Array(0);
  }

  protected override resize(slots: number): void {
    this.#generations = enlarged(this.#generations, slots);
    this.#arrivedMs = enlarged(this.#arrivedMs, slots);
  }
}
