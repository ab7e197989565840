import { checksum } from '@overlane/wire';
import { MAP_FIXED, MAP_SHARED, MFD_CLOEXEC, PROT_READ_WRITE } from './linux.js';
import type { SystemCalls } from './sys.js';
import { createMemoryWithSum } from './word-sum.js';

/** WebAssembly's page. */
const PAGE = 65_536;

/** Memory that the kernel, JavaScript and WebAssembly share. */
export interface SummedMemory {
  /** The memory, as JavaScript has it. */
  readonly buffer: ArrayBuffer;
  /** Where the kernel finds it. */
  readonly address: number;
}

/**
 * Memory whose sums are done with vector instructions, of `size` octets or a little more; `undefined` where that can't be had.
 * `mapLow` maps so many octets of a descriptor where addresses are small.
 *
 * WebAssembly sums only its own memory, which V8 puts at addresses that are no small integers. So one file of memory is
 * mapped twice: over that memory, for code, and at a low address, for system calls.
 */
export function mapSummedMemory(
  size: number,
  mapLow: (size: number, fd: number) => number,
  system: SystemCalls,
): SummedMemory | undefined {
  const pages = Math.ceil(size / PAGE);
  const octets = pages * PAGE;
  const fd = system.memfdCreate('overlane', MFD_CLOEXEC);
  if (fd < 0) return undefined;
  try {
    if (system.ftruncate(fd, octets) < 0) return undefined;
    const memory = createMemoryWithSum(pages);
    if (memory === undefined) return undefined;
    const { buffer, wordSum } = memory;
    const address = mapLow(octets, fd);
    if (address === -1) return undefined;
    const high = system.addressOf(buffer);
    // What is mapped low when this fails stays reserved, and costs nothing.
    if (system.mmap(high, octets, PROT_READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) !== high) return undefined;
    checksum.assistSums(buffer, wordSum);
    return { buffer, address };
  } catch (error) {
    // No address space for the memory; V8 reserves gigabytes of it.
    if (error instanceof RangeError) return undefined;
    throw error;
  } finally {
    system.close(fd);
  }
}
