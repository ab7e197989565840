import type { Schema } from '../schema/schema.js';
import { type HashRegions, MASK as REGION_MASK } from './hash-regions.js';
import type { PrefixFilter } from './prefix-filter.js';
import { PRIORITY, SEQ, beats } from './rule-record.js';
import type { TupleLadder } from './tuple-ladder.js';

/** Of a gate: no rule of the tuple wins over this priority and number, as {@link PRIORITY} and {@link SEQ} of records; */
export const BOUND_PRIORITY = 0;
export const BOUND_SEQ = 1;
/** the pairs of the first segment (see `PrefixFilter`); the tuple. */
export const GATE_NEEDS = 2;
export const GATE_TUPLE = 3;
export const GATE_LENGTH = 4;

/** Of a tuple: its rules. */
export const COUNT = 0;
/** End of the tuple. */
export const END = 1;
/** 0 if the bound is exact, else what has been saved up for finding it again. */
const DEBT = 2;
/** Where the segments begin. */
export const SEGMENTS = 3;

/** Of a segment: the end of its words, the end of its tries (and of itself), the region with hashes up to here. */
export const WORDS_END = 0;
export const TRIES_END = 1;
export const REGION = 2;
/** Pairs of address and length, of which a key that lacks one matches no rule here. */
export const NEEDS = 5;
export const SEGMENT_HEADER = 6;
/** Slots that each change of a tuple pays towards looking through all of them. */
const SLOTS_PER_CHANGE = 16;
/** Bound of the gate behind the last one. */
const NOBODY = -2;

/**
 * The tuples of a space, in one array, and a gate for each in another, in the order of the search: the tuple first that may
 * hold the best rule. Most tuples are passed by at their gates. A tuple is a mask, and the rules that are hashed by it. It
 * has a segment for each stage in which it has bits:
 *
 *     count end debt | segment...
 *     segment: words-end tries-end region(3) needs | (word bits)* | (trie nibbles)*
 *
 * The region of the last segment maps hashes to chains of rules, those of the others count hashes of the words so far.
 */
export class TupleList {
  /** The tuples. Replaced when it grows. */
  data = new Int32Array(128);
  /** The gates, the best bound first, and one behind them with a bound below all others, no needs. Replaced when it grows. */
  gates = new Int32Array(8 * GATE_LENGTH).fill(NOBODY, 0, 1);
  /** Number of tuples. */
  count = 0;
  readonly #regions: HashRegions;
  readonly #filter: PrefixFilter;
  readonly #free = new Map<number, number[]>();
  #end = 1;

  /** No tuples yet; their hash tables will be in `regions`. */
  constructor(regions: HashRegions, filter: PrefixFilter) {
    this.#regions = regions;
    this.#filter = filter;
  }

  /** Octets of the tuples. */
  get octets(): number {
    return this.data.byteLength + this.gates.byteLength;
  }

  /** The tuple with the mask that `ladder` found, 0 if there is none. */
  find(ladder: TupleLadder): number {
    for (let i = 0; i < this.count; i++) if (this.#hasMask(this.at(i), ladder)) return this.at(i);
    return 0;
  }

  /** The tuple at a place of the order. */
  at(place: number): number {
    return this.gates[place * GATE_LENGTH + GATE_TUPLE]!;
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
      program.push(0, 0, 0, 0, 0, 0);
      const firstWord = words[i] ?? 0;
      for (; i < length && schema.stageOf(words[i]!) === stage; i++) program.push(words[i]!, bits[i]!);
      program[start + WORDS_END] = program.length;
      const lastWord = i === 0 ? 0 : words[i - 1]!;
      for (const [word, trie, nibbles] of prefixes) {
        if (word < firstWord || word > lastWord) continue;
        program.push(trie, nibbles);
        program[start + NEEDS]! |= this.#filter.acquire(trie, nibbles);
      }
      program[start + TRIES_END] = program.length;
      if (length === 0) break;
    }
    const tuple = this.#allocate(SEGMENTS + program.length);
    const { data } = this;
    const first = tuple + SEGMENTS;
    data.set([0, first + program.length, 0], tuple);
    data.set(program, first);
    for (let at = first; at < data[tuple + END]!; at = data[at + TRIES_END]!) {
      data[at + WORDS_END]! += first;
      data[at + TRIES_END]! += first;
      this.#regions.create(data, at + REGION);
    }
    const gate = this.count++ * GATE_LENGTH;
    if (gate + GATE_LENGTH === this.gates.length) this.gates = grown(this.gates, this.gates.length);
    this.gates.set([-1, 0, data[first + NEEDS]!, tuple, NOBODY, 0, 0, 0], gate);
    return tuple;
  }

