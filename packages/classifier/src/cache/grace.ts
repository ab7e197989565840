/** Times that are told apart within the time an answer may be stale. */
const STEPS = 16;
/** Marks that are kept, a power of two above `STEPS` and one. */
const RING = 32;

/**
 * For how long megaflows that were not checked since a change may still answer. It keeps when changes were made, as marks: the
 * time of the first change of a short while, and its number. So it takes the same memory however many changes there are,
 * and an answer may be refused a sixteenth of the time early.
 */
export class Grace {
  readonly #maxStaleMs: number;
  readonly #timesMs = new Float64Array(RING);
  readonly #changes = new Int32Array(RING);
  #first = 0;
  #count = 0;
  /** Megaflows of this generation or later may answer. */
  #oldest = 0;
  #latestMs = -Infinity;

  /** Answers may be wrong for so long after a change. */
  constructor(maxStaleMs: number) {
    this.#maxStaleMs = maxStaleMs;
  }

  /** Notes that changes come after `generation`. To be called before they are made. */
  noteChanges(generation: number, nowMs: number): void {
    this.#advance(generation, nowMs);
    const last = (this.#first + this.#count - 1) % RING;
    if (this.#count > 0 && nowMs - this.#timesMs[last]! < this.#maxStaleMs / STEPS) return;
    const next = (this.#first + this.#count++) % RING;
    this.#timesMs[next] = nowMs;
    this.#changes[next] = generation + 1;
  }

  /** Whether a megaflow last checked at `checked` may answer, when there have been `generation` changes. */
  allows(checked: number, generation: number, nowMs: number): boolean {
    this.#advance(generation, nowMs);
    return checked >= this.#oldest && checked <= generation;
  }

  /** Nothing that was checked before `generation` may answer. */
  end(generation: number): void {
    this.#count = 0;
    this.#oldest = generation;
  }

  #advance(generation: number, nowMs: number): void {
    // A clock that was set back says nothing of how long ago a change was.
    if (nowMs < this.#latestMs) this.end(generation);
    this.#latestMs = nowMs;
    while (this.#count > 0 && nowMs - this.#timesMs[this.#first]! > this.#maxStaleMs) {
      this.#first = (this.#first + 1) % RING;
      this.#count--;
      this.#oldest = this.#count > 0 ? this.#changes[this.#first]! - 1 : generation;
    }
  }
}
