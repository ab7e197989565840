import type { Match } from '../match/match.js';
import type { HashRegions } from './hash-regions.js';
import type { PrefixFilter } from './prefix-filter.js';
import { matchesRecord, matchesRecordTracked } from './rule-record.js';
import type { RuleSpace, SpaceContext, SpaceStats } from './rule-space.js';
import { TupleChains, mixed } from './tuple-chains.js';
import { END, REGION, SEGMENTS, SEGMENT_HEADER, TRIES_END, type TupleList } from './tuple-list.js';

/** Many rules: tuple space search (Srinivasan et al. 1999) over merged tuples. */
export class TupleSpace implements RuleSpace {
  size = 0;
  readonly #context: SpaceContext;
  readonly #chains: TupleChains;
  readonly #regions: HashRegions;
  readonly #tuples: TupleList;
  readonly #filter: PrefixFilter;
  /** A space without rules. All will fix the bits of `known`, which are looked at elsewhere. */
  constructor(context: SpaceContext, known: Int32Array) {
    this.#context = context;
    this.#chains = new TupleChains(context, known);
    this.#regions = this.#chains.regions;
    this.#tuples = this.#chains.tuples;
    this.#filter = this.#chains.filter;
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
    const { data, gates } = this.#tuples;
    const { slots } = this.#regions;
    let winner = best;
    let bestPriority = best === 0 ? -1 : arena[best + 1]!;
    let bestSeq = best === 0 ? 0 : arena[best + 2]!;
    const absent = this.#filter.lacks(key);
    // Behind the last gate stands one that no key passes.
    for (let gate = 0; ; gate += 4) {
      if ((gates[gate + 2]! & absent) !== 0) continue;
      const bound = gates[gate]!;
      if (bound < bestPriority || (bound === bestPriority && gates[gate + 1]! > bestSeq)) break;
      const tuple = gates[gate + 3]!;
      const end = data[tuple + 1]!;
      let hash = seed;
      let record = 0;
      let at = tuple + 3;
      do {
        const wordsEnd = data[at]!;
        for (let word = at + 6; word < wordsEnd; word += 2) {
          hash = Math.imul(hash ^ (key[data[word]!]! & data[word + 1]!), 0x9e37_79b1);
          hash ^= hash >>> 15;
        }
        const offset = data[at + 2]!;
        const mask = data[at + 3]!;
        const wanted = hash & hashBits;
        let index = wanted >>> Math.clz32(mask);
        record = slots[offset + 2 * index + 1]!;
        while (record !== 0 && slots[offset + 2 * index] !== wanted) {
          index = (index + 1) & mask;
          record = slots[offset + 2 * index + 1]!;
        }
        at = data[at + 1]!;
      } while (record !== 0 && at < end);
      for (; record !== 0; record = arena[record]!) {
        const priority = arena[record + 1]!;
        if (priority < bestPriority || (priority === bestPriority && arena[record + 2]! > bestSeq)) break;
        if (!matchesRecord(arena, record, key)) continue;
        winner = record;
        bestPriority = priority;
        bestSeq = arena[record + 2]!;
        break;
      }
    }
    return winner;
  }

  lookupTracked(key: Int32Array, best: number, consulted: Int32Array): number {
    const { store, hashBits, seed, proofs } = this.#context;
    const { arena } = store;
    const { data, gates, count } = this.#tuples;
    const { slots } = this.#regions;
    let winner = best;
    let bestPriority = best === 0 ? -1 : arena[best + 1]!;
    let bestSeq = best === 0 ? 0 : arena[best + 2]!;
    const filter = this.#filter;
    let hasFound = false;
    let proven = 0;
    for (let gate = 0; gate < 4 * count; gate += 4) {
      const bound = gates[gate]!;
      if (bound < bestPriority || (bound === bestPriority && gates[gate + 1]! > bestSeq)) break;
      const firstNeeds = gates[gate + 2]!;
      if (firstNeeds !== 0) {
        if ((firstNeeds & proven) !== 0) continue;
        if (!hasFound) filter.find(key);
        hasFound = true;
        const lacking = firstNeeds & filter.absent;
        if (lacking !== 0) {
          proven |= filter.prove(lacking, consulted);
          continue;
        }
      }
      const tuple = gates[gate + 3]!;
      const end = data[tuple + 1]!;
      let hash = seed;
      let record = 0;
      let at = tuple + 3;
      do {
        const wordsEnd = data[at]!;
        const segmentEnd = data[at + 1]!;
        const needs = data[at + 5]!;
        if (needs !== 0) {
          if (!hasFound) filter.find(key);
          hasFound = true;
          const lacking = needs & filter.absent;
          if (lacking !== 0) {
            if ((lacking & proven) === 0) proven |= filter.prove(lacking, consulted);
            record = 0;
            break;
          }
        }
        for (let word = at + 6; word < wordsEnd; word += 2) {
          hash = Math.imul(hash ^ (key[data[word]!]! & data[word + 1]!), 0x9e37_79b1);
          hash ^= hash >>> 15;
        }
        const offset = data[at + 2]!;
        const mask = data[at + 3]!;
        const wanted = hash & hashBits;
        let index = wanted >>> Math.clz32(mask);
        record = slots[offset + 2 * index + 1]!;
        while (record !== 0 && slots[offset + 2 * index] !== wanted) {
          index = (index + 1) & mask;
          record = slots[offset + 2 * index + 1]!;
        }
        at = segmentEnd;
        if (record === 0 || at === end) this.#consult(tuple, segmentEnd, consulted);
      } while (record !== 0 && at < end);
      for (; record !== 0; record = arena[record]!) {
        const priority = arena[record + 1]!;
        if (priority < bestPriority || (priority === bestPriority && arena[record + 2]! > bestSeq)) break;
        if (!matchesRecordTracked(arena, record, key, consulted, proofs)) continue;
        winner = record;
        bestPriority = priority;
        bestSeq = arena[record + 2]!;
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
    const { data, count } = this.#tuples;
    for (let i = 0; i < count; i++) {
      const tuple = this.#tuples.at(i);
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
    stats.octets += this.#regions.octets + this.#tuples.octets + this.#filter.octets;
    this.#chains.forEachChain((head) => {
      let length = 0;
      for (let record = head; record !== 0; record = arena[record]!) length++;
      stats.longestChain = Math.max(stats.longestChain, length);
    });
  }

  /** Consults the words of a tuple as far as the segment that ends at `end`. */
  #consult(tuple: number, end: number, consulted: Int32Array): void {
    const { data } = this.#tuples;
    for (let at = tuple + 3; at < end; at = data[at + 1]!) {
      const wordsEnd = data[at]!;
      for (let word = at + 6; word < wordsEnd; word += 2) consulted[data[word]!]! |= data[word + 1]!;
    }
  }
}
