import type { Match } from '../match/match.js';
import type { HashRegions } from './hash-regions.js';
import type { PrefixTrie } from './prefix-trie.js';
import { PRIORITY, SEQ, matchesRecord, matchesRecordTracked } from './rule-record.js';
import type { RuleSpace, SpaceContext, SpaceStats } from './rule-space.js';
import { TupleChains, mixed } from './tuple-chains.js';
import { BOUND_SEQ, END, REGION, SEGMENTS, SEGMENT_HEADER, TRIES_END, type TupleList } from './tuple-list.js';

const GOLDEN = 0x9e37_79b1;

/** Many rules: tuple space search (Srinivasan et al. 1999) over merged tuples. */
export class TupleSpace implements RuleSpace {
  size = 0;
  readonly #context: SpaceContext;
  readonly #chains: TupleChains;
  readonly #regions: HashRegions;
  readonly #tuples: TupleList;
  readonly #tries: readonly PrefixTrie[];
  /** Of each trie in this lookup: what `walk` said; a depth of -1 if it did not walk yet. */
  readonly #found: Int32Array;
  readonly #depth: Int32Array;

  /** A space without rules. All will fix the bits of `known`, which are looked at elsewhere. */
  constructor(context: SpaceContext, known: Int32Array) {
    this.#context = context;
    this.#chains = new TupleChains(context, known);
    this.#regions = this.#chains.regions;
    this.#tuples = this.#chains.tuples;
    this.#tries = this.#chains.tries;
    // At most one per address and family.
    this.#found = new Int32Array(2 * context.schema.fields.length);
    this.#depth = new Int32Array(2 * context.schema.fields.length);
  }

  insert(record: number, match: Match): void {
    this.size++;
    this.#chains.insert(record, match);
  }

  remove(record: number, match: Match): void {
    this.size--;
    this.#chains.remove(record, match);
  }

  lookup(key: Int32Array, best: number): number {
    const { store, hashBits, seed } = this.#context;
    const { arena } = store;
    const { data, order, count } = this.#tuples;
    const { slots } = this.#regions;
    let winner = best;
    let bestPriority = best === 0 ? -1 : arena[best + PRIORITY]!;
    let bestSeq = best === 0 ? 0 : arena[best + SEQ]!;
    for (let i = 0; i < count; i++) {
      const tuple = order[i]!;
      const bound = data[tuple]!;
      if (bound < bestPriority || (bound === bestPriority && data[tuple + BOUND_SEQ]! > bestSeq)) break;
      const end = data[tuple + END]!;
      let hash = seed;
      let record = 0;
      let at = tuple + SEGMENTS;
      do {
        const wordsEnd = data[at]!;
        for (let word = at + SEGMENT_HEADER; word < wordsEnd; word += 2) {
          hash = Math.imul(hash ^ (key[data[word]!]! & data[word + 1]!), GOLDEN);
          hash ^= hash >>> 15;
        }
        const offset = data[at + 2]!;
        const mask = data[at + 3]!;
        const wanted = hash & hashBits;
        let index = wanted & mask;
        record = slots[offset + 2 * index + 1]!;
        while (record !== 0 && slots[offset + 2 * index] !== wanted) {
          index = (index + 1) & mask;
          record = slots[offset + 2 * index + 1]!;
        }
        at = data[at + TRIES_END]!;
      } while (record !== 0 && at < end);
      for (; record !== 0; record = arena[record]!) {
        const priority = arena[record + PRIORITY]!;
        if (priority < bestPriority || (priority === bestPriority && arena[record + SEQ]! > bestSeq)) break;
        if (!matchesRecord(arena, record, key)) continue;
        winner = record;
        bestPriority = priority;
        bestSeq = arena[record + SEQ]!;
        break;
      }
    }
    return winner;
  }

