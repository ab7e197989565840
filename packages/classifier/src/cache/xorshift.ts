/** Numbers that look random and are the same for the same seed (Marsaglia's xorshift, 13/17/5). Not for secrets. */
export class Xorshift {
  #state: number;

  /** Starts anew; any 32-bit integer will do. */
  constructor(seed: number) {
    this.#state = Math.imul(seed ^ 0x6c07_8965, 0x9e37_79b1) | 0 || 1;
    for (let i = 0; i < 4; i++) this.next();
  }

  /** The next number, any signed 32-bit integer but 0. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x;
  }
}
