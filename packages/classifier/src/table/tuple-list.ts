import type { Schema } from '../schema/schema.js';
import { type HashRegions, MASK as REGION_MASK } from './hash-regions.js';
import { PRIORITY, SEQ, beats } from './rule-record.js';
import type { TupleLadder } from './tuple-ladder.js';

/** No rule of a tuple wins over this bound, a priority and a number; as {@link PRIORITY} and {@link SEQ} of records. */
export const BOUND_PRIORITY = 0;
export const BOUND_SEQ = 1;
/** Rules of the tuple. */
export const COUNT = 2;
/** End of the tuple. */
export const END = 3;
/** 0 if the bound is exact, else what has been saved up for finding it again. */
const DEBT = 4;
/** Where the segments begin. */
export const SEGMENTS = 5;

/** Of a segment: the end of its words, the end of its tries (and of itself), the region with hashes up to here. */
export const WORDS_END = 0;
export const TRIES_END = 1;
export const REGION = 2;
export const SEGMENT_HEADER = 5;
/** Slots that each change of a tuple pays towards looking through all of them. */
const SLOTS_PER_CHANGE = 16;

/**
 * The tuples of a space, in one array, and their order: the one that may hold the best rule first. A tuple is a mask, and
 * the rules that are hashed by it. It has a segment for each stage in which it has bits:
 *
 *     bound-priority bound-seq count end debt | segment...
 *     segment: words-end tries-end region(3) | (word bits)* | (trie nibbles)*
 *
 * The region of the last segment maps hashes to chains of rules, those of the others count hashes of the words so far.
 */
export class TupleList {
  /** The tuples. Replaced when it grows. */
  data = new Int32Array(128);
  /** Offsets of the tuples, the best bound first. Replaced when it grows. */
  order = new Int32Array(8);
  count = 0;
  readonly #regions: HashRegions;
  readonly #free = new Map<number, number[]>();
  #end = 1;

  /** No tuples yet; their hash tables will be in `regions`. */
  constructor(regions: HashRegions) {
    this.#regions = regions;
  }

  /** Octets of the tuples. */
  get octets(): number {
    return this.data.byteLength + this.order.byteLength;
  }

  /** The tuple with the mask that `ladder` found, 0 if there is none. */
  find(ladder: TupleLadder): number {
    for (let i = 0; i < this.count; i++) if (this.#hasMask(this.order[i]!, ladder)) return this.order[i]!;
    return 0;
  }

  /** Makes a tuple with that mask, at the end of the order. `prefixes` are pairs of trie and nibbles, by first word. */
  create(
    ladder: TupleLadder,
    schema: Schema,
    prefixes: readonly (readonly [word: number, trie: number, nibbles: number])[],
  ): number {
    const { words, bits, length } = ladder;
    const program: number[] = [];
    for (let i = 0; i < length || i === 0;) {
      const stage = length === 0 ? 0 : schema.stageOf(words[i]!);
      const start = program.length;
      program.push(0, 0, 0, 0, 0);
      const firstWord = words[i] ?? 0;
      for (; i < length && schema.stageOf(words[i]!) === stage; i++) program.push(words[i]!, bits[i]!);
      program[start + WORDS_END] = program.length;
      const lastWord = i === 0 ? 0 : words[i - 1]!;
      for (const [word, trie, nibbles] of prefixes) {
        if (word >= firstWord && word <= lastWord) program.push(trie, nibbles);
      }
      program[start + TRIES_END] = program.length;
      if (length === 0) break;
    }
    const tuple = this.#allocate(SEGMENTS + program.length);
    const { data } = this;
    const first = tuple + SEGMENTS;
    data.set([-1, 0, 0, first + program.length, 0], tuple);
    data.set(program, first);
    for (let at = first; at < data[tuple + END]!; at = data[at + TRIES_END]!) {
      data[at + WORDS_END]! += first;
      data[at + TRIES_END]! += first;
      this.#regions.create(data, at + REGION);
    }
    if (this.count === this.order.length) this.order = grown(this.order, this.count + 1);
    this.order[this.count++] = tuple;
    return tuple;
  }

  /** Removes a tuple without rules. */
  destroy(tuple: number): void {
    const { data } = this;
    const end = data[tuple + END]!;
    for (let at = tuple + SEGMENTS; at < end; at = data[at + TRIES_END]!) this.#regions.destroy(data, at + REGION);
    const place = this.#placeOf(tuple);
    this.order.copyWithin(place, place + 1, this.count--);
    const free = this.#free.get(end - tuple);
    if (free === undefined) this.#free.set(end - tuple, [tuple]);
    else free.push(tuple);
  }

  /** Notes that a rule came. */
  noteInsert(tuple: number, arena: Int32Array, record: number): void {
    const { data } = this;
    data[tuple + COUNT]!++;
    const priority = arena[record + PRIORITY]!;
    const bound = data[tuple]!;
    if (priority > bound || (priority === bound && arena[record + SEQ]! < data[tuple + BOUND_SEQ]!)) {
      this.#setBound(tuple, priority, arena[record + SEQ]!);
    } else if (data[tuple + DEBT] !== 0) this.#pay(tuple, arena);
  }

  /** Notes that a rule went. A tuple without rules must be destroyed then. */
  noteRemove(tuple: number, arena: Int32Array, record: number): void {
    const { data } = this;
    if (--data[tuple + COUNT]! === 0) return;
    const wasBest = data[tuple] === arena[record + PRIORITY] && data[tuple + BOUND_SEQ] === arena[record + SEQ];
    if (wasBest || data[tuple + DEBT] !== 0) this.#pay(tuple, arena);
  }

  /** Finds the bounds of all tuples anew. */
  refreshAll(arena: Int32Array): void {
    for (const tuple of this.order.slice(0, this.count)) this.#refresh(tuple, arena);
  }

  /** The segment that leads to the chains. */
  lastSegment(tuple: number): number {
    const { data } = this;
    let at = tuple + SEGMENTS;
    while (data[at + TRIES_END] !== data[tuple + END]) at = data[at + TRIES_END]!;
    return at;
  }

  /** A bound that no rule reaches any more costs time, not correctness: it is found anew when enough changes paid for it. */
  #pay(tuple: number, arena: Int32Array): void {
    const { data } = this;
    data[tuple + DEBT]! += SLOTS_PER_CHANGE;
    if (data[tuple + DEBT]! > data[this.lastSegment(tuple) + REGION + REGION_MASK]!) this.#refresh(tuple, arena);
  }

