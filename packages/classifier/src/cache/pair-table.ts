/**
 * Numbers found by their hashes: a table with open addressing whose places are pairs (hash, number), so that a probe that
 * fails touches one cache line. At most half of the places are taken. Searching is left to the owner, who knows when two
 * things are equal: begin at `(hash >>> shift) << 1`, go on by 2 under `wrap`, end at a number below 0.
 */
export class PairTable {
  pairs = new Int32Array(16).fill(-1);
  /** The high bits of a hash say where to begin. */
  shift = 29;
  wrap = 15;
  #size = 0;

  /** Octets held. */
  get memory(): number {
    return 4 * this.pairs.length;
  }

  /**
   * Puts in a number that is not there; moves all to a table twice as large when half is taken. Returns how many places were
   * passed on the way.
   */
  add(hash: number, number: number): number {
    if (4 * ++this.#size > this.pairs.length) this.#grow();
    return this.#place(hash, number);
  }

  /** Takes out all. */
  clear(): void {
    this.pairs.fill(-1);
    this.#size = 0;
  }

  /** Takes out a number that is there. Later ones of its run move up, so that no search ends too early. */
  remove(hash: number, number: number): void {
    const { pairs, wrap, shift } = this;
    this.#size--;
    let gap = (hash >>> shift) << 1;
    while (pairs[gap + 1] !== number) gap = (gap + 2) & wrap;
    for (let at = (gap + 2) & wrap; pairs[at + 1]! >= 0; at = (at + 2) & wrap) {
      const home = (pairs[at]! >>> shift) << 1;
      if (((at - home) & wrap) < ((at - gap) & wrap)) continue;
      pairs[gap] = pairs[at]!;
      pairs[gap + 1] = pairs[at + 1]!;
      gap = at;
    }
    pairs[gap] = -1;
    pairs[gap + 1] = -1;
  }

  #place(hash: number, number: number): number {
    const home = (hash >>> this.shift) << 1;
    let at = home;
    while (this.pairs[at + 1]! >= 0) at = (at + 2) & this.wrap;
    this.pairs[at] = hash;
    this.pairs[at + 1] = number;
    return ((at - home) & this.wrap) >> 1;
  }

  #grow(): void {
    const old = this.pairs;
    this.pairs = new Int32Array(2 * old.length).fill(-1);
    this.wrap = this.pairs.length - 1;
    this.shift--;
    for (let at = 0; at < old.length; at += 2) if (old[at + 1]! >= 0) this.#place(old[at]!, old[at + 1]!);
  }
}
