import type { Arena } from './arena.js';

/** Octets of `struct mmsghdr`: msghdr 0 (iov 16, iovlen 24, control 32), length 56. */
const MESSAGE_LENGTH = 64;
const IOV = 16;
const IOV_COUNT = 24;
/** Octets of `struct iovec`: base 0, length 8. */
const IOVEC_LENGTH = 16;

/** Octets that each message has for headers of its own. */
export const HEADER_SPACE = 96;

/**
 * The argument of sendmmsg(2) on a bound socket: up to `entries` messages, each gathered from a header of its own and
 * any number of pieces of the arena, `2 * entries` pieces in all. Messages are made in order, pieces added to the last.
 */
export class SendTable {
  /** Messages made since `clear`. */
  count = 0;
  readonly #arena: Arena;
  readonly #words: Uint32Array;
  readonly #offset: number;
  readonly #entries: number;
  readonly #vectors: number;
  readonly #headers: number;
  #pieces = 0;

  /** Allocates the table. @throws NetioError E_NETIO_NO_MEMORY */
  constructor(arena: Arena, entries: number) {
    this.#arena = arena;
    this.#words = arena.words;
    this.#entries = entries;
    this.#offset = arena.allocate(this.#size);
    this.#vectors = this.#offset + entries * MESSAGE_LENGTH;
    this.#headers = this.#vectors + 2 * entries * IOVEC_LENGTH;
  }

  /** Address of message `index`, for the system call. */
  address(index: number): number {
    return this.#arena.address(this.#offset + index * MESSAGE_LENGTH);
  }

  /** Offset in the arena of the {@link HEADER_SPACE} octets of message `index`. */
  header(index: number): number {
    return this.#headers + index * HEADER_SPACE;
  }

  /** Starts a message with the first `headerLength` octets of its header, and returns its index. */
  add(headerLength: number): number {
    const index = this.count++;
    const message = this.#offset + index * MESSAGE_LENGTH;
    this.#arena.writePointer(message + IOV, this.#vectors + this.#pieces * IOVEC_LENGTH);
    this.#words[(message + IOV_COUNT) >>> 2] = 0;
    this.addPiece(this.header(index), headerLength);
    return index;
  }

  /** Adds `length` octets at `offset` of the arena to the last message. */
  addPiece(offset: number, length: number): void {
    const vector = this.#vectors + this.#pieces++ * IOVEC_LENGTH;
    this.#arena.writePointer(vector, offset);
    this.#words[(vector + 8) >>> 2] = length;
    this.#words[(this.#offset + (this.count - 1) * MESSAGE_LENGTH + IOV_COUNT) >>> 2]!++;
  }

  /** Gives the last message, which has one piece, another length of its header and another piece. */
  reshape(headerLength: number, offset: number, length: number): void {
    this.#pieces -= 2;
    this.#words[(this.#offset + (this.count - 1) * MESSAGE_LENGTH + IOV_COUNT) >>> 2] = 0;
    this.addPiece(this.header(this.count - 1), headerLength);
    this.addPiece(offset, length);
  }

  /** Forgets all messages. */
  clear(): void {
    this.count = 0;
    this.#pieces = 0;
  }

  /** Gives the memory back to the arena. */
  release(): void {
    this.#arena.release(this.#offset, this.#size);
  }

  get #size(): number {
    return this.#entries * (MESSAGE_LENGTH + 2 * IOVEC_LENGTH + HEADER_SPACE);
  }
}
