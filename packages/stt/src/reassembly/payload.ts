import type { PacketBuffer } from '@overlane/wire';
import { copyInto } from '../octet-copy.js';
import { CellMemory, cellsFor, equalOctets } from './cells.js';
import { type ContextTable, FIELD } from './contexts.js';
import { findSegment, insertSegment } from './segment-tree.js';

/** The lane is taken from an owner that has got none of the last so many stored segments. */
const LANE_PATIENCE = 32;
/** Names of runs start anew behind this one. */
const RUN_MAX = 0x3fff_ffff;
const NONE = -1;

/**
 * Where the segments of all frames lie. One frame at a time owns the *lane*, a frame buffer: its payload is written
 * where it will be delivered from. Of its segments only the records are in cells, one cell each, and not even those while
 * they come in order and in equal pieces: such a *run* is two numbers. All other frames have records and payload in cells,
 * and are put together in the other frame buffer when they are complete.
 */
export class PayloadStore {
  readonly #cells: CellMemory;
  readonly #contexts: ContextTable;
  /** The context that owns the lane, or -1. */
  owner = NONE;
  /** Octets of the owner's run, which starts at offset 0; -1 once it has ended, and all segments have records. */
  runEnd = 0;
  /** Octets of each piece of the run. */
  runPiece = 0;
  /** The frame buffer that is the lane. The others hold the frames delivered last, in a ring. */
  #lane = 0;
  readonly #ring: number[];
  /** Place in the ring of the frame that was delivered first. */
  #oldest = 0;
  /** Segments stored since the start, and what it was when the owner got its last one. */
  #stored = 0;
  #ownerStored = 0;
  /** Owners of the lane since the start, modulo `RUN_MAX`. */
  #owners = 0;

  /** A store of `cells` cells for the frames in `contexts`, which keeps the last `deliveries` delivered frames. Memory as `CellMemory`. */
  constructor(contexts: ContextTable, cells: number, deliveries: number, memory: PacketBuffer | undefined) {
    this.#contexts = contexts;
    this.#cells = new CellMemory(1 + deliveries, cells, memory);
    this.#ring = Array.from({ length: deliveries }, (_, i) => 1 + i);
  }

  /** The array that frames are delivered in. */
  get bytes(): Uint8Array {
    return this.#cells.bytes;
  }

  /** Octets of memory held, for good. */
  get byteLength(): number {
    return this.#cells.byteLength;
  }

