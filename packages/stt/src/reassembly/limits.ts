/** Limits of a reassembly store, and the memory that follows from them. */
import { CELL_LENGTH, CellMemory } from './cells.js';
import type { ReassemblyOptions } from './shapes.js';

/** Octets charged for a segment beside its payload, so that tiny segments can't dodge the marks. */
export const SEGMENT_CHARGE = 128;
/** Octets charged that are never exceeded, by default. */
export const HIGH_MARK = 4 << 20;

/** Cells that always suffice below this mark. */
export function cellsWithin(highMark: number): number {
  return Math.floor(highMark / CELL_LENGTH);
}

/** Octets of memory for frame buffers and cells. */
export function memoryLengthFor({ highMark = HIGH_MARK, deliveries = 1 }: ReassemblyOptions = {}): number {
  return CellMemory.lengthFor(1 + deliveries, cellsWithin(highMark));
}

/** @throws RangeError naming one of `limits` that is no positive integer */
export function requirePositive(limits: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(limits)) {
    if (!(Number.isInteger(value) && value >= 1)) {
      throw new RangeError(`${name} must be a positive integer, got ${value}`);
    }
  }
}

/** @throws RangeError if memory is given, and too short */
export function requireMemory(options: ReassemblyOptions): void {
  const length = options.frameMemory?.length ?? Infinity;
  const needed = memoryLengthFor(options);
  if (length < needed) throw new RangeError(`frameMemory has ${length} octets, the store takes ${needed}`);
}
