/**
 * The memory of a reassembly store: frame buffers and a heap of equal cells, in one array.
 *
 *     | headroom | frame buffer 0 | headroom | frame buffer 1 | ... | cell 0 | cell 1 | ...
 *
 * A stored segment is a chain of cells. The first twelve octets of the first cell are its record: offset and length
 * within the frame, and the two links of the tree that finds it again; octets of payload fill the rest. The chain itself
 * stands outside, in `next`, so that cells which are neighbours in memory hold one run of payload: one native copy.
 *
 * No fragmentation: any free cell serves any segment. The free list is spliced as a whole when a frame is done, and
 * forgotten whenever the heap is empty, which restores the order in memory and with it the long runs.
 */
import { PacketBuffer } from '@overlane/wire';
import { copyInto } from '../octet-copy.js';

/** Octets of a cell. Choice: 112; a segment of n octets then takes less than the n + 128 that it is charged. */
export const CELL_LENGTH = 112;
/** Octets of a segment's record in its first cell. */
export const RECORD_LENGTH = 12;
/** Free octets in front of each frame buffer, for the headers that somebody may want to prepend. */
export const HEADROOM = 128;
/** Octets of a frame buffer: any STT frame fits. */
const FRAME_BUFFER_LENGTH = 0x1_0000;
const STRIDE = HEADROOM + FRAME_BUFFER_LENGTH;
const CELL_WORDS = CELL_LENGTH / 4;
const CELL_HALVES = CELL_LENGTH / 2;
const NONE = -1;

/** Cells that a segment of `length` octets takes, at most `(length + 123) / 112`. */
export function cellsFor(length: number): number {
  return Math.ceil((length + RECORD_LENGTH) / CELL_LENGTH);
}

/** Frame buffers and cells. Cells are named by their index; -1 is none. */
export class CellMemory {
  /** Everything. */
  readonly bytes: Uint8Array;
  /** Octets of memory held, for good. */
  readonly byteLength: number;
  /** Cells in use. */
  used = 0;
  /** The cells alone. */
  readonly #words: Int32Array;
  readonly #halves: Uint16Array;
  readonly #next: Int32Array<ArrayBuffer>;
  /** Where frame buffer 0 is, with its headroom. */
  readonly #start: number;
  /** Where cell 0 is. */
  readonly #heap: number;
  #free = NONE;
  /** Cells from here on have never been in use since the heap was last empty. */
  #fresh = 0;

  /** Memory for so many frame buffers and cells: `memory`, of at least `lengthFor` octets, or new. */
  constructor(frameBuffers: number, cells: number, memory?: PacketBuffer) {
    const length = CellMemory.lengthFor(frameBuffers, cells);
    const { bytes, start } = memory ?? new PacketBuffer(new Uint8Array(length));
    // Cells are looked at in words.
    this.#start = ((bytes.byteOffset + start + 3) & ~3) - bytes.byteOffset;
    this.#heap = this.#start + frameBuffers * STRIDE;
    this.bytes = bytes;
    this.#words = new Int32Array(bytes.buffer, bytes.byteOffset + this.#heap, cells * CELL_WORDS);
    this.#halves = new Uint16Array(bytes.buffer, bytes.byteOffset + this.#heap, cells * CELL_HALVES);
    this.#next = new Int32Array(cells);
    this.byteLength = length + this.#next.byteLength;
  }

  /** Octets of memory for so many frame buffers and cells. */
  static lengthFor(frameBuffers: number, cells: number): number {
    return frameBuffers * STRIDE + cells * CELL_LENGTH + 3;
  }

  /** Offset in `bytes` of a frame buffer. */
  frameStart(buffer: number): number {
    return this.#start + buffer * STRIDE + HEADROOM;
  }

  /** Takes a chain of `count` cells, linked from the first to `tail`, and returns the first. There must be enough. */
  allocate(count: number, tail: number): number {
    const first = this.#take();
    let last = first;
    for (let i = 1; i < count; i++) {
      const cell = this.#take();
      this.#next[last] = cell;
      last = cell;
    }
    this.#next[last] = tail;
    this.used += count;
    return first;
  }

  /** Gives back the `count` cells of the chain `first`..`last`, if any. Constant time. */
  release(first: number, last: number, count: number): void {
    if (count === 0) return;
    this.used -= count;
    if (this.used === 0) {
      this.#free = NONE;
      this.#fresh = 0;
    } else {
      this.#next[last] = this.#free;
      this.#free = first;
    }
  }