  /** Gives the lane to a new, empty context if it is free or its owner has lost its claim. */
  open(context: number): void {
    if (this.owner !== NONE) {
      if (this.#stored - this.#ownerStored < LANE_PATIENCE) return;
      this.#leaveLane();
    }
    this.owner = context;
    this.#ownerStored = this.#stored;
    this.#owners = (this.#owners % RUN_MAX) + 1;
    this.runEnd = 0;
  }

  /** A name for the owner's run, never 0 and no other frame's; 0 if {@link extend} can't go on with it. */
  get run(): number {
    return this.owner !== NONE && this.runEnd > 0 && this.runEnd % this.runPiece === 0 ? this.#owners : 0;
  }

  /** Stores `bytes[start..end)`, the next piece of the run, which is not the last of its frame, if the run is below `limit`. */
  extend(bytes: Uint8Array, start: number, end: number, limit: number): boolean {
    if (this.runEnd >= limit) return false;
    const cells = this.#cells;
    copyInto(cells.bytes, cells.frameStart(this.#lane) + this.runEnd, bytes, start, end);
    this.runEnd += end - start;
    return true;
  }

  /** Notes that `count` pieces were stored by {@link extend}. */
  noteExtended(count: number): void {
    this.#stored += count;
    this.#ownerStored = this.#stored;
  }

  /**
   * Stores the payload `bytes[start..end)` of a segment that overlaps no other, of a frame of `frameLength` octets. Cells
   * must suffice.
   */
  add(context: number, frameLength: number, offset: number, bytes: Uint8Array, start: number, end: number): void {
    const cells = this.#cells;
    const length = end - start;
    this.#stored++;
    if (context !== this.owner) {
      const count = cellsFor(length);
      cells.write(this.#insert(context, offset, length, count), bytes, start, end);
      return;
    }
    this.#ownerStored = this.#stored;
    copyInto(cells.bytes, cells.frameStart(this.#lane) + offset, bytes, start, end);
    if (offset === 0) this.runPiece = length;
    // The last piece may be shorter: the frame is then complete, and nobody will ask for records.
    const continues = offset === this.runEnd && (length === this.runPiece || offset + length === frameLength);
    if (continues) {
      this.runEnd += length;
    } else {
      this.#endRun();
      this.#insert(context, offset, length, 1);
    }
  }

  /** Gives the pieces of the run the records that they lack. */
  #endRun(): void {
    for (let offset = 0; offset < this.runEnd; offset += this.runPiece) {
      this.#insert(this.owner, offset, this.runPiece, 1);
    }
    this.runEnd = NONE;
  }

  /** Takes `count` cells for a segment, writes its record and returns its first cell. */
  #insert(context: number, offset: number, length: number, count: number): number {
    const cells = this.#cells;
    const contexts = this.#contexts;
    const cell = cells.allocate(count, NONE);
    cells.writeRecord(cell, offset, length);
    const last = contexts.get(context, FIELD.LAST_CELL);
    if (last === NONE) contexts.set(context, FIELD.FIRST_CELL, cell);
    else cells.link(last, cell);
    contexts.set(context, FIELD.LAST_CELL, cells.skip(cell, count - 1));
    contexts.add(context, FIELD.CELLS, count);
    contexts.set(context, FIELD.ROOT, insertSegment(cells, contexts.get(context, FIELD.ROOT), cell));
    return cell;
  }

  /** What rules S11 and S12 say about the segment `bytes[start..end)`. Looks at no more than 33 records. */
  compare(context: number, offset: number, bytes: Uint8Array, start: number, end: number): 'new' | 'same' | 'overlap' {
    const cells = this.#cells;
    const length = end - start;
    const laneAt = cells.frameStart(this.#lane) + offset;
    if (context === this.owner && this.runEnd > 0) {
      if (offset >= this.runEnd) return 'new';
      const isPiece = offset % this.runPiece === 0 && length === this.runPiece;
      return isPiece && equalOctets(cells.bytes, laneAt, bytes, start, length) ? 'same' : 'overlap';
    }
    // Stored segments don't overlap: if any reaches into the new one, the last that starts before its end does.
    const cell = findSegment(cells, this.#contexts.get(context, FIELD.ROOT), offset + length - 1);
    if (cell === NONE || cells.offsetOf(cell) + cells.lengthOf(cell) <= offset) return 'new';
    if (cells.offsetOf(cell) !== offset || cells.lengthOf(cell) !== length) return 'overlap';
    const isSame =
      context === this.owner
        ? equalOctets(cells.bytes, laneAt, bytes, start, length)
        : cells.equals(cell, bytes, start);
    return isSame ? 'same' : 'overlap';
  }

  /** Makes the complete frame of `context` one piece of `bytes`, and says where. Overwrites the oldest delivered one. */
  assemble(context: number): number {
    const cells = this.#cells;
    const buffer = this.#ring[this.#oldest]!;
    const isInLane = context === this.owner;
    if (isInLane) {
      // Delivered from where it is; the oldest frame's buffer becomes the lane.
      this.#ring[this.#oldest] = this.#lane;
      this.#lane = buffer;
    } else {
      this.#gather(context, cells.frameStart(buffer));
    }
    const start = cells.frameStart(this.#ring[this.#oldest]!);
    this.#oldest = (this.#oldest + 1) % this.#ring.length;
    return start;
  }

  /** Copies the frame from cells to `bytes[to..]`. */
  #gather(context: number, to: number): void {
    const cells = this.#cells;
    let cell = this.#contexts.get(context, FIELD.FIRST_CELL);
    while (cell !== NONE) {
      cells.read(cell, to + cells.offsetOf(cell));
      cell = cells.next(cells.skip(cell, cellsFor(cells.lengthOf(cell)) - 1));
    }
  }

  /** Frees what the context holds. Constant time. */
  release(context: number): void {
    const contexts = this.#contexts;
    if (context === this.owner) this.owner = NONE;
    this.#cells.release(
      contexts.get(context, FIELD.FIRST_CELL),
      contexts.get(context, FIELD.LAST_CELL),
      contexts.get(context, FIELD.CELLS),
    );
  }

  /** Moves the payload of the lane's owner to cells: behind each record's cell go the others that it needs. */
  #leaveLane(): void {
    const cells = this.#cells;
    const contexts = this.#contexts;
    const context = this.owner;
    this.#endRun();
    const from = cells.frameStart(this.#lane);
    let count = 0;
    let last = NONE;
    for (let cell = contexts.get(context, FIELD.FIRST_CELL); cell !== NONE; cell = cells.next(last)) {
      const length = cells.lengthOf(cell);
      const needed = cellsFor(length);
      if (needed > 1) cells.link(cell, cells.allocate(needed - 1, cells.next(cell)));
      const at = from + cells.offsetOf(cell);
      cells.write(cell, cells.bytes, at, at + length);
      last = cells.skip(cell, needed - 1);
      count += needed;
    }
    contexts.set(context, FIELD.LAST_CELL, last);
    contexts.set(context, FIELD.CELLS, count);
  }
}