  /** Removes a tuple without rules. */
  destroy(tuple: number): void {
    const { data } = this;
    const end = data[tuple + END]!;
    for (let at = tuple + SEGMENTS; at < end; at = data[at + TRIES_END]!) {
      this.#regions.destroy(data, at + REGION);
      this.#filter.release(data[at + NEEDS]!);
    }
    const gate = this.#gateOf(tuple);
    this.gates.copyWithin(gate, gate + GATE_LENGTH, (this.count-- + 1) * GATE_LENGTH);
    const free = this.#free.get(end - tuple);
    if (free === undefined) this.#free.set(end - tuple, [tuple]);
    else free.push(tuple);
  }

  /** Notes that a rule came. */
  noteInsert(tuple: number, arena: Int32Array, record: number): void {
    const { data, gates } = this;
    const gate = this.#gateOf(tuple);
    data[tuple + COUNT]!++;
    const priority = arena[record + PRIORITY]!;
    const bound = gates[gate]!;
    if (priority > bound || (priority === bound && arena[record + SEQ]! < gates[gate + BOUND_SEQ]!)) {
      this.#setBound(gate, priority, arena[record + SEQ]!);
    } else if (data[tuple + DEBT] !== 0) this.#pay(gate, arena);
  }

  /** Notes that a rule went. A tuple without rules must be destroyed then. */
  noteRemove(tuple: number, arena: Int32Array, record: number): void {
    const { data, gates } = this;
    if (--data[tuple + COUNT]! === 0) return;
    const gate = this.#gateOf(tuple);
    const wasBest = gates[gate] === arena[record + PRIORITY] && gates[gate + BOUND_SEQ] === arena[record + SEQ];
    if (wasBest || data[tuple + DEBT] !== 0) this.#pay(gate, arena);
  }

  /** Finds the bounds of all tuples anew. */
  refreshAll(arena: Int32Array): void {
    const tuples = Array.from({ length: this.count }, (_, place) => this.at(place));
    for (const tuple of tuples) this.#refresh(this.#gateOf(tuple), arena);
  }

  /** The segment that leads to the chains. */
  lastSegment(tuple: number): number {
    const { data } = this;
    let at = tuple + SEGMENTS;
    while (data[at + TRIES_END] !== data[tuple + END]) at = data[at + TRIES_END]!;
    return at;
  }

  /** A bound that no rule reaches any more costs time, not correctness: it is found anew when enough changes paid for it. */
  #pay(gate: number, arena: Int32Array): void {
    const { data } = this;
    const tuple = this.gates[gate + GATE_TUPLE]!;
    data[tuple + DEBT]! += SLOTS_PER_CHANGE;
    if (data[tuple + DEBT]! > data[this.lastSegment(tuple) + REGION + REGION_MASK]!) this.#refresh(gate, arena);
  }

  #refresh(gate: number, arena: Int32Array): void {
    const { slots } = this.#regions;
    const region = this.lastSegment(this.gates[gate + GATE_TUPLE]!) + REGION;
    const offset = this.data[region]!;
    let best = 0;
    for (let slot = offset + 2 * this.data[region + REGION_MASK]!; slot >= offset; slot -= 2) {
      const head = slots[slot + 1]!;
      if (head !== 0 && (best === 0 || beats(arena, head, best))) best = head;
    }
    this.#setBound(gate, arena[best + PRIORITY]!, arena[best + SEQ]!);
  }

  /** Gives a gate its bound, and moves it to its place. */
  #setBound(gate: number, priority: number, seq: number): void {
    const { gates, count } = this;
    const needs = gates[gate + GATE_NEEDS]!;
    const tuple = gates[gate + GATE_TUPLE]!;
    this.data[tuple + DEBT] = 0;
    let place = gate;
    while (place > 0 && compareBound(gates, place - GATE_LENGTH, priority, seq) < 0) {
      gates.copyWithin(place, place - GATE_LENGTH, place);
      place -= GATE_LENGTH;
    }
    while (place + GATE_LENGTH < count * GATE_LENGTH && compareBound(gates, place + GATE_LENGTH, priority, seq) > 0) {
      gates.copyWithin(place, place + GATE_LENGTH, place + 2 * GATE_LENGTH);
      place += GATE_LENGTH;
    }
    gates[place + BOUND_PRIORITY] = priority;
    gates[place + BOUND_SEQ] = seq;
    gates[place + GATE_NEEDS] = needs;
    gates[place + GATE_TUPLE] = tuple;
  }

  #gateOf(tuple: number): number {
    let gate = 0;
    while (this.gates[gate + GATE_TUPLE] !== tuple) gate += GATE_LENGTH;
    return gate;
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

/** Above 0 if a gate comes before a bound, below 0 if it comes after. */
function compareBound(gates: Int32Array, gate: number, priority: number, seq: number): number {
  return gates[gate]! - priority || seq - gates[gate + BOUND_SEQ]!;
}

/** A copy with room for `needed` and as much again. */
function grown(array: Int32Array, needed: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * needed);
  larger.set(array);
  return larger;
}