  #take(): number {
    const cell = this.#free;
    if (cell === NONE) return this.#fresh++;
    this.#free = this.#next[cell]!;
    return cell;
  }

  /** The cell behind `cell` in its chain, or -1. */
  next(cell: number): number {
    return this.#next[cell]!;
  }

  /** Puts the chain that starts at `other` behind `cell`. */
  link(cell: number, other: number): void {
    this.#next[cell] = other;
  }

  /** The cell that is `steps` further on in its chain. */
  skip(cell: number, steps: number): number {
    let at = cell;
    for (let i = 0; i < steps; i++) at = this.#next[at]!;
    return at;
  }

  /** Writes the record of a segment that starts in `cell`; its tree links are none. */
  writeRecord(cell: number, offset: number, length: number): void {
    this.#halves[cell * CELL_HALVES] = offset;
    this.#halves[cell * CELL_HALVES + 1] = length;
    this.#words[cell * CELL_WORDS + 1] = NONE;
    this.#words[cell * CELL_WORDS + 2] = NONE;
  }

  /** Offset of the segment within its frame. */
  offsetOf(cell: number): number {
    return this.#halves[cell * CELL_HALVES]!;
  }

  /** Octets of the segment. */
  lengthOf(cell: number): number {
    return this.#halves[cell * CELL_HALVES + 1]!;
  }

  /** Left (0) or right (1) child of the segment's record in the tree, or -1. */
  child(cell: number, side: number): number {
    return this.#words[cell * CELL_WORDS + 1 + side]!;
  }

  /** Sets the left (0) or right (1) child. */
  setChild(cell: number, side: number, child: number): void {
    this.#words[cell * CELL_WORDS + 1 + side] = child;
  }

  /** Copies `bytes[start..end)` into the cells of the segment that starts in `cell`. */
  write(cell: number, bytes: Uint8Array, start: number, end: number): void {
    let run = cell;
    for (let from = start; from < end;) {
      const at = this.#runStart(run, run === cell);
      const last = this.#lastOfRun(run, at, end - from);
      const length = Math.min(end - from, this.#cellEnd(last) - at);
      copyInto(this.bytes, at, bytes, from, from + length);
      from += length;
      run = this.#next[last]!;
    }
  }

  /** Copies the payload of the segment that starts in `cell` to `this.bytes[to..]`. */
  read(cell: number, to: number): void {
    let run = cell;
    for (let left = this.lengthOf(cell); left > 0;) {
      const at = this.#runStart(run, run === cell);
      const last = this.#lastOfRun(run, at, left);
      const length = Math.min(left, this.#cellEnd(last) - at);
      copyInto(this.bytes, to + this.lengthOf(cell) - left, this.bytes, at, at + length);
      left -= length;
      run = this.#next[last]!;
    }
  }

  /** True if the segment that starts in `cell` holds just the octets `bytes[start..start + its length)`. */
  equals(cell: number, bytes: Uint8Array, start: number): boolean {
    let run = cell;
    const end = start + this.lengthOf(cell);
    for (let from = start; from < end; run = this.#next[run]!) {
      const at = this.#runStart(run, run === cell);
      const length = Math.min(end - from, this.#cellEnd(run) - at);
      if (!equalOctets(this.bytes, at, bytes, from, length)) return false;
      from += length;
    }
    return true;
  }

  #runStart(cell: number, isFirst: boolean): number {
    return this.#heap + cell * CELL_LENGTH + (isFirst ? RECORD_LENGTH : 0);
  }

  #cellEnd(cell: number): number {
    return this.#heap + (cell + 1) * CELL_LENGTH;
  }

  /** The last of the cells that are neighbours in memory from `cell` on and that `length` octets from `at` need. */
  #lastOfRun(cell: number, at: number, length: number): number {
    let last = cell;
    while (this.#cellEnd(last) - at < length && this.#next[last] === last + 1) last++;
    return last;
  }
}

/** True if `a[at..at + length)` and `b[start..start + length)` are equal. */
export function equalOctets(a: Uint8Array, at: number, b: Uint8Array, start: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (a[at + i] !== b[start + i]) return false;
  return true;
}
