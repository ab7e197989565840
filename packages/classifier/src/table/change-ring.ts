import type { Match } from '../match/match.js';

/** Changed matches that are remembered. */
const CAPACITY = 1024;

/** The matches of the rules that were added or removed last, with the generations in which they were. */
export class ChangeRing {
  readonly #matches: Match[] = [];
  readonly #generations: number[] = [];
  /** Number of changes ever. */
  #count = 0;
  /** The last generation of which a change was forgotten. */
  #forgotten = 0;

  /** Notes a change. Generations must not fall. */
  add(match: Match, generation: number): void {
    const place = this.#count++ % CAPACITY;
    this.#forgotten = this.#generations[place] ?? 0;
    this.#matches[place] = match;
    this.#generations[place] = generation;
  }

  /** The matches that changed after `generation`, the latest first; `undefined` if some of them are forgotten. */
  since(generation: number): Match[] | undefined {
    if (generation < this.#forgotten) return undefined;
    const matches: Match[] = [];
    for (let n = this.#count - 1; n >= 0 && n >= this.#count - CAPACITY; n--) {
      if (this.#generations[n % CAPACITY]! <= generation) break;
      matches.push(this.#matches[n % CAPACITY]!);
    }
    return matches;
  }
}
