import { PacketBuffer } from '@overlane/wire';
import type { Arena } from './arena.js';
import { HEADROOM, slotSize } from './slots.js';

/** Frames start so many octets apart, or a multiple: a cache line. */
const ALIGNMENT = 64;

/** How much a {@link FrameRoom} holds. */
export interface FrameRoomSize {
  /** Frames. */
  readonly frames: number;
  /** MTU of the largest one. */
  readonly mtu: number;
  /** Octets of all together, headroom included; the last may go beyond. Default: room for that many of the largest. */
  readonly octets?: number;
}

/**
 * Room for a batch of frames, `[headroom][frame]` one behind the other, so that a batch of small ones takes little of the
 * cache and one of super-frames ends by its octets, not by their number. Each frame starts at 2 mod 64.
 */
export class FrameRoom {
  /** The frames' windows, in order. */
  readonly windows: readonly PacketBuffer[];
  /** Octets of the longest frame that is taken, and one more, which tells that one was longer. */
  readonly capacity: number;
  readonly #arena: Arena;
  readonly #offset: number;
  readonly #size: number;
  readonly #last: number;
  #next: number;

  /** @throws NetioError E_NETIO_NO_MEMORY */
  constructor(arena: Arena, size: FrameRoomSize) {
    const { frames, mtu } = size;
    const most = slotSize(mtu);
    this.#arena = arena;
    this.#size = FrameRoom.memory(size);
    this.#offset = arena.allocate(this.#size);
    this.capacity = most - HEADROOM;
    this.#last = this.#offset + this.#size - most;
    this.#next = this.#offset;
    this.windows = Array.from({ length: frames }, () => new PacketBuffer(arena.bytes, this.#offset + HEADROOM));
  }

  /** Octets of the arena that a room of that size takes. */
  static memory({ frames, mtu, octets = Infinity }: FrameRoomSize): number {
    const most = slotSize(mtu);
    return Math.ceil(Math.min(octets + most, frames * most) / ALIGNMENT) * ALIGNMENT;
  }

  /** Forgets all frames. */
  clear(): void {
    this.#next = this.#offset;
  }

  /** Where the next frame goes, `capacity` octets at most; -1 if it might not fit. */
  get next(): number {
    return this.#next <= this.#last ? this.#next + HEADROOM : -1;
  }

  /** Keeps the frame of `length` octets that was put where `next` says. */
  keep(length: number): void {
    this.#next = (this.#next + HEADROOM + length + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /** Gives the memory back to the arena. */
  release(): void {
    this.#arena.release(this.#offset, this.#size);
  }
}
