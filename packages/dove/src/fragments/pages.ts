/**
 * The memory of a reassembly store, in one array: buffers for delivered datagrams, and pages of 4 KiB. A datagram in
 * assembly has a page for each 4 KiB of its range that some data has come for, so that data is written where it belongs,
 * in any order, and fragments of any size share pages.
 */

/** Octets of a page. */
export const PAGE_LENGTH = 4096;
/** Pages that a datagram can have. */
export const PAGES_PER_DATAGRAM = 16;
/** Free octets in front of a delivered datagram, for the headers that somebody may want to prepend. */
export const HEADROOM = 128;

const BUFFER_LENGTH = PAGES_PER_DATAGRAM * PAGE_LENGTH;
const STRIDE = HEADROOM + BUFFER_LENGTH;
/** Below this many octets a loop costs less than the view that a native copy needs. */
const SHORT = 48;

/** Buffers and pages, named by their index. */
export class PageMemory {
  /** Everything. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Pages in use. */
  used = 0;
  /** How many there are. */
  readonly limit: number;
  readonly #deliveries: number;
  readonly #heap: number;
  /** A stack of free pages; entries from `used` on are free. */
  readonly #free: Int32Array<ArrayBuffer>;
  #buffer = 0;

  /** Memory for so many delivered datagrams and pages. */
  constructor(deliveries: number, pages: number) {
    this.limit = pages;
    this.#deliveries = deliveries;
    this.#heap = deliveries * STRIDE;
    this.bytes = new Uint8Array(this.#heap + pages * PAGE_LENGTH);
    this.#free = Int32Array.from({ length: pages }, (_, page) => page);
  }

  /** Octets of memory held. */
  get byteLength(): number {
    return this.bytes.byteLength + this.#free.byteLength;
  }

  /** A free page. There must be one. */
  take(): number {
    return this.#free[this.used++]!;
  }

  /** Gives a page back. */
  release(page: number): void {
    this.#free[--this.used] = page;
  }

  /** Copies `from[start..end)` into a page, from its octet `at` on. */
  write(page: number, at: number, from: Uint8Array, start: number, end: number): void {
    const { bytes } = this;
    const to = this.#heap + page * PAGE_LENGTH + at;
    if (end - start < SHORT) for (let i = start, j = to; i < end; i++, j++) bytes[j] = from[i]!;
    else bytes.set(from.subarray(start, end), to);
  }

  /** True if a page holds the octets `from[start..end)` from its octet `at` on. */
  equals(page: number, at: number, from: Uint8Array, start: number, end: number): boolean {
    const shift = this.#heap + page * PAGE_LENGTH + at - start;
    for (let i = start; i < end; i++) if (this.bytes[i + shift] !== from[i]) return false;
    return true;
  }

  /** The buffer that was delivered into longest ago: the offset in `bytes` for the next datagram. */
  nextBuffer(): number {
    this.#buffer = (this.#buffer + 1) % this.#deliveries;
    return this.#buffer * STRIDE + HEADROOM;
  }

  /** Copies the first `length` octets of a page to `bytes[to..]`. */
  read(page: number, length: number, to: number): void {
    const at = this.#heap + page * PAGE_LENGTH;
    this.bytes.copyWithin(to, at, at + length);
  }
}