  lookupTracked(key: Int32Array, best: number, consulted: Int32Array): number {
    const { store, hashBits, seed, proofs } = this.#context;
    const { arena } = store;
    const { data, order, count } = this.#tuples;
    const { slots } = this.#regions;
    let winner = best;
    let bestPriority = best === 0 ? -1 : arena[best + PRIORITY]!;
    let bestSeq = best === 0 ? 0 : arena[best + SEQ]!;
    for (let trie = 0; trie < this.#tries.length; trie++) this.#depth[trie] = -1;
    for (let i = 0; i < count; i++) {
      const tuple = order[i]!;
      const bound = data[tuple]!;
      if (bound < bestPriority || (bound === bestPriority && data[tuple + BOUND_SEQ]! > bestSeq)) break;
      const end = data[tuple + END]!;
      let hash = seed;
      let record = 0;
      let at = tuple + SEGMENTS;
      do {
        const wordsEnd = data[at]!;
        const segmentEnd = data[at + TRIES_END]!;
        if (wordsEnd < segmentEnd && this.#isRuledOut(wordsEnd, segmentEnd, key, consulted)) {
          record = 0;
          break;
        }
        for (let word = at + SEGMENT_HEADER; word < wordsEnd; word += 2) {
          hash = Math.imul(hash ^ (key[data[word]!]! & data[word + 1]!), GOLDEN);
          hash ^= hash >>> 15;
        }
        const offset = data[at + 2]!;
        const mask = data[at + 3]!;
        const wanted = hash & hashBits;
        let index = wanted & mask;
        record = slots[offset + 2 * index + 1]!;
        while (record !== 0 && slots[offset + 2 * index] !== wanted) {
          index = (index + 1) & mask;
          record = slots[offset + 2 * index + 1]!;
        }
        at = segmentEnd;
        if (record === 0 || at === end) this.#consult(tuple, segmentEnd, consulted);
      } while (record !== 0 && at < end);
      for (; record !== 0; record = arena[record]!) {
        const priority = arena[record + PRIORITY]!;
        if (priority < bestPriority || (priority === bestPriority && arena[record + SEQ]! > bestSeq)) break;
        if (!matchesRecordTracked(arena, record, key, consulted, proofs)) continue;
        winner = record;
        bestPriority = priority;
        bestSeq = arena[record + SEQ]!;
        break;
      }
    }
    return winner;
  }

  find(priority: number, match: Match): number {
    return this.#chains.find(priority, match);
  }

  forEach(visit: (record: number) => void): void {
    this.#chains.forEachChain((head) => {
      for (let record = head; record !== 0; record = this.#context.store.arena[record]!) visit(record);
    });
  }

  forEachMatch(key: Int32Array, visit: (record: number) => void): void {
    const { store, hashBits, seed } = this.#context;
    const { data, order, count } = this.#tuples;
    for (let i = 0; i < count; i++) {
      const tuple = order[i]!;
      let hash = seed;
      for (let at = tuple + SEGMENTS; at < data[tuple + END]!; at = data[at + TRIES_END]!) {
        for (let word = at + SEGMENT_HEADER; word < data[at]!; word += 2) {
          hash = mixed(hash, key[data[word]!]! & data[word + 1]!);
        }
      }
      let record = this.#regions.get(data, this.#tuples.lastSegment(tuple) + REGION, hash & hashBits);
      for (; record !== 0; record = store.arena[record]!) if (matchesRecord(store.arena, record, key)) visit(record);
    }
  }

  renumber(): void {
    this.#tuples.refreshAll(this.#context.store.arena);
  }

  addStats(stats: SpaceStats): void {
    const { arena } = this.#context.store;
    stats.tuples += this.#tuples.count;
    stats.octets += this.#regions.octets + this.#tuples.octets;
    for (const trie of this.#tries) stats.octets += trie.octets;
    this.#chains.forEachChain((head) => {
      let length = 0;
      for (let record = head; record !== 0; record = arena[record]!) length++;
      stats.longestChain = Math.max(stats.longestChain, length);
    });
  }

  /** Whether a trie says that no prefix of the tuple is on the key's path; consults what told. */
  #isRuledOut(from: number, end: number, key: Int32Array, consulted: Int32Array): boolean {
    const { data } = this.#tuples;
    let provingTrie = -1;
    let provingNibbles = 0;
    for (let at = from; at < end; at += 2) {
      const index = data[at]!;
      const nibbles = data[at + 1]!;
      const trie = this.#tries[index]!;
      if (this.#depth[index]! < 0) {
        trie.walk(key);
        this.#found[index] = trie.found;
        this.#depth[index] = trie.depth;
      }
      if ((this.#found[index]! & (1 << (nibbles - 1))) !== 0) continue;
      const needed = Math.min(nibbles, this.#depth[index]! + 1);
      if (trie.isConsulted(consulted, needed)) return true;
      if (provingTrie >= 0) continue;
      provingTrie = index;
      provingNibbles = needed;
    }
    if (provingTrie < 0) return false;
    this.#tries[provingTrie]!.consult(consulted, provingNibbles);
    return true;
  }

  /** Consults the words of a tuple as far as the segment that ends at `end`. */
  #consult(tuple: number, end: number, consulted: Int32Array): void {
    const { data } = this.#tuples;
    for (let at = tuple + SEGMENTS; at < end; at = data[at + TRIES_END]!) {
      const wordsEnd = data[at]!;
      for (let word = at + SEGMENT_HEADER; word < wordsEnd; word += 2) consulted[data[word]!]! |= data[word + 1]!;
    }
  }
}
