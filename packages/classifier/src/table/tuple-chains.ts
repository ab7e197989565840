import type { Match } from '../match/match.js';
import { HashRegions, MASK, OFFSET } from './hash-regions.js';
import { PrefixFilter } from './prefix-filter.js';
import { recordSays } from './rule-identity.js';
import { LEVEL, NEXT, TUPLE, beats } from './rule-record.js';
import type { SpaceContext } from './rule-space.js';
import { TupleLadder } from './tuple-ladder.js';
import { COUNT, END, REGION, SEGMENTS, SEGMENT_HEADER, TRIES_END, TupleList, WORDS_END } from './tuple-list.js';

const GOLDEN = 0x9e37_79b1;

/** Which tuple and which chain each rule of a space is in. */
export class TupleChains {
  readonly regions = new HashRegions();
  readonly filter = new PrefixFilter();
  readonly tuples = new TupleList(this.regions, this.filter);
  readonly #context: SpaceContext;
  /** Bits that all rules fix alike, and that were looked at before. */
  readonly #known: Int32Array;
  readonly #ladder: TupleLadder;

  /** No rules. */
  constructor(context: SpaceContext, known: Int32Array) {
    this.#context = context;
    this.#known = known;
    this.#ladder = new TupleLadder(context.schema);
  }

  /** Puts a rule in. */
  insert(record: number, match: Match): void {
    this.#place(record, match, 0);
  }

  /** The record with that priority and an equal match, 0 if there is none. */
  find(priority: number, match: Match): number {
    const { store } = this.#context;
    for (let step = 0; step >= 0; step = this.#ladder.stepAfter(match, this.#known, step)) {
      this.#ladder.reduce(match, this.#known, step);
      const tuple = this.tuples.find(this.#ladder);
      for (let record = tuple === 0 ? 0 : this.#headOf(tuple); record !== 0; record = store.arena[record]!) {
        if (recordSays(store, record, priority, match)) return record;
      }
    }
    return 0;
  }

  /** Calls `visit` with the first rule of each chain. */
  forEachChain(visit: (head: number) => void): void {
    const { data, count } = this.tuples;
    const { slots } = this.regions;
    for (let i = 0; i < count; i++) {
      const region = this.tuples.lastSegment(this.tuples.at(i)) + REGION;
      const first = data[region + OFFSET]!;
      for (let slot = first; slot <= first + 2 * data[region + MASK]!; slot += 2) {
        if (slots[slot + 1] !== 0) visit(slots[slot + 1]!);
      }
    }
  }

  /** Puts a rule in the tuple of the first step, from `from` on, that has room. */
  #place(record: number, match: Match, from: number): void {
    for (let step = from; ;) {
      this.#ladder.reduce(match, this.#known, step);
      const tuple = this.tuples.find(this.#ladder);
      const head = tuple === 0 ? 0 : this.#headOf(tuple);
      const next = this.#isLong(head) ? this.#ladder.stepAfter(match, this.#known, step) : -1;
      if (next < 0) {
        this.#ladder.reduce(match, this.#known, step);
        this.#link(record, match, step, tuple === 0 ? this.#create() : tuple);
        return;
      }
      this.#climb(head);
      step = next;
    }
  }

  #isLong(head: number): boolean {
    const { store, chainMax } = this.#context;
    let length = 0;
    for (let record = head; record !== 0 && length < chainMax; record = store.arena[record]!) length++;
    return length === chainMax;
  }

