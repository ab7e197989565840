/**
 * All mappings of a lookup server, in memory. Records are octets in slabs, one slab for each number of locators, so a
 * million mappings are some hundred objects to the garbage collector, and an answer is one copy.
 *
 * Versions only grow: a change that is not newer than what is known is ignored, so events may come twice or late. A deleted
 * mapping leaves a tombstone with the version of the deletion, until nobody can hold a younger copy of it.
 */
import { read32, write32 } from '@overlane/wire';
import type { HashSeed } from './half-sip-hash.js';
import { KEY_BLOCK_LENGTH, KeyIndex, NO_RECORD } from './key-index.js';
import { RecordSlab } from './record-slab.js';
import { ANSWER_FIELD, ANSWER_LENGTH, LOCATOR_LENGTH, STATE, TAIL_LENGTH, readUint64, writeUint64 } from './record.js';

/** What a table is made for. */
export interface MappingTableOptions {
  /** Key of the hash: two random words. */
  readonly seed: HashSeed;
  /** Most mappings and tombstones together. Default 4,194,304. */
  readonly maxMappings?: number;
}

/** What became of a change. */
export type Applied = 'applied' | 'old' | 'full';

const CLASSES = 9;
const CLASS_SHIFT = 27;
const INDEX_MASK = (1 << CLASS_SHIFT) - 1;
const MAX_MAPPINGS = 4_194_304;
const NOT_FOUND = 1;
const { COUNT, VERSION, CODE } = ANSWER_FIELD;

/** The table. A record is a number that stays good until the next change of its key. */
export class MappingTable {
  readonly #slabs = Array.from({ length: CLASSES }, (_, n) => new RecordSlab(lengthOf(n) + TAIL_LENGTH));
  readonly #index: KeyIndex;
  readonly #maxMappings: number;
  #live = 0;
  #tombstones = 0;
  #sweepIndex = 0;

  /** An empty table. */
  constructor({ seed, maxMappings = MAX_MAPPINGS }: MappingTableOptions) {
    this.#index = new KeyIndex(this, seed);
    this.#maxMappings = maxMappings;
  }

  /** Mappings. */
  get size(): number {
    return this.#live;
  }

  /** Tombstones. */
  get tombstones(): number {
    return this.#tombstones;
  }

  /** Octets of records and index. */
  get octets(): number {
    return this.#slabs.reduce((sum, { octets }) => sum + octets, this.#index.octets);
  }

  /** The record, of a mapping or of a tombstone, for the key block at `bytes[offset..]`; or `NO_RECORD`. */
  find(bytes: Uint8Array, offset: number): number {
    return this.#index.find(bytes, offset);
  }

  /** The array that holds `record`. */
  chunkOf(record: number): Uint8Array {
    return this.#slabs[record >>> CLASS_SHIFT]!.chunkOf(record & INDEX_MASK);
  }

  /** Where the Answer of `record` begins in its array. */
  offsetOf(record: number): number {
    return this.#slabs[record >>> CLASS_SHIFT]!.offsetOf(record & INDEX_MASK);
  }

  /** Octets of the Answer of `record`. */
  answerLength(record: number): number {
    return lengthOf(record >>> CLASS_SHIFT);
  }

  /** True unless `record` is a tombstone. */
  isLive(record: number): boolean {
    return this.#stateOf(record) === STATE.LIVE;
  }

  /** Revision that wrote or deleted the key. */
  versionOf(record: number): number {
    return readUint64(this.chunkOf(record), this.offsetOf(record) + VERSION);
  }