  #refresh(tuple: number, arena: Int32Array): void {
    const { slots } = this.#regions;
    const region = this.lastSegment(tuple) + REGION;
    const offset = this.data[region]!;
    let best = 0;
    for (let slot = offset + 2 * this.data[region + REGION_MASK]!; slot >= offset; slot -= 2) {
      const head = slots[slot + 1]!;
      if (head !== 0 && (best === 0 || beats(arena, head, best))) best = head;
    }
    this.#setBound(tuple, arena[best + PRIORITY]!, arena[best + SEQ]!);
  }

  #setBound(tuple: number, priority: number, seq: number): void {
    const { data, order } = this;
    data[tuple + BOUND_PRIORITY] = priority;
    data[tuple + BOUND_SEQ] = seq;
    data[tuple + DEBT] = 0;
    let place = this.#placeOf(tuple);
    for (; place > 0 && this.#isBefore(tuple, order[place - 1]!); place--) order[place] = order[place - 1]!;
    for (; place + 1 < this.count && this.#isBefore(order[place + 1]!, tuple); place++)
      order[place] = order[place + 1]!;
    order[place] = tuple;
  }

  #isBefore(a: number, b: number): boolean {
    const { data } = this;
    const difference = data[a]! - data[b]!;
    return difference > 0 || (difference === 0 && data[a + BOUND_SEQ]! < data[b + BOUND_SEQ]!);
  }

  #placeOf(tuple: number): number {
    let place = 0;
    while (this.order[place] !== tuple) place++;
    return place;
  }

  #hasMask(tuple: number, { words, bits, length }: TupleLadder): boolean {
    const { data } = this;
    let i = 0;
    for (let at = tuple + SEGMENTS; at < data[tuple + END]!; at = data[at + TRIES_END]!) {
      for (let word = at + SEGMENT_HEADER; word < data[at + WORDS_END]!; word += 2, i++) {
        if (i === length || data[word] !== words[i] || data[word + 1] !== bits[i]) return false;
      }
    }
    return i === length;
  }

  #allocate(length: number): number {
    const free = this.#free.get(length)?.pop();
    if (free !== undefined) return free;
    const tuple = this.#end;
    this.#end += length;
    if (this.#end > this.data.length) this.data = grown(this.data, this.#end);
    return tuple;
  }
}

/** A copy with room for `needed` and as much again. */
function grown(array: Int32Array, needed: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * needed);
  larger.set(array);
  return larger;
}
