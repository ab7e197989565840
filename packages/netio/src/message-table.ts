import type { Arena } from './arena.js';

/** Octets of `struct mmsghdr`: msghdr 0 (name 0, namelen 8, iov 16, iovlen 24, control 32, controllen 40, flags 48), length 56. */
const MESSAGE_LENGTH = 64;
const NAME_LENGTH = 8;
const IOV = 16;
const IOV_COUNT = 24;
const CONTROL = 32;
const CONTROL_LENGTH = 40;
const FLAGS = 48;
const RESULT = 56;
/** Octets of `struct iovec`: base 0, length 8. */
const IOVEC_LENGTH = 16;
/** Octets kept for each socket address; `sockaddr_in6` needs 28. */
const NAME_SPACE = 32;
/** Octets kept for each message's control messages: three of up to 8 octets, each behind a header of 16. */
export const CONTROL_SPACE = 128;

/**
 * The argument of sendmmsg(2) and recvmmsg(2): `entries` message headers in an arena, each with one buffer, one socket
 * address and room for control messages. Pointers are written once; per packet only what differs.
 */
export class MessageTable {
  readonly #arena: Arena;
  readonly #words: Uint32Array;
  readonly #offset: number;
  readonly #entries: number;
  readonly #vectors: number;
  readonly #names: number;
  readonly #controls: number;

  /**
   * Allocates the table. Its messages have socket addresses unless they are `bare`, and room for control messages if
   * they are `control`. @throws NetioError E_NETIO_NO_MEMORY
   */
  constructor(arena: Arena, entries: number, kind: 'control' | 'plain' | 'bare') {
    this.#arena = arena;
    this.#words = arena.words;
    this.#entries = entries;
    this.#offset = arena.allocate(this.#size);
    this.#vectors = this.#offset + entries * MESSAGE_LENGTH;
    this.#names = this.#vectors + entries * IOVEC_LENGTH;
    this.#controls = this.#names + entries * NAME_SPACE;
    for (let i = 0; i < entries; i++) {
      const message = this.#offset + i * MESSAGE_LENGTH;
      if (kind !== 'bare') arena.writePointer(message, this.nameOffset(i));
      arena.writePointer(message + IOV, this.#vectors + i * IOVEC_LENGTH);
      this.#words[(message + IOV_COUNT) >>> 2] = 1;
      if (kind === 'control') arena.writePointer(message + CONTROL, this.controlOffset(i));
    }
  }

  /** Address of message `index`, for the system call. */
  address(index: number): number {
    return this.#arena.address(this.#offset + index * MESSAGE_LENGTH);
  }

  /** Offset in the arena of the socket address of message `index`. */
  nameOffset(index: number): number {
    return this.#names + index * NAME_SPACE;
  }

  /** Offset in the arena of the control messages of message `index`. */
  controlOffset(index: number): number {
    return this.#controls + index * CONTROL_SPACE;
  }

  /** Points message `index` at `length` octets at `offset` of the arena. */
  setBuffer(index: number, offset: number, length: number): void {
    const vector = this.#vectors + index * IOVEC_LENGTH;
    this.#arena.writePointer(vector, offset);
    this.#words[(vector + 8) >>> 2] = length;
  }

  /** Sets the lengths that recvmmsg overwrites: of the room for the address and for control messages. */
  setLengths(index: number, nameLength: number, controlLength: number): void {
    const message = (this.#offset + index * MESSAGE_LENGTH) >>> 2;
    this.#words[message + NAME_LENGTH / 4] = nameLength;
    this.#words[message + CONTROL_LENGTH / 4] = controlLength;
  }

  /** Octets received in message `index`. */
  length(index: number): number {
    return this.#words[(this.#offset + index * MESSAGE_LENGTH + RESULT) >>> 2]!;
  }

  /** Flags of the received message `index`, such as MSG_TRUNC. */
  flags(index: number): number {
    return this.#words[(this.#offset + index * MESSAGE_LENGTH + FLAGS) >>> 2]!;
  }

  /** Octets of control messages received with message `index`. */
  controlLength(index: number): number {
    return this.#words[(this.#offset + index * MESSAGE_LENGTH + CONTROL_LENGTH) >>> 2]!;
  }

  /** Gives the memory back to the arena. */
  release(): void {
    this.#arena.release(this.#offset, this.#size);
  }

  get #size(): number {
    return this.#entries * (MESSAGE_LENGTH + IOVEC_LENGTH + NAME_SPACE + CONTROL_SPACE);
  }
}