  /** Host that may change the mapping; 0 for a tombstone. */
  ownerOf(record: number): number {
    return readUint64(this.chunkOf(record), this.#tailOf(record));
  }

  /**
   * Takes a mapping. `answer[offset..]` is its Answer as the store keeps it, with the owner where the version belongs, and
   * well formed (`checkValue`). Ignored unless `version` is newer than what is known of the key.
   */
  put(answer: Uint8Array, offset: number, version: number): Applied {
    const found = this.#index.find(answer, offset);
    if (found !== NO_RECORD && version <= this.versionOf(found)) return 'old';
    const kind = answer[offset + COUNT]!;
    const record = this.#room(found, kind);
    if (record === NO_RECORD) return 'full';
    const chunk = this.chunkOf(record);
    const at = this.offsetOf(record);
    const length = lengthOf(kind);
    copy(answer, offset, chunk, at, length);
    const tail = at + length;
    copy(answer, offset + VERSION, chunk, tail, 8);
    write32(chunk, tail + 8, 0);
    write32(chunk, tail + 12, STATE.LIVE << 24);
    writeUint64(chunk, at + VERSION, version);
    this.#live++;
    this.#settle(found, record);
    return 'applied';
  }

  /**
   * Takes a deletion of the key block at `bytes[offset..]`, and holds it until `holdUntilS`, in seconds. Ignored unless
   * `version` is newer than what is known; an unknown key gets a tombstone too, against older news of it.
   */
  remove(bytes: Uint8Array, offset: number, version: number, holdUntilS: number): Applied {
    const found = this.#index.find(bytes, offset);
    if (found !== NO_RECORD && version <= this.versionOf(found)) return 'old';
    const record = this.#room(found, 0);
    if (record === NO_RECORD) return 'full';
    const chunk = this.chunkOf(record);
    const at = this.offsetOf(record);
    // `bytes` may be the record itself, which is overwritten here.
    copy(bytes, offset, chunk, at, KEY_BLOCK_LENGTH);
    chunk[at + 5] = chunk[at + 6] = chunk[at + 7] = 0;
    chunk.fill(0, at + KEY_BLOCK_LENGTH, at + ANSWER_LENGTH + TAIL_LENGTH);
    writeUint64(chunk, at + VERSION, version);
    chunk[at + CODE] = NOT_FOUND;
    write32(chunk, at + ANSWER_LENGTH + 8, holdUntilS);
    chunk[at + ANSWER_LENGTH + 12] = STATE.TOMBSTONE;
    this.#tombstones++;
    this.#settle(found, record);
    return 'applied';
  }

  /** Says that scan number `scan` (1..255) has met this record. */
  mark(record: number, scan: number): void {
    this.chunkOf(record)[this.#tailOf(record) + 13] = scan;
  }

  /** Number of the scan that last met this record since it was written. */
  markOf(record: number): number {
    return this.chunkOf(record)[this.#tailOf(record) + 13]!;
  }

  /** Forgets everything: what follows is another history. */
  clear(): void {
    for (let n = 0; n < CLASSES; n++) this.#slabs[n] = new RecordSlab(lengthOf(n) + TAIL_LENGTH);
    this.#index.clear();
    this.#live = this.#tombstones = this.#sweepIndex = 0;
  }

  /** Each record that is in use, mappings and tombstones. The one just given may be changed before the next is asked for. O(n). */
  *records(): IterableIterator<number> {
    for (let n = 0; n < CLASSES; n++) {
      // Records that are added meanwhile are new, and need no visit.
      const extent = this.#slabs[n]!.extent;
      for (let index = 0; index < extent; index++) {
        const record = (n << CLASS_SHIFT) | index;
        if (this.#stateOf(record) !== STATE.FREE) yield record;
      }
    }
  }

  /** Looks at up to `budget` places and frees tombstones whose time is over; the next call goes on from there. */
  sweep(nowS: number, budget: number): number {
    let freed = 0;
    for (let i = 0; i < budget; i++) {
      // Tombstones have no locators, so they are all in the first slab.
      if (this.#sweepIndex >= this.#slabs[0]!.extent) {
        this.#sweepIndex = 0;
        break;
      }
      const record = this.#sweepIndex++;
      if (this.#stateOf(record) !== STATE.TOMBSTONE) continue;
      if (read32(this.chunkOf(record), this.#tailOf(record) + 8) > nowS) continue;
      this.#index.remove(record);
      this.#release(record);
      freed++;
    }
    return freed;
  }

  /** The record of `found` if it has room for `n` locators, else a fresh one; `NO_RECORD` if the table is full. */
  #room(found: number, n: number): number {
    if (found !== NO_RECORD && found >>> CLASS_SHIFT === n) {
      if (this.isLive(found)) this.#live--;
      else this.#tombstones--;
      return found;
    }
    if (found === NO_RECORD && this.#index.size >= this.#maxMappings) return NO_RECORD;
    return (n << CLASS_SHIFT) | this.#slabs[n]!.allocate();
  }

  /** Lets the index lead to `record`, which may be another than `found`. */
  #settle(found: number, record: number): void {
    if (found === NO_RECORD) this.#index.add(record);
    else if (found !== record) {
      this.#index.replace(found, record);
      this.#release(found);
    }
  }

  #release(record: number): void {
    if (this.isLive(record)) this.#live--;
    else this.#tombstones--;
    this.chunkOf(record)[this.#tailOf(record) + 12] = STATE.FREE;
    this.#slabs[record >>> CLASS_SHIFT]!.free(record & INDEX_MASK);
  }

  #stateOf(record: number): number {
    return this.chunkOf(record)[this.#tailOf(record) + 12]!;
  }

  #tailOf(record: number): number {
    return this.offsetOf(record) + lengthOf(record >>> CLASS_SHIFT);
  }
}

function lengthOf(locators: number): number {
  return ANSWER_LENGTH + LOCATOR_LENGTH * locators;
}

/** A loop, because `set` on a `subarray` costs an object, and these are short. */
function copy(from: Uint8Array, offset: number, to: Uint8Array, at: number, length: number): void {
  for (let i = 0; i < length; i++) to[at + i] = from[offset + i]!;
}
