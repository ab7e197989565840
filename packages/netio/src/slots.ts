import { PacketBuffer } from '@overlane/wire';
import type { Arena } from './arena.js';

/**
 * Octets in front of each received packet. Room for outer Ethernet, IPv6, UDP or TCP, a tunnel header with options and
 * a vnet header together; the 2 puts an Ethernet frame at 2 mod 4, so that the IP header behind it is aligned. Outer IP
 * packets start there too: the frame that their headers (multiples of 4) carry is then at 2 mod 4 again.
 */
export const HEADROOM = 192 + 2;

/** Octets of a slot at the usual MTU: 2,110 of them for the packet. */
export const SLOT_SIZE_MIN = 2304;

/** Largest MTU of a port: what an IPv4 packet can be. */
export const MTU_MAX = 65_535;

/** Slots for super-frames of up to 64 KiB in use at once: with more, their octets leave the cache before they are read. */
export const SUPER_SLOTS = 16;

/** Batches of packets in a table to be sent where runs of them leave as one: else a table would end most runs too early. */
export const RUNS_PER_BATCH = 8;

/** Ethernet header and two VLAN tags. */
const LINK_HEADER_MAX = 22;

/** Octets of a slot for packets of `mtu`, and one more, so that a packet that fills its slot is known to be too long. */
export function slotSize(mtu: number): number {
  return Math.max(SLOT_SIZE_MIN, Math.ceil((HEADROOM + LINK_HEADER_MAX + mtu + 1) / 256) * 256);
}

/** A row of equal packet slots `[headroom][packet]` in an arena, with one reusable window on each. */
export class Slots {
  /** The windows, one per slot. */
  readonly windows: readonly PacketBuffer[];
  /** Octets of a slot behind its headroom. */
  readonly capacity: number;
  readonly #arena: Arena;
  readonly #offset: number;
  readonly #size: number;

  /** Allocates `count` slots for packets of `mtu`. @throws NetioError E_NETIO_NO_MEMORY */
  constructor(arena: Arena, count: number, mtu: number) {
    this.#arena = arena;
    this.#size = slotSize(mtu);
    this.capacity = this.#size - HEADROOM;
    this.#offset = arena.allocate(this.#size * count);
    this.windows = Array.from({ length: count }, (_, index) => new PacketBuffer(arena.bytes, this.start(index)));
  }

  /** Offset in the arena at which the packet in slot `index` starts. */
  start(index: number): number {
    return this.#offset + index * this.#size + HEADROOM;
  }

  /**
   * Copies a packet from foreign memory into slot `index` and returns its offset, or -1 if it is too long. Allocates a
   * view: only for packets that were not received into this arena.
   */
  copy(index: number, packet: PacketBuffer): number {
    const length = packet.end - packet.start;
    if (length > this.capacity) return -1;
    const start = this.start(index);
    this.#arena.bytes.set(packet.bytes.subarray(packet.start, packet.end), start);
    return start;
  }

  /** Gives the memory back to the arena. */
  release(): void {
    this.#arena.release(this.#offset, this.#size * this.windows.length);
  }
}
