/** Numbers that look random and are the same for the same seed (PCG's output function over a 32-bit state). */
export class SeededRandom {
  #state: number;

  /** A sequence of its own for each seed. */
  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** 32 bits, as a signed integer. */
  readonly word = (): number => {
    this.#state = (Math.imul(this.#state, 747_796_405) + 2_891_336_453) | 0;
    const state = this.#state;
    const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277_803_737);
    return (word >>> 22) ^ word;
  };

  /** An integer in 0..limit-1. */
  below(limit: number): number {
    return Math.floor(((this.word() >>> 0) / 2 ** 32) * limit);
  }

  /** True with probability `chance`. */
  chance(chance: number): boolean {
    return (this.word() >>> 0) / 2 ** 32 < chance;
  }
}
