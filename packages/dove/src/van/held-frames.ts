import type { PacketBuffer } from '@overlane/wire';
import type { FaultCounts } from './fault-counts.js';
import type { VanFault } from './faults.js';

/** How many frames may wait. */
export interface HeldFramesLimits {
  /** Frames per destination; the oldest makes room. */
  readonly framesPerStation: number;
  /** Octets of all frames, whatever they wait for; more are refused. */
  readonly heldOctets: number;
  /** Octets kept free in front of each frame for the headers of the tunnel. */
  readonly headroom: number;
}

const NOTHING: readonly PacketBuffer[] = [];

/**
 * Frames that wait until their destination is found, by table slot. They are copies, the only ones on the way of a
 * packet: its buffer goes back to the port. Memory: `heldOctets`, and per frame the headroom and some 100 octets.
 */
export class HeldFrames {
  readonly #limits: HeldFramesLimits;
  readonly #faults: FaultCounts;
  readonly #queues = new Map<number, PacketBuffer[]>();
  #octets = 0;

  /** No frames yet. */
  constructor(limits: HeldFramesLimits, faults: FaultCounts) {
    this.#limits = limits;
    this.#faults = faults;
  }

  /** Octets held. */
  get octets(): number {
    return this.#octets;
  }

  /** Copies `frame` to the end of the slot's queue. What is dropped for it, or it itself, counts E_VAN_QUEUE. */
  hold(slot: number, frame: PacketBuffer): void {
    const queue = this.#queues.get(slot);
    if (queue !== undefined && queue.length >= this.#limits.framesPerStation) {
      this.#octets -= queue.shift()!.length;
      this.#faults.add('E_VAN_QUEUE');
    }
    if (this.#octets + frame.length > this.#limits.heldOctets) {
      this.#faults.add('E_VAN_QUEUE');
      return;
    }
    this.#octets += frame.length;
    const copy = frame.clone(this.#limits.headroom);
    if (queue === undefined) this.#queues.set(slot, [copy]);
    else queue.push(copy);
  }

  /** Drops the slot's frames; each counts `fault`. */
  drop(slot: number, fault: VanFault): void {
    for (let left = this.release(slot).length; left > 0; left--) this.#faults.add(fault);
  }

  /** Lets go of the slot's frames, oldest first; they are the caller's now. */
  release(slot: number): readonly PacketBuffer[] {
    const queue = this.#queues.get(slot);
    if (queue === undefined) return NOTHING;
    this.#queues.delete(slot);
    for (const frame of queue) this.#octets -= frame.length;
    return queue;
  }
}