  /** Moves the first rules of a chain up the ladder, those that can. */
  #climb(head: number): void {
    const { store, chainMax } = this.#context;
    const records: number[] = [];
    for (let record = head; record !== 0 && records.length < chainMax; record = store.arena[record]!)
      records.push(record);
    for (const record of records) {
      const match = store.matchOf(record);
      const next = this.#ladder.stepAfter(match, this.#known, store.arena[record + LEVEL]!);
      if (next < 0) continue;
      this.remove(record, match);
      this.#place(record, match, next);
    }
  }

  #create(): number {
    const ladder = this.#ladder;
    const prefixes = ladder.families.flatMap((family) => {
      const nibbles = ladder.nibblesOf(family);
      return nibbles === 0 ? [] : [[family.first, this.filter.trieOf(family.first, family.words), nibbles] as const];
    });
    return this.tuples.create(ladder, this.#context.schema, prefixes);
  }

  /** The chain of the tuple that a rule with the ladder's values belongs to. */
  #headOf(tuple: number): number {
    const { values, length } = this.#ladder;
    let hash = this.#context.seed;
    for (let i = 0; i < length; i++) hash = mixed(hash, values[i]!);
    const region = this.tuples.lastSegment(tuple) + REGION;
    return this.regions.get(this.tuples.data, region, hash & this.#context.hashBits);
  }

  /** Adds a rule, with the values that the ladder found on that step, to a tuple. */
  #link(record: number, match: Match, step: number, tuple: number): void {
    const { store, hashBits, seed } = this.#context;
    const { arena } = store;
    const { data } = this.tuples;
    const regions = this.regions;
    arena[record + TUPLE] = tuple;
    arena[record + LEVEL] = step;
    let hash = seed;
    let i = 0;
    for (let at = tuple + SEGMENTS, end = data[tuple + END]!; at < end;) {
      const wordsEnd = data[at + WORDS_END]!;
      const segmentEnd = data[at + TRIES_END]!;
      for (let word = at + SEGMENT_HEADER; word < wordsEnd; word += 2) hash = mixed(hash, this.#ladder.values[i++]!);
      const kept = regions.get(data, at + REGION, hash & hashBits);
      if (segmentEnd < end) regions.set(data, at + REGION, hash & hashBits, kept + 1);
      else if (kept === 0 || beats(arena, record, kept)) {
        arena[record + NEXT] = kept;
        regions.set(data, at + REGION, hash & hashBits, record);
      } else {
        let before = kept;
        while (arena[before] !== 0 && beats(arena, arena[before]!, record)) before = arena[before]!;
        arena[record + NEXT] = arena[before]!;
        arena[before + NEXT] = record;
      }
      for (let trie = wordsEnd; trie < segmentEnd; trie += 2)
        this.filter.add(data[trie]!, match.value, data[trie + 1]!);
      at = segmentEnd;
    }
    this.tuples.noteInsert(tuple, arena, record);
  }

  /** Takes a rule out. */
  remove(record: number, match: Match): void {
    const { store, hashBits, seed } = this.#context;
    const { arena } = store;
    const { data } = this.tuples;
    const regions = this.regions;
    const tuple = arena[record + TUPLE]!;
    this.#ladder.reduce(match, this.#known, arena[record + LEVEL]!);
    let hash = seed;
    let i = 0;
    for (let at = tuple + SEGMENTS, end = data[tuple + END]!; at < end;) {
      const wordsEnd = data[at + WORDS_END]!;
      const segmentEnd = data[at + TRIES_END]!;
      for (let word = at + SEGMENT_HEADER; word < wordsEnd; word += 2) hash = mixed(hash, this.#ladder.values[i++]!);
      const kept = regions.get(data, at + REGION, hash & hashBits);
      let left = kept - 1;
      if (segmentEnd === end) {
        left = kept === record ? arena[record]! : kept;
        let before = kept;
        while (left === kept && arena[before] !== record) before = arena[before]!;
        if (left === kept) arena[before + NEXT] = arena[record]!;
      }
      if (left === 0) regions.delete(data, at + REGION, hash & hashBits);
      else regions.set(data, at + REGION, hash & hashBits, left);
      for (let trie = wordsEnd; trie < segmentEnd; trie += 2) {
        this.filter.remove(data[trie]!, match.value, data[trie + 1]!);
      }
      at = segmentEnd;
    }
    this.tuples.noteRemove(tuple, arena, record);
    if (data[tuple + COUNT] === 0) this.tuples.destroy(tuple);
  }
}

/** A hash after one more word: multiply-xorshift. The lookups have it inline. */
export function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, GOLDEN);
  return product ^ (product >>> 15);
}
