import { NetioError, systemError } from './errors.js';
import {
  MAP_ANONYMOUS,
  MAP_FIXED_NOREPLACE,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_READ_WRITE,
} from './linux.js';
import { mapSummedMemory } from './summed-memory.js';
import { loadSystemCalls, type SystemCalls } from './sys.js';

/** Octets that {@link Arena.forThread} reserves: room for a few hundred ports at the usual MTU. */
export const ARENA_BYTES = 64 * 1024 * 1024;

/** Where arenas go: addresses below 2^31 are small integers to V8, so that passing one allocates nothing. */
const LOWEST_HINT = 0x50000000;
const HINT_END = 0x80000000;

let threadArena: Arena | undefined;

/**
 * The memory that the kernel and JavaScript share: packet slots, message tables, poll sets. One anonymous mapping with
 * views made once.
 *
 * Choice: pages are reserved, not populated; {@link allocate} zeroes what it hands out, which brings in its pages. So
 * an arena may be generous and the data path still meets no page fault. It is never unmapped: a view on unmapped
 * memory would crash the process. What ports give back is handed out again.
 */
export class Arena {
  /** All of it, as octets. Every packet of the arena has this very array as its `bytes`. */
  readonly bytes: Uint8Array;
  /** All of it, as unsigned words in host order. */
  readonly words: Uint32Array;
  /** All of it, as unsigned half-words in host order. */
  readonly halfWords: Uint16Array;
  /** Address of the first octet. */
  readonly baseAddress: number;
  /** Offset of 256 octets for the arguments of rare calls; their content lasts until the next such call. */
  readonly scratch: number;
  #next = 0;
  readonly #released = new Map<number, number[]>();

  /** Manages `buffer`, which the kernel sees at `baseAddress` (a multiple of the page size). For tests and addons. */
  constructor(buffer: ArrayBuffer, baseAddress: number) {
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.halfWords = new Uint16Array(buffer);
    this.baseAddress = baseAddress;
    this.scratch = this.allocate(256);
  }

  /** Maps a new arena of `size` octets, a multiple of 4,096. @throws NetioError E_NETIO_NO_MEMORY, E_NETIO_UNSUPPORTED_PLATFORM */
  static map(size: number = ARENA_BYTES, system: SystemCalls = loadSystemCalls()): Arena {
    const summed = mapSummedMemory(size, (octets, fd) => mapLow(octets, MAP_SHARED, fd, system), system);
    if (summed !== undefined) return new Arena(summed.buffer, summed.address);
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    let address = mapLow(size, flags, -1, system);
    if (address === -1) address = system.mmap(0, size, PROT_READ_WRITE, flags, -1, 0);
    if (address === -1) throw systemError(system.errno(), 'arena', `map ${size} octets`);
    return new Arena(system.view(address, size), address);
  }

  /** The calling thread's own arena of {@link ARENA_BYTES}, made at the first call: what ports use by default. */
  static forThread(): Arena {
    return (threadArena ??= Arena.map());
  }

  /**
   * Offset of `size` zeroed octets at a multiple of `alignment` (a power of two). Not for the data path.
   * @throws NetioError E_NETIO_NO_MEMORY
   */
  allocate(size: number, alignment = 64): number {
    const free = this.#released.get(size);
    const reuse = free?.findIndex((offset) => offset % alignment === 0) ?? -1;
    const offset = reuse >= 0 ? free!.splice(reuse, 1)[0]! : Math.ceil(this.#next / alignment) * alignment;
    if (reuse < 0) {
      if (offset + size > this.bytes.length) {
        const left = Math.max(0, this.bytes.length - offset);
        const fact = `${size} octets asked for, ${left} of ${this.bytes.length} left; map a larger one`;
        throw new NetioError('E_NETIO_NO_MEMORY', 'arena', fact);
      }
      this.#next = offset + size;
    }
    this.bytes.fill(0, offset, offset + size);
    return offset;
  }

  /** Takes back what `allocate(size)` returned; the next allocation of that size gets it. */
  release(offset: number, size: number): void {
    const free = this.#released.get(size);
    if (free === undefined) this.#released.set(size, [offset]);
    else free.push(offset);
  }

  /** Address of the octet at `offset`, as system calls take it. */
  address(offset: number): number {
    return this.baseAddress + offset;
  }

  /** Writes the address of `offset` as a 64-bit pointer at `at`, a multiple of 4. */
  writePointer(at: number, offset: number): void {
    const address = this.baseAddress + offset;
    this.words[at >>> 2] = address;
    this.words[(at >>> 2) + 1] = address / 0x100000000;
  }
}

/** Maps memory below 2 GiB and returns its address; -1 if there is no room. */
function mapLow(size: number, flags: number, fd: number, system: SystemCalls): number {
  let address = -1;
  for (let hint = LOWEST_HINT; address === -1 && hint + size <= HINT_END; hint += size) {
    // NOREPLACE fails where something is mapped already, such as another worker's arena.
    address = system.mmap(hint, size, PROT_READ_WRITE, flags | MAP_FIXED_NOREPLACE, fd, 0);
  }
  return address;
}
